package plan

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/worker"
)

// Desired is all that should exist at our addresses, in the order of creation.
type Desired []Resource

// NewDesired works out one script for every relay, and a route and a record for every site. It asks nobody.
func NewDesired(o Observed, bundle worker.Bundle) Desired {
	var desired Desired
	for _, relay := range o.Relays {
		desired = append(desired, scriptResource(relay, bundle))
	}
	for _, site := range o.Sites() {
		desired = append(desired, Resource{
			Address: RouteAddress(site),
			Attrs:   binding.Attrs{binding.AttrScript: site.Worker, binding.AttrFailOpen: "false"},
		})
	}
	for _, relay := range o.Relays {
		for _, site := range relay.Sites {
			desired = append(desired, Resource{
				Address: RecordAddress(site),
				Attrs: binding.Attrs{
					binding.AttrType:    "A",
					binding.AttrContent: relay.Config.Origin,
					binding.AttrProxied: "true",
					binding.AttrComment: RecordComment(site.Worker),
				},
			})
		}
	}
	return desired
}

func scriptResource(r Relay, bundle worker.Bundle) Resource {
	c := r.Config
	if !c.Settings.Managed {
		c.Tokens = nil
	}
	script := &Script{
		Bundle:    bundle.WithTokens(c.Tokens),
		Providers: c.Providers,
		Settings:  c.Settings,
		Tokens:    c.Tokens,
		Keys:      resolveKeys(r),
		Limits:    binding.LimitsFor(r.Worker, c.Tokens),
		Region:    c.Region,
		Version:   c.Version,
		Zones:     r.zoneIDs(),
	}
	script.Build = script.digest()
	attrs := binding.Attrs{
		binding.AttrBuild:     script.Build,
		binding.AttrCode:      binding.CodeDigest(bundle.Modules),
		binding.AttrProviders: binding.FormatProviders(c.Providers),
		binding.AttrKeys:      binding.FormatKeys(script.Keys),
		binding.AttrTokens:    binding.FormatTokens(c.Tokens),
		binding.AttrLimits:    binding.FormatLimits(binding.Rates(c.Tokens)),
		binding.AttrRegion:    c.Region,
		binding.AttrZones:     script.Zones,
	}
	maps.Copy(attrs, binding.FormatSettings(c.Settings))
	return Resource{Address: r.ScriptAddress(), Attrs: attrs, Script: script}
}

// allZones gives the zones of the sites and those that the Worker is known to serve already.
func (r Relay) zoneIDs() string {
	ids := ZonesServed(r.Script)
	for _, site := range r.Sites {
		ids = append(ids, site.Zone.ID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	// A binding holds 5 KB. Of more zones than that a token sees all or none in practice.
	return strings.Join(ids[:min(len(ids), 150)], " ")
}

// DesiredAfterDestroy is what destroy leaves: scripts alone, as they stand, while routes of other hosts still lead to them.
func DesiredAfterDestroy(o Observed) Desired {
	var kept Desired
	for _, relay := range o.Relays {
		if len(relay.Dependents) > 0 && relay.Exists() {
			kept = append(kept, Resource{Address: relay.Script.Address, Attrs: relay.Script.Attrs})
		}
	}
	return kept
}

// build is the digest of everything that decides how a Worker behaves: 16 lower-case hex digits. The verifier waits for it
// after a deploy. Tokens are in the bundle, keys by their fingerprints. The program's version is left out, so that a new
// program alone uploads nothing.
func (s *Script) digest() string {
	// Marshalling plain structs of strings, numbers and bytes cannot fail, and keeps the order of fields.
	text, _ := json.Marshal(struct {
		Bundle    worker.Bundle
		Providers []worker.Provider
		Settings  worker.Settings
		Keys      string
		Limits    []binding.RateLimit
		Region    string
	}{s.Bundle, s.Providers, s.Settings, binding.FormatKeys(s.Keys), s.Limits, s.Region})
	return binding.Digest(text)[:16]
}
