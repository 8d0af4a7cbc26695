package plan

import (
	"slices"

	"github.com/cfproxy/cfproxy/provision/binding"
)

// Plan lists the steps for one or more relays, including those that change nothing.
type Plan struct {
	// Account and Worker are those of the relay; "" if there are several.
	Account string  `json:"account,omitempty"`
	Worker  string  `json:"worker,omitempty"`
	Sites   []Site  `json:"sites"`
	Relays  []Relay `json:"relays"`
	// Steps are in the order of their phases.
	Steps []Step `json:"steps"`
	// Unmanaged are objects at our addresses that are not ours and that a destroy leaves alone.
	Unmanaged []Object `json:"left,omitempty"`
	// Skipped are the hosts that the plan does not touch, because they cannot be served or have conflicts.
	Skipped []HostError `json:"-"`
}

// NewPlan returns a plan without steps for what was observed.
func NewPlan(o Observed, skipped []HostError) Plan {
	plan := Plan{Sites: o.Sites(), Relays: slices.Clone(o.Relays), Skipped: skipped, Steps: []Step{}}
	if len(o.Relays) == 1 {
		plan.Account, plan.Worker = o.Relays[0].Account, o.Relays[0].Worker
	}
	return plan
}

// Changes returns the steps that change something.
func (p Plan) Changes() []Step {
	return slices.DeleteFunc(slices.Clone(p.Steps), func(s Step) bool { return s.Action == ActionNone })
}

// OnlyCreates reports whether the plan has steps and all of them are creations, as in the first deploy of a relay.
func (p Plan) OnlyCreates() bool {
	return len(p.Steps) > 0 && !slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Action != ActionCreate })
}

// ExposedRecords returns the records that a destroy would leave proxied, without our route and with DefaultOrigin as
// their content. Their comment does not mark them as ours any more, but the content shows that we created them.
// Callers' keys would be sent to whoever has that address.
func (p Plan) ExposedRecords() []Object {
	losesRoute := map[string]bool{}
	for _, step := range p.Steps {
		if step.Action == ActionDelete && step.Address.Kind == KindRoute {
			losesRoute[step.Host()] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(p.Unmanaged), func(o Object) bool {
		return !losesRoute[o.Address.Name] || o.Attrs[binding.AttrProxied] != "true" || o.Attrs[binding.AttrContent] != DefaultOrigin
	})
}

// Configs returns configs with which the plan's hosts can be observed again. If keep is not nil, only the sites for
// which it returns true are included.
func (p Plan) Configs(keep func(Site) bool) []Config {
	var configs []Config
	for _, relay := range p.Relays {
		c := Config{Account: relay.Account, Worker: relay.Worker}
		for _, site := range relay.Sites {
			if keep == nil || keep(site) {
				c.Domains = append(c.Domains, site.Host)
			}
		}
		if len(c.Domains) > 0 {
			configs = append(configs, c)
		}
	}
	return configs
}

// ForAccount returns the part of the plan that concerns one account.
func (p Plan) ForAccount(account string) Plan {
	parents := map[string]bool{account: true}
	for _, site := range p.Sites {
		if site.Zone.Account == account {
			parents[site.Zone.ID] = true
		}
	}
	p.Sites = slices.DeleteFunc(slices.Clone(p.Sites), func(s Site) bool { return s.Zone.Account != account })
	p.Relays = slices.DeleteFunc(slices.Clone(p.Relays), func(r Relay) bool { return r.Account != account })
	p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), func(s Step) bool { return !parents[s.Address.Parent] })
	return p
}

// Build returns the build that the Worker of a host will have, or "" if the plan deploys no Worker for it.
func (p Plan) Build(host string) string {
	for _, relay := range p.Relays {
		if slices.Contains(relay.Hosts(), host) {
			return p.scriptStep(relay).After[binding.AttrBuild]
		}
	}
	return ""
}

// SiteAt returns the site whose route or record has the address, or the zero Site.
func (p Plan) SiteAt(address Address) Site {
	for _, site := range p.Sites {
		if address == RouteAddress(site) || address == RecordAddress(site) {
			return site
		}
	}
	return Site{}
}

// scriptStep returns the step that creates, updates or keeps a relay's Worker, or the zero Step.
func (p Plan) scriptStep(r Relay) Step {
	for _, step := range p.Steps {
		if step.Address == r.ScriptAddress() && step.Action != ActionDelete {
			return step
		}
	}
	return Step{}
}

// deploys reports whether the plan creates or keeps relays, in contrast to one that removes them.
func (p Plan) deploys() bool {
	return slices.ContainsFunc(p.Relays, func(r Relay) bool { return p.scriptStep(r).After[binding.AttrBuild] != "" })
}
