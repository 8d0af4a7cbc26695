package main

import (
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
	r, err := relayToProve(c, chosen)
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
		target := r.target(host)
		target.Key = key
		if model := c.String("model"); model != "" {
			target = withModel(target, model)
		}
		out.Verify = append(out.Verify, p.probe(c, r, target, network, c.IsSet("timeout")))
	}
	return p.finishVerify(c, r, out)
}

// relayToProve says who should answer, as far as anybody said. A relay's order is known from its file alone: flags name
// those of its providers that are to be proved.
func relayToProve(c *cli.Context, chosen settings) (relay, error) {
	providers, err := recogniseProviders(chosen[keyProviders])
	if err != nil {
		return relay{}, err
	}
	r, err := relayTo(providers, chosen)
	r.asListed = c.IsSet("provider")
	return r, err
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
		p.tellReport(c, r, report)
	}
	switch {
	case ok:
		p.answer("verify.good")
	case !slices.ContainsFunc(out.Verify, func(r verify.Report) bool { return !reached(r) }):
		p.answer("verify.partly")
	case slices.ContainsFunc(out.Verify, reachedOne):
		p.answer("verify.some")
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

// proved wants more than that nothing failed: every provider must have answered as it should, for one that is down proves
// nothing.
func proved(report verify.Report) bool { return report.OK() && reached(report) }

// reached tells whether the relay leads to all of its providers and to nobody else's, whatever came of requests with a key.
func reached(report verify.Report) bool {
	return reachedOne(report) && !slices.ContainsFunc(report.Results, func(r verify.Result) bool {
		return (r.Probe == verify.ProbeProvider || r.Probe == verify.ProbeAccess) && r.Status != verify.Pass
	})
}

// reachedOne tells whether at least one provider is proved.
func reachedOne(report verify.Report) bool {
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
	if provider := r.providers[0]; len(r.chosen[keyProviders]) > 0 && provider.Chat.Path == "" {
		return "", usage("key-unsupported", "provider", provider.Name)
	}
	key := strings.TrimSpace(p.getenv(name))
	if key == "" {
		return "", usage("key-missing", "name", name)
	}
	return key, nil
}

// target says what should answer at a host: each of the relay's providers on its own path, the first one at the root. Where
// nobody chose a provider, the Worker itself is asked whom it serves.
func (r relay) target(host string) verify.Target {
	target := verify.Target{Host: host, Origin: r.Origin}
	if len(r.chosen[keyProviders]) == 0 {
		target.Known = append(upstreams(r.providers), upstreams(everyProvider())...)
		return target
	}
	target.Upstreams = upstreams(r.providers)
	if !r.asListed {
		target.Upstreams[0].Place = verify.PlaceRoot
	}
	return target
}

// deployed says what should answer at a host of a plan: just what was deployed, with the default provider if none was chosen.
func (r relay) deployed(host string, plan provision.Plan) verify.Target {
	target := verify.Target{Host: host, Build: plan.Build(), Origin: r.Origin, Upstreams: upstreams(r.providers)}
	target.Upstreams[0].Place = verify.PlaceRoot
	return target
}

// upstreams says by what providers are recognised.
func upstreams(providers []templates.Provider) []verify.Upstream {
	var all []verify.Upstream
	for _, p := range providers {
		all = append(all, verify.Upstream{
			ID: p.ID, Method: p.Probe.Method, Path: p.Probe.Path, Body: p.Probe.Body,
			Refused: signatures(slices.Concat(p.Refused.Keyless, p.Refused.BadKey)), Blocked: signatures(p.Blocked),
			Chat: p.Chat.Path, Model: p.Chat.Model, Auth: p.Auth,
		})
	}
	return all
}

func signatures(list []templates.Signature) []verify.Signature {
	var all []verify.Signature
	for _, s := range list {
		all = append(all, verify.Signature{Status: s.Status, Type: s.Type, JSON: s.JSON})
	}
	return all
}

// withModel puts another model in place of the one that is asked by default.
func withModel(target verify.Target, model string) verify.Target {
	for _, list := range [][]verify.Upstream{target.Upstreams, target.Known} {
		for i := range list {
			list[i].Model = model
		}
	}
	return target
}

// probe runs the probes for one host. wait says that what can settle is waited for.
func (p *program) probe(c *cli.Context, r relay, target verify.Target, network *network, wait bool) verify.Report {
	progress := p.progress()
	defer progress.Close()
	progress.Doing(p.text.T("doing.verify", "host", provision.DisplayName(target.Host)))
	return verify.Run(c.Context, target, network.to(target.Host), verify.Options{
		Timeout:  c.Duration("timeout"),
		Wait:     wait,
		Observer: progress.Verify(target.Host, r.nameOf),
	})
}

func (p *program) tellReport(c *cli.Context, r relay, report verify.Report) {
	fmt.Fprintln(p.stderr)
	p.answer("verify.title", "host", provision.DisplayName(report.Host))
	p.view.Report(p.stdout, report, r.nameOf, func(command string) string { return p.remedy(c, r, report, command) })
}

// remedy is a command line that a report advises. To verify, --provider names some of the providers, and where there is no
// file nothing does: who deploys then names all of them, as the Worker itself lists them, or the others would go.
func (p *program) remedy(c *cli.Context, r relay, report verify.Report, command string) string {
	// A managed relay lists nothing, so it is init that goes by what stands.
	if command == "deploy" && c.Command.Name == "verify" && r.accessUnsaid() && isManaged(report) {
		return p.commandLine(c, "init", report.Host) + " --access " + provision.AccessManaged
	}
	line := p.again(c, command, report.Host)
	if command == "deploy" && c.Command.Name == "verify" && (r.asListed || len(r.chosen[keyProviders]) == 0) {
		line += r.listedFlags(report)
	}
	return line
}

// isManaged tells whether a relay said that it wants tokens.
func isManaged(report verify.Report) bool {
	return slices.ContainsFunc(report.Results, func(r verify.Result) bool { return r.Details["access"] == provision.AccessManaged })
}

// listedFlags names the providers that the Worker lists; "" for the default one, and where the list is not known in full.
func (r relay) listedFlags(report verify.Report) string {
	var flags string
	for _, result := range report.Results {
		listed := result.Details["providers"]
		if result.Code != verify.CodeWorkerOurs || listed == defaultProvider || listed == "" || strings.HasSuffix(listed, "…") {
			continue
		}
		for id := range strings.SplitSeq(listed, ", ") {
			flags += " --provider " + r.specOf(id)
		}
	}
	return flags
}
