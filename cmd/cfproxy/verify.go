package main

import (
	"context"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/input"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/verify"
)

// verifyOptions are the flags of verify.
type verifyOptions struct {
	relayOptions
	network networkOptions
	// isProviderGiven says that --provider names the providers to verify, which need not be all.
	isProviderGiven bool
	keyEnv, model   string
}

func (p *program) verifyCommand() *cli.Command {
	flags := append(p.settingFlags(config.KeyDomains, config.KeyProviders), p.networkFlags()...)
	return p.command("verify", func(c *cli.Context, s *session) error {
		return runVerify(c.Context, s, verifyOptions{
			relayOptionsOf(c), networkOptionsOf(c), c.IsSet("provider"), c.String("key-env"), c.String("model"),
		})
	}, append(flags, p.boolFlag("json"), p.stringFlag("key-env"), p.stringFlag("model"))...)
}

// runVerify checks from outside that relays work. It needs no token and makes no API call.
func runVerify(ctx context.Context, s *session, o verifyOptions) error {
	relays, err := s.relaysToVerify(ctx, o)
	if err != nil {
		return err
	}
	key, err := s.providerKey(o.keyEnv, relays[0])
	if err != nil {
		return err
	}
	account := &account{}
	if file, err := s.sandboxFile(); err != nil {
		return err
	} else if file != "" {
		if account, err = s.openSandbox(file); err != nil {
			return err
		}
	}
	network, err := s.openNetwork(ctx, account, o.network)
	if err != nil {
		return err
	}
	defer network.Close()
	var jobs []verifyJob
	for _, host := range relays.Domains() {
		relay := relays.ForHost(host)
		target := verifyTarget(relay, host, o.isProviderGiven)
		target.Key = key
		if o.model != "" {
			target = withModel(target, o.model)
		}
		jobs = append(jobs, verifyJob{relay, target, network.For(host), o.network.timeout > 0})
	}
	return s.finishVerify(ctx, relays, s.runVerifyJobs(ctx, jobs, o.network.timeout))
}

// relaysToVerify returns the relays, with the providers of --provider or of the file.
func (s *session) relaysToVerify(ctx context.Context, o verifyOptions) (config.Relays, error) {
	all, err := o.source(s).Load()
	if err != nil {
		return nil, err
	}
	if all[0], err = s.askDomain(ctx, all[0]); err != nil {
		return nil, err
	}
	var relays config.Relays
	for _, settings := range all {
		relay, err := config.NewRelayToVerify(settings, version())
		if err != nil {
			return nil, err
		}
		relays = append(relays, withoutUserNames(relay))
	}
	s.inv.hosts = relays.Domains()
	if o.isProviderGiven {
		err = s.checkAgainstFile(o, relays)
	}
	return relays, err
}

// checkAgainstFile returns an error for a provider of a flag whose origin differs from that in the file. The relay cannot show
// that: it lists its providers by id only.
func (s *session) checkAgainstFile(o verifyOptions, relays config.Relays) error {
	inFile, err := config.ReadFile(o.file, relays.Domains())
	if err != nil {
		return err
	}
	for _, settings := range inFile {
		listed, err := config.RecogniseProviders(settings.Providers)
		if err != nil {
			return err
		}
		for _, provider := range relays[0].ProviderInfo {
			for _, other := range listed {
				isSame := len(settings.Providers) > 0 && other.ID == provider.ID
				if isSame && provider.Placeholder() == "" && other.Origin != provider.Origin {
					return problem.Usage("provider-differs", "file", s.inv.fileName(),
						"value", config.Ref(provider.ID, provider.Origin), "other", config.Ref(other.ID, other.Origin))
				}
			}
		}
	}
	return nil
}

// withoutUserNames returns the relay with the general names of its providers. The verifier recognises a kind of provider, and not
// the address that the user gave.
func withoutUserNames(r config.Relay) config.Relay {
	r.ProviderInfo = slices.Clone(r.ProviderInfo)
	for i, provider := range r.ProviderInfo {
		r.ProviderInfo[i].Name = config.Relay{}.ProviderName(provider.ID)
	}
	return r
}

