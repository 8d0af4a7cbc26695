package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/verify"
	"github.com/cfproxy/cfproxy/templates"
)

func (p *program) verifyCommand() *cli.Command {
	flags := append(p.settingFlags(keyDomains, keyProviders), p.verifyFlags()...)
	flags = append(flags, p.jsonFlag(),
		&cli.StringFlag{Name: "key-env", Usage: p.text.T("flag.key-env")},
		&cli.StringFlag{Name: "model", Usage: p.text.T("flag.model")})
	return &cli.Command{Name: "verify", Flags: flags, Action: p.verify}
}

// verify proves from outside that a relay works. It needs no token and asks nothing of the account.
func (p *program) verify(c *cli.Context) error {
	chosen, err := p.settings(c)
	if err != nil {
		return err
	}
	if chosen, err = p.askDomain(c.Context, chosen); err != nil {
		return err
	}
	r, err := p.relay(chosen)
	if err != nil {
		return err
	}
	key, err := p.key(c, r)
	if err != nil {
		return err
	}
	account, err := p.sandboxOnly(c)
	if err != nil {
		return err
	}
	network, err := p.network(c, account)
	if err != nil {
		return err
	}
	defer network.Close()
	out := result{}
	for _, host := range r.Domains {
		target := targetOf(r, host)
		target.Key, target.Model = key, cmp.Or(c.String("model"), target.Model)
		report := p.probe(c, r, target, network, c.IsSet("timeout"))
		if other, is := otherProvider(r, report); is {
			// Nobody said who should answer, and the Worker says that it is somebody else: ask again accordingly.
			r.providers = other
			target = targetOf(r, host)
			report = p.probe(c, r, target, network, false)
		}
		out.Verify = append(out.Verify, report)
	}
	return p.finishVerify(c, r, out)
}

// otherProvider gives the provider that the Worker itself names first, if none was chosen and it is one that we know.
func otherProvider(r relay, report verify.Report) ([]templates.Provider, bool) {
	if len(r.chosen[keyProviders]) > 0 {
		return nil, false
	}
	for _, result := range report.Results {
		first, _, _ := strings.Cut(result.Details["providers"], ",")
		if result.Code == verify.CodeWorkerOurs && first != "" && first != r.providers[0].ID {
			providers, err := providersByID([]string{first})
			return providers, err == nil
		}
	}
	return nil, false
}

func (p *program) finishVerify(c *cli.Context, r relay, out result) error {
	unproved := p.unproved(c, out.Verify)
	ok := unproved == nil
	out.OK = &ok
	if p.json {
		if err := p.writeJSON(out); err != nil {
			return err
		}
		return unproved
	}
	for _, report := range out.Verify {
		p.tellReport(c, report, r.providers[0].Name)
	}
	switch {
	case ok:
		p.answer("verify.good")
	case !slices.ContainsFunc(out.Verify, func(r verify.Report) bool { return !reached(r) }):
		p.answer("verify.partly")
	default:
		p.answer("verify.bad")
	}
	return unproved
}

// unproved is the end of a run of which some host is not proved to work, or that was interrupted; nil where all are.
func (p *program) unproved(c *cli.Context, reports []verify.Report) error {
	if c.Context.Err() != nil {
		p.note("error.interrupted")
		return silent(exitInterrupted)
	}
	if slices.ContainsFunc(reports, func(r verify.Report) bool { return !proved(r) }) {
		return silent(exitUnverified)
	}
	return nil
}

// proved wants more than that nothing failed: the provider must have answered as it should, for a provider that is down
// proves nothing.
func proved(report verify.Report) bool { return report.OK() && reached(report) }

// reached tells whether the provider was recognised, whatever came of requests with a key.
func reached(report verify.Report) bool {
	return slices.ContainsFunc(report.Results, func(r verify.Result) bool {
		return r.Probe == verify.ProbeProvider && r.Status == verify.Pass
	})
}

// key reads the provider's key from the variable that the user names. Its value goes nowhere but into the request.
func (p *program) key(c *cli.Context, r relay) (string, error) {
	name := c.String("key-env")
	if name == "" {
		return "", nil
	}
	if !regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`).MatchString(name) {
		return "", usage("key-env-invalid") // perhaps the key itself, so it is not repeated
	}
	if provider := r.providers[0]; provider.Chat.Path == "" {
		return "", usage("key-unsupported", "provider", provider.Name)
	}
	key := strings.TrimSpace(p.getenv(name))
	if key == "" {
		return "", usage("key-missing", "name", name)
	}
	return key, nil
}

// targetOf says what should answer at a host: the relay's first provider, at the root.
func targetOf(r relay, host string) verify.Target {
	provider := r.providers[0]
	return verify.Target{
		Host:    host,
		Method:  provider.Probe.Method,
		Path:    provider.Probe.Path,
		Body:    provider.Probe.Body,
		Refused: signatures(provider.Refused),
		Blocked: signatures(provider.Blocked),
		Chat:    provider.Chat.Path,
		Model:   provider.Chat.Model,
		Origin:  r.Origin,
	}
}

func signatures(list []templates.Signature) []verify.Signature {
	var all []verify.Signature
	for _, s := range list {
		all = append(all, verify.Signature(s))
	}
	return all
}

// probe runs the probes for one host. wait says that what can settle is waited for.
func (p *program) probe(c *cli.Context, r relay, target verify.Target, network *network, wait bool) verify.Report {
	progress := p.progress()
	defer progress.Close()
	progress.Doing(p.text.T("doing.verify", "host", provision.DisplayName(target.Host)))
	report := verify.Run(c.Context, target, network.to(target.Host), verify.Options{
		Timeout:  c.Duration("timeout"),
		Wait:     wait,
		Observer: progress.Verify(target.Host, r.providers[0].Name),
	})
	report.Curl = verify.CurlLine(target, network.curl...)
	return report
}

func (p *program) tellReport(c *cli.Context, report verify.Report, provider string) {
	fmt.Fprintln(p.stderr)
	p.answer("verify.title", "host", provision.DisplayName(report.Host))
	p.view.Report(p.stdout, report, provider, func(command string) string { return p.again(c, command, report.Host) })
}
