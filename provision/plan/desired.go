package plan

import (
	"maps"
	"slices"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/worker"
)

// Desired lists the resources that should exist, in the order of creation.
type Desired []Resource

// deploys reports whether a host is to be served.
func (d Desired) deploys() bool {
	return slices.ContainsFunc(d, func(r Resource) bool { return r.Address.Kind == KindRoute })
}

// NewDesired returns the resources of the relays: a script for each relay, and a route and a record for each site.
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

// scriptResource returns the script of a relay.
func scriptResource(r Relay, bundle worker.Bundle) Resource {
	c := r.Config
	if !c.Settings.Managed {
		c.Tokens = nil
	}
	upload := &Upload{
		Bundle:         bundle.WithTokens(c.Tokens),
		Providers:      c.Providers,
		Settings:       c.Settings,
		Tokens:         c.Tokens,
		Keys:           resolveKeys(r),
		Limits:         binding.LimitsFor(r.Worker, c.Tokens),
		Region:         c.Region,
		ProgramVersion: c.ProgramVersion,
		Zones:          r.zoneIDs(),
	}
	upload.Build = upload.digest()
	attrs := binding.Attrs{
		binding.AttrBuild:     upload.Build,
		binding.AttrCode:      binding.CodeDigest(bundle.Modules),
		binding.AttrProviders: binding.FormatProviders(c.Providers),
		binding.AttrKeys:      binding.FormatKeys(upload.Keys),
		binding.AttrTokens:    binding.FormatTokens(c.Tokens),
		binding.AttrLimits:    binding.FormatLimits(binding.Rates(c.Tokens)),
		binding.AttrRegion:    c.Region,
		binding.AttrZones:     binding.FormatZones(upload.Zones),
	}
	maps.Copy(attrs, binding.FormatSettings(c.Settings))
	return Resource{Address: r.ScriptAddress(), Attrs: attrs, Upload: upload}
}

// maxZones is how many zones a script lists. A variable holds 5 KB, which is enough for 150 ids. In practice, an owner
// with more zones has a token for all of them.
const maxZones = 150

// zoneIDs returns the sorted ids of the zones that the Worker serves: those of the relay's sites and those that the
// deployed script lists. The Worker carries them because a token may not see all of them, see ZonesServed.
func (r Relay) zoneIDs() []string {
	ids := ZonesServed(r.Script)
	for _, site := range r.Sites {
		ids = append(ids, site.Zone.ID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return ids[:min(len(ids), maxZones)]
}

// DesiredAfterDestroy returns what remains after a destroy: the scripts, unchanged, that routes of other hosts still
// use.
func DesiredAfterDestroy(o Observed) Desired {
	var kept Desired
	for _, relay := range o.Relays {
		if len(relay.Dependents) > 0 && relay.Exists() {
			kept = append(kept, Resource{Address: relay.Script.Address, Attrs: relay.Script.Attrs})
		}
	}
	return kept
}
