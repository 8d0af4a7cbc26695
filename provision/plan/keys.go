package plan

import (
	"slices"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/worker"
)

// resolveKeys returns the key of each provider of a managed relay: the configured one, else the deployed one, else
// KeyMissing. A deployed key is kept only for the origin that it was configured for, so that the key of one vendor is
// never sent to another.
func resolveKeys(r Relay) []binding.Key {
	c := r.Config
	if !c.Settings.Managed {
		return nil
	}
	deployed := binding.ParseProviders(r.Script.Attrs[binding.AttrProviders])
	fingerprints := map[string]string{} // of the deployed keys, by binding
	for provider, fingerprint := range binding.ParseKeys(r.Script.Attrs[binding.AttrKeys]) {
		fingerprints[worker.KeyBinding(provider)] = fingerprint
	}
	var keys []binding.Key
	for _, p := range c.Providers {
		value, isConfigured := c.Keys[p.ID]
		fingerprint, isDeployed := fingerprints[worker.KeyBinding(p.ID)]
		sameOrigin := slices.ContainsFunc(deployed, func(d worker.Provider) bool { return d.ID == p.ID && d.Origin == p.Origin })
		switch {
		case isConfigured:
			keys = append(keys, binding.Key{Provider: p.ID, Value: value, Fingerprint: binding.Fingerprint(r.Account, r.Worker, p.ID, value)})
		case isDeployed && sameOrigin:
			keys = append(keys, binding.Key{Provider: p.ID, Inherited: true, Fingerprint: fingerprint})
		default:
			keys = append(keys, binding.Key{Provider: p.ID, Fingerprint: binding.KeyMissing})
		}
	}
	return keys
}

// MissingKeys returns the ids of the providers of managed relays for which there is no key, neither configured nor
// deployed.
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
