package plan

import (
	"slices"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/worker"
)

// resolveKeys works out, provider by provider, whose key goes up. A key that is not given stays as it is in the account, but only
// for the origin that it was given for: what one firm is trusted with must never reach another.
func resolveKeys(r Relay) []binding.Key {
	c := r.Config
	if !c.Settings.Managed {
		return nil
	}
	held, served := map[string]string{}, binding.ParseProviders(r.Script.Attrs[binding.AttrProviders])
	for provider, mark := range binding.ParseKeys(r.Script.Attrs[binding.AttrKeys]) {
		held[worker.KeyBinding(provider)] = mark
	}
	var keys []binding.Key
	for _, p := range c.Providers {
		given, isGiven := c.Keys[p.ID]
		mark, stands := held[worker.KeyBinding(p.ID)]
		stands = stands && slices.ContainsFunc(served, func(was worker.Provider) bool { return was.ID == p.ID && was.Origin == p.Origin })
		switch {
		case isGiven:
			keys = append(keys, binding.Key{Provider: p.ID, Value: given, Fingerprint: binding.Fingerprint(r.Account, r.Worker, p.ID, given)})
		case stands:
			keys = append(keys, binding.Key{Provider: p.ID, Inherited: true, Fingerprint: mark})
		default:
			keys = append(keys, binding.Key{Provider: p.ID, Fingerprint: binding.KeyMissing})
		}
	}
	return keys
}

// MissingKeys names the providers of managed relays for which neither the Config nor the account has a key, each once.
func MissingKeys(o Observed) []string {
	var missing []string
	for _, relay := range o.Relays {
		for _, key := range resolveKeys(relay) {
			if key.Fingerprint == binding.KeyMissing {
				missing = append(missing, key.Provider)
			}
		}
	}
	return Unique(missing)
}
