package provision

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/worker"
)

// Desired is all that should exist at our addresses, in the order of creation.
type Desired []Resource

// NewDesired works out one script for every relay, and a route and a record for every site. It asks nobody.
func NewDesired(o Observed, bundle worker.Bundle) Desired {
	var desired Desired
	for _, relay := range o.Relays {
		desired = append(desired, scriptOf(relay, bundle))
	}
	for _, site := range o.Sites() {
		desired = append(desired, Resource{
			Address: routeAddress(site),
			Attrs:   Attrs{AttrScript: site.Worker, AttrFailOpen: "false"},
		})
	}
	for _, relay := range o.Relays {
		for _, site := range relay.Sites {
			desired = append(desired, Resource{
				Address: recordAddress(site),
				Attrs: Attrs{
					AttrType:    "A",
					AttrContent: relay.Config.Origin,
					AttrProxied: "true",
					AttrComment: RecordComment(site.Worker),
				},
			})
		}
	}
	return desired
}

func scriptOf(r Relay, bundle worker.Bundle) Resource {
	c := r.Config
	if !c.Settings.Managed {
		c.Tokens = nil
	}
	script := &Script{
		Bundle:    bundle.WithTokens(c.Tokens),
		Providers: c.Providers,
		Settings:  c.Settings,
		Tokens:    c.Tokens,
		Keys:      keysOf(r),
		Limits:    limitsOf(r.Worker, c.Tokens),
		Region:    c.Region,
		Version:   c.Version,
		Zones:     r.allZones(),
	}
	script.Build = script.build()
	attrs := Attrs{
		AttrBuild:     script.Build,
		AttrCode:      CodeDigest(bundle.Modules),
		AttrProviders: providersText(c.Providers),
		AttrKeys:      keysText(script.Keys),
		AttrTokens:    TokensText(c.Tokens),
		AttrLimits:    limitsText(ratesOf(c.Tokens)),
		AttrRegion:    c.Region,
		AttrZones:     script.Zones,
	}
	maps.Copy(attrs, settingsAttrs(c.Settings))
	return Resource{Address: r.scriptAddress(), Attrs: attrs, Script: script}
}

// allZones gives the zones of the sites and those that the Worker is known to serve already.
func (r Relay) allZones() string {
	ids := zonesServed(r.Script)
	for _, site := range r.Sites {
		ids = append(ids, site.Zone.ID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	// A binding holds 5 KB. Of more zones than that a token sees all or none in practice.
	return strings.Join(ids[:min(len(ids), 150)], " ")
}

// Kept is what destroy leaves: scripts alone, as they stand, while routes of other hosts still lead to them.
func Kept(o Observed) Desired {
	var kept Desired
	for _, relay := range o.Relays {
		if len(relay.Dependents) > 0 && relay.Stands() {
			kept = append(kept, Resource{Address: relay.Script.Address, Attrs: relay.Script.Attrs})
		}
	}
	return kept
}

// build is the digest of everything that decides how a Worker behaves: 16 lower-case hex digits. The verifier waits for it
// after a deploy. Tokens are in the bundle, keys by their fingerprints. The program's version is left out, so that a new
// program alone uploads nothing.
func (s *Script) build() string {
	// Marshalling plain structs of strings, numbers and bytes cannot fail, and keeps the order of fields.
	text, _ := json.Marshal(struct {
		Bundle    worker.Bundle
		Providers []worker.Provider
		Settings  worker.Settings
		Keys      string
		Limits    []Limit
		Region    string
	}{s.Bundle, s.Providers, s.Settings, keysText(s.Keys), s.Limits, s.Region})
	return digest(text)[:16]
}

// CodeDigest is the digest of modules, whatever their order: 16 lower-case hex digits. It tells code that somebody edited
// in the dashboard, which leaves the build's name as it was. Tokens are compared by themselves.
func CodeDigest(modules []worker.Module) string {
	sorted := slices.SortedFunc(slices.Values(modules), func(a, b worker.Module) int { return cmp.Compare(a.Name, b.Name) })
	sorted = slices.DeleteFunc(sorted, func(m worker.Module) bool { return m.Name == worker.TokensModule })
	text, _ := json.Marshal(sorted)
	return digest(text)[:16]
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
