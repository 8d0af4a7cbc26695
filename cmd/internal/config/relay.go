package config

import (
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/input"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/templates"
	"github.com/cfproxy/cfproxy/worker"
)

// Relay is a relay as its owner wants it: the Config for the engine, and what is known of its providers.
type Relay struct {
	plan.Config
	// ProviderInfo describes the providers of the Config, in the same order.
	ProviderInfo []templates.Provider
	// Chosen are the settings that the relay was made of, without defaults.
	Chosen Settings
}

// NewRelay checks the settings and returns the relay that they describe. version is that of the program. Every provider needs its
// full origin.
func NewRelay(s Settings, version string) (Relay, error) {
	providers, err := ResolveProviders(s.Providers)
	if err != nil {
		return Relay{}, err
	}
	return newRelay(s, providers, version)
}

// NewRelayToVerify is NewRelay for the verifier, which recognises a provider by its answers: a placeholder may be left open.
func NewRelayToVerify(s Settings, version string) (Relay, error) {
	providers, err := RecogniseProviders(s.Providers)
	if err != nil {
		return Relay{}, err
	}
	return newRelay(s, providers, version)
}

func newRelay(s Settings, providers []templates.Provider, version string) (Relay, error) {
	options, err := s.workerSettings()
	if err != nil {
		return Relay{}, err
	}
	if _, err := input.Clean(KeyAccount, s.Account); err != nil {
		return Relay{}, err
	}
	config, err := plan.Config{
		Domains:        s.Domains,
		Worker:         s.Worker,
		Account:        s.Account,
		Providers:      Upstreams(providers),
		Origin:         s.Origin,
		Region:         s.Region,
		Settings:       options,
		Tokens:         s.Tokens,
		ProgramVersion: version,
	}.Normalize()
	return Relay{Config: config, ProviderInfo: providers, Chosen: s}, err
}

// workerSettings returns the settings that are not about a single provider.
func (s Settings) workerSettings() (worker.Settings, error) {
	access := strings.ToLower(strings.TrimSpace(s.Access))
	if s.Access != "" && access != binding.AccessManaged && access != binding.AccessPassThrough {
		return worker.Settings{}, problem.Usage("access-unknown", "value", s.Access,
			"known", binding.AccessPassThrough+", "+binding.AccessManaged)
	}
	return worker.Settings{
		Managed: access == binding.AccessManaged, Page: s.Page == nil || *s.Page, Origins: s.AllowOrigins,
	}, nil
}

// IsAccessUnset reports whether access is neither chosen by flag nor decided by a file. A file without the setting decides for
// pass-through.
func (r Relay) IsAccessUnset() bool { return !r.Chosen.HasFile() && r.Chosen.Access == "" }

// Relays are the relays of one run: one, or all that a file lists.
type Relays []Relay

// NewRelays checks the settings of each relay.
func NewRelays(all []Settings, version string) (Relays, error) {
	var relays Relays
	for _, s := range all {
		r, err := NewRelay(s, version)
		if err != nil {
			return nil, err
		}
		relays = append(relays, r)
	}
	return relays, nil
}

// Configs returns what the engine needs of each relay.
func (rs Relays) Configs() []plan.Config {
	var configs []plan.Config
	for _, r := range rs {
		configs = append(configs, r.Config)
	}
	return configs
}

// Domains returns the hosts of all relays.
func (rs Relays) Domains() []string {
	var hosts []string
	for _, r := range rs {
		hosts = append(hosts, r.Domains...)
	}
	return hosts
}

// ForHost returns the relay of a host, or an empty one.
func (rs Relays) ForHost(host string) Relay {
	i := slices.IndexFunc(rs, func(r Relay) bool { return slices.Contains(r.Domains, host) })
	if i < 0 {
		return Relay{}
	}
	return rs[i]
}

// ForRelay returns the relay that became r when the account was observed.
func (rs Relays) ForRelay(r plan.Relay) Relay { return rs.ForHost(r.Sites[0].Host) }