// unverifiable returns the references to verified providers whose value no answer of the relay can confirm.
func unverifiable(r config.Relay, reports []verify.Report) []string {
	var refs []string
	for _, provider := range r.ProviderInfo {
		ref := config.Ref(provider.ID, provider.Origin)
		isRecognised := slices.ContainsFunc(reports, func(report verify.Report) bool {
			return slices.ContainsFunc(report.Results, func(result verify.Result) bool {
				return result.Provider == provider.ID && result.Code == verify.CodeProviderRecognised
			})
		})
		if ref != provider.ID && provider.Placeholder() == "" && isRecognised {
			refs = append(refs, ref)
		}
	}
	return refs
}

func (s *session) finishVerify(ctx context.Context, relays config.Relays, reports []verify.Report) error {
	unverified := s.verifyError(ctx, reports)
	ok := unverified == nil
	out := result{Verify: reports, OK: &ok, Unverifiable: unverifiable(relays[0], reports)}
	if s.json {
		if err := s.writeJSON(out); err != nil {
			return err
		}
		return unverified
	}
	s.printReports(relays, reports)
	if len(out.Unverifiable) > 0 {
		command := s.inv.rerun("status", relays.Domains()...)
		s.outf("verify.unchecked", "providers", strings.Join(out.Unverifiable, ", "), "command", command)
	}
	switch {
	case ok:
		s.outf("verify.good")
	case !slices.ContainsFunc(reports, func(r verify.Report) bool { return !allProvidersPass(r) }):
		s.outf("verify.partly")
	case slices.ContainsFunc(reports, anyProviderPasses):
		s.outf("verify.some")
	default:
		s.outf("verify.bad")
	}
	return unverified
}

// verifyError returns the error that ends a run in which some host was not verified, or that was interrupted.
func (c *console) verifyError(ctx context.Context, reports []verify.Report) error {
	if ctx.Err() != nil {
		c.errf("error.interrupted")
		return problem.ExitStatus(problem.ExitInterrupted)
	}
	if slices.ContainsFunc(reports, func(r verify.Report) bool { return !isVerified(r) }) {
		return problem.ExitStatus(problem.ExitUnverified)
	}
	return nil
}

// isVerified reports whether no probe failed and every provider answered as expected. A provider that is down is not a pass.
func isVerified(report verify.Report) bool { return report.OK() && allProvidersPass(report) }

// allProvidersPass reports whether the relay forwards to all of its providers and to no other. Requests with a key do not count.
func allProvidersPass(report verify.Report) bool {
	return anyProviderPasses(report) && !slices.ContainsFunc(report.Results, func(r verify.Result) bool {
		return (r.Probe == verify.ProbeProvider || r.Probe == verify.ProbeAccess) && r.Status != verify.Pass
	})
}

func anyProviderPasses(report verify.Report) bool {
	return slices.ContainsFunc(report.Results, func(r verify.Result) bool {
		return r.Probe == verify.ProbeProvider && r.Status == verify.Pass
	})
}

// providerKey returns the provider's key from an environment variable; "" if none is named. It is sent in the request and nowhere else.
func (s *session) providerKey(name string, r config.Relay) (string, error) {
	if name == "" {
		return "", nil
	}
	if !isVariableName(name) {
		return "", problem.Usage("key-env-invalid") // perhaps the key itself, so it is not repeated
	}
	if provider := r.ProviderInfo[0]; len(r.Chosen.Providers) > 0 && provider.Chat.Path == "" {
		return "", problem.Usage("key-unsupported", "provider", provider.Name)
	}
	text := s.getenv(name)
	s.addSecret(text)
	key, err := input.Clean(name, text)
	if err != nil {
		return "", err
	}
	if key == "" {
		return "", problem.Usage("key-missing", "name", name)
	}
	return key, nil
}

// isVariableName reports whether a shell accepts the name of a variable.
func isVariableName(name string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
	return strings.Trim(name, letters+"0123456789") == "" && strings.ContainsRune(letters, rune(name[0]))
}
