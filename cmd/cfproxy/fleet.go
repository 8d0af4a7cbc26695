package main

import (
	"slices"

	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/templates"
)

// relay is one relay as its owner wants it: what the engine is to make, and what is known of the providers behind it.
type relay struct {
	plan.Config
	providers []templates.Provider
	chosen    settings
	// asListed says that the order of the providers is not known, so that the Worker is asked.
	asListed bool
}

// fleet is what one run is about: one relay, or all that a file lists.
type fleet []relay

// relay makes a normalised relay of the settings.
func (p *program) relay(s settings) (relay, error) {
	providers, err := chooseProviders(s[keyProviders])
	if err != nil {
		return relay{}, err
	}
	r, err := relayTo(providers, s)
	p.hosts = r.Domains
	return r, err
}

// fleet makes one of the settings of each relay.
func (p *program) fleet(all []settings) (fleet, error) {
	var f fleet
	for _, s := range all {
		r, err := p.relay(s)
		if err != nil {
			return nil, err
		}
		f = append(f, r)
	}
	p.hosts = f.domains()
	return f, nil
}

func relayTo(providers []templates.Provider, s settings) (relay, error) {
	choices, err := choicesOf(s)
	if err != nil {
		return relay{}, err
	}
	tokens, err := decodeTokens(s)
	if err != nil {
		return relay{}, err
	}
	config, err := plan.Config{
		Domains:   s[keyDomains],
		Worker:    s.one(keyWorker),
		Account:   s.one(keyAccount),
		Providers: upstreamsOf(providers),
		Origin:    s.one(keyOrigin),
		Region:    s.one(keyRegion),
		Settings:  choices,
		Tokens:    tokens,
		Version:   version(),
	}.Normalize()
	return relay{Config: config, providers: providers, chosen: s}, err
}

func (f fleet) configs() []plan.Config {
	var configs []plan.Config
	for _, r := range f {
		configs = append(configs, r.Config)
	}
	return configs
}

func (f fleet) domains() []string {
	var hosts []string
	for _, r := range f {
		hosts = append(hosts, r.Domains...)
	}
	return hosts
}

// at gives the relay of a host.
func (f fleet) at(host string) relay {
	i := slices.IndexFunc(f, func(r relay) bool { return slices.Contains(r.Domains, host) })
	if i < 0 {
		return relay{}
	}
	return f[i]
}

// of gives the relay, as its owner wants it, that became one of the engine's.
func (f fleet) of(r plan.Relay) relay { return f.at(r.Sites[0].Host) }
