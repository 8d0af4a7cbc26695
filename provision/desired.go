package provision

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/worker"
)

// Desired is all that should exist at our addresses, in the order of creation.
type Desired []Resource

// NewDesired works out one script, and a route and a record for every site. It asks nobody.
func NewDesired(c Config, o Observed, bundle worker.Bundle) Desired {
	desired := Desired{scriptOf(c, o, bundle)}
	for _, site := range o.Sites {
		desired = append(desired, Resource{
			Address: routeAddress(site),
			Attrs:   Attrs{AttrScript: o.Worker, AttrFailOpen: "false"},
		})
	}
	for _, site := range o.Sites {
		desired = append(desired, Resource{
			Address: recordAddress(site),
			Attrs: Attrs{
				AttrType:    "A",
				AttrContent: c.Origin,
				AttrProxied: "true",
				AttrComment: RecordComment(o.Worker),
			},
		})
	}
	return desired
}

func scriptOf(c Config, o Observed, bundle worker.Bundle) Resource {
	script := &Script{
		Bundle:    bundle,
		Providers: c.Providers,
		Settings:  worker.Settings{Page: true},
		Region:    c.Region,
		Build:     BuildOf(bundle, c.Providers, c.Region),
		Version:   c.Version,
		Zones:     o.allZones(),
	}
	return Resource{
		Address: o.scriptAddress(),
		Attrs: Attrs{
			AttrBuild:     script.Build,
			AttrCode:      CodeDigest(bundle.Modules),
			AttrProviders: providersText(c.Providers),
			AttrRegion:    c.Region,
			AttrZones:     script.Zones,
		},
		Script: script,
	}
}

// allZones gives the zones of the sites and those that the Worker is known to serve already.
func (o Observed) allZones() string {
	ids := zonesServed(o.script())
	for _, site := range o.Sites {
		ids = append(ids, site.Zone.ID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	// A binding holds 5 KB. Of more zones than that a token sees all or none in practice.
	return strings.Join(ids[:min(len(ids), 150)], " ")
}

// Kept is what destroy leaves: the script alone, as it stands, while routes of other hosts still lead to it.
func Kept(o Observed) Desired {
	if len(o.Dependents) == 0 {
		return nil
	}
	var kept Desired
	for _, object := range o.Objects {
		if object.Address.Kind == KindScript && object.Owned {
			kept = append(kept, Resource{Address: object.Address, Attrs: object.Attrs})
		}
	}
	return kept
}

// BuildOf is the digest of everything that decides how a Worker behaves: 16 lower-case hex digits. The verifier waits
// for it after a deploy. The program's version is left out, so that a new program alone uploads nothing.
func BuildOf(bundle worker.Bundle, providers []worker.Provider, region string) string {
	// Marshalling plain structs of strings and bytes cannot fail, and keeps the order of fields.
	text, _ := json.Marshal(struct {
		Bundle    worker.Bundle
		Providers []worker.Provider
		Region    string
	}{bundle, providers, region})
	return digest(text)[:16]
}

// CodeDigest is the digest of modules, whatever their order: 16 lower-case hex digits. It tells code that somebody edited
// in the dashboard, which leaves the build's name as it was.
func CodeDigest(modules []worker.Module) string {
	sorted := slices.SortedFunc(slices.Values(modules), func(a, b worker.Module) int { return cmp.Compare(a.Name, b.Name) })
	text, _ := json.Marshal(sorted)
	return digest(text)[:16]
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
