package main

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/verify"
	"github.com/cfproxy/cfproxy/templates"
)

func (p *program) verifyCommand() *cli.Command {
	flags := append(p.settingFlags(config.KeyDomains, config.KeyProviders), p.verifyFlags()...)
	flags = append(flags, p.jsonFlag(),
		&cli.StringFlag{Name: "key-env", Usage: p.text.T("flag.key-env")},
		&cli.StringFlag{Name: "model", Usage: p.text.T("flag.model")})
	return &cli.Command{Name: "verify", Flags: flags, Action: p.verify}
}

// verify proves from outside that relays work. It needs no token and asks nothing of the account.
func (p *program) verify(c *cli.Context) error {
	chosen, err := p.loadSettings(c)
	if err != nil {
		return err
	}
	if chosen[0], err = p.askDomain(c.Context, chosen[0]); err != nil {
		return err
	}
	f, err := p.fleetToProve(c, chosen)
	if err != nil {
		return err
	}
	key, err := p.key(c, f[0])
	if err != nil {
		return err
	}
	account, err := p.sandboxOnly(c)
	if err != nil {
		return err
	}
	network, err := p.openNetwork(c, account)
	if err != nil {
		return err
	}
	defer network.Close()
	hosts := f.Domains()
	out := result{Verify: p.probeAll(c, f, len(hosts), func(i int) proof {
		target := target(f.ForHost(hosts[i]), hosts[i], c.IsSet("provider"))
		target.Key = key
		if model := c.String("model"); model != "" {
			target = withModel(target, model)
		}
		return proof{target, network, c.IsSet("timeout")}
	})}
	return p.finishVerify(c, f, out)
}

// fleetToProve says who should answer, as far as anybody said. A relay's order is known from its file alone: flags name
// those of its providers that are to be proved.
func (p *program) fleetToProve(c *cli.Context, all []config.Settings) (config.Relays, error) {
	var f config.Relays
	for _, chosen := range all {
		r, err := config.NewRelayToVerify(chosen, version())
		if err != nil {
			return nil, err
		}
		f = append(f, withoutUserNames(r))
	}
	p.hosts = f.Domains()
	return f, p.checkAgainstFile(c, f)
}

// checkAgainstFile finds a provider that a flag leads elsewhere than the file does. Nobody else could tell: the relay names its
// providers by their ids.
func (p *program) checkAgainstFile(c *cli.Context, f config.Relays) error {
	if !c.IsSet("provider") {
		return nil
	}
	relays, err := config.ReadFile(c.String("config"), f.Domains())
	if err != nil {
		return err
	}
	for _, file := range relays {
		listed, err := config.RecognizeProviders(file.Providers)
		if err != nil {
			return err
		}
		for _, provider := range f[0].ProviderInfo {
			for _, other := range listed {
				isSaid := len(file.Providers) > 0 && other.ID == provider.ID
				if isSaid && provider.Placeholder() == "" && other.Origin != provider.Origin {
					return problem.Usage("provider-differs", "file", cmp.Or(c.String("config"), config.FileName),
						"value", config.Ref(provider.ID, provider.Origin), "other", config.Ref(other.ID, other.Origin))
				}
			}
		}
	}
	return nil
}

// unclaimed is the relay with its providers called by names that say no more than what is proved: somebody of that kind answers,
// and not the one whose address was given.
func withoutUserNames(r config.Relay) config.Relay {
	r.ProviderInfo = slices.Clone(r.ProviderInfo)
	for i, provider := range r.ProviderInfo {
		r.ProviderInfo[i].Name = config.Relay{}.ProviderName(provider.ID)
	}
	return r
}

// unchecked lists the providers of which a value was given that no answer of the relay's can confirm.
func unverifiable(r config.Relay, reports []verify.Report) []string {
	var specs []string
	for _, provider := range r.ProviderInfo {
		spec := config.Ref(provider.ID, provider.Origin)
		isProved := slices.ContainsFunc(reports, func(report verify.Report) bool {
			return slices.ContainsFunc(report.Results, func(result verify.Result) bool {
				return result.Provider == provider.ID && result.Code == verify.CodeProviderRecognised
			})
		})
		if spec != provider.ID && provider.Placeholder() == "" && isProved {
			specs = append(specs, spec)
		}
	}
	return specs
}

func (p *program) finishVerify(c *cli.Context, f config.Relays, out result) error {
	unproved := p.unproved(c, out.Verify)
	ok := unproved == nil
	out.OK, out.Unchecked = &ok, unverifiable(f[0], out.Verify)
	if p.json {
		if err := p.writeJSON(out); err != nil {
			return err
		}
		return unproved
	}
	p.tellReports(c, f, out.Verify)
	if len(out.Unchecked) > 0 {
		p.answer("verify.unchecked", "providers", strings.Join(out.Unchecked, ", "), "command", p.again(c, "status", f.Domains()...))
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
		return problem.ExitStatus(problem.ExitInterrupted)
	}
	if slices.ContainsFunc(reports, func(r verify.Report) bool { return !proved(r) }) {
		return problem.ExitStatus(problem.ExitUnverified)
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
func (p *program) key(c *cli.Context, r config.Relay) (string, error) {
	name := c.String("key-env")
	if name == "" {
		return "", nil
	}
	if !regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`).MatchString(name) {
		return "", problem.Usage("key-env-invalid") // perhaps the key itself, so it is not repeated
	}
	if provider := r.ProviderInfo[0]; len(r.Chosen.Providers) > 0 && provider.Chat.Path == "" {
		return "", problem.Usage("key-unsupported", "provider", provider.Name)
	}
	key := strings.TrimSpace(p.getenv(name))
	if key == "" {
		return "", problem.Usage("key-missing", "name", name)
	}
	return key, nil
}

// target says what should answer at a host: each of the relay's providers on its own path, the first one at the root. Where
// nobody chose a provider, the Worker itself is asked whom it serves.
func target(r config.Relay, host string, placeFromWorker bool) verify.Target {
	target := verify.Target{Host: host, Origin: r.Origin}
	if len(r.Chosen.Providers) == 0 {
		target.Known = append(upstreams(r.ProviderInfo), upstreams(config.AllProviders())...)
		return target
	}
	target.Upstreams = upstreams(r.ProviderInfo)
	if !placeFromWorker {
		target.Upstreams[0].Place = verify.PlaceRoot
	}
	return target
}

// deployed says what should answer at a host of a plan: just what was deployed, with the default provider if none was chosen.
func deployedTarget(r config.Relay, host string, plan plan.Plan) verify.Target {
	target := verify.Target{Host: host, Build: plan.Build(host), Origin: r.Origin, Upstreams: upstreams(r.ProviderInfo)}
	target.Upstreams[0].Place = verify.PlaceRoot
	return target
}

// upstreams says by what providers are recognised.
func upstreams(providers []templates.Provider) []verify.Upstream {
	var all []verify.Upstream
	for _, p := range providers {
		all = append(all, verify.Upstream{
			ID: p.ID, Method: p.Probe.Method, Path: p.Probe.Path, Body: p.Probe.Body,
			Refusals: signatures(slices.Concat(p.Refused.Keyless, p.Refused.BadKey)), RegionBlocks: signatures(p.Blocked),
			ChatPath: p.Chat.Path, Model: p.Chat.Model, AuthHeader: p.Auth,
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
