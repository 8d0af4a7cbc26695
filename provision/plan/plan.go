package plan

import (
	"slices"

	"github.com/cfproxy/cfproxy/provision/binding"
)

// Action is what a step does to one thing.
type Action string

// The actions, in the words of plans everywhere.
const (
	ActionNone   Action = "none"
	ActionCreate Action = "create"
	ActionUpdate Action = "update"
	ActionDelete Action = "delete"
)

// Step is one line of a plan. ID is the API's id of what stands there, Adopt says that it is not ours until now, and Clash and
// At how it stands in the way.
type Step struct {
	Action        Action             `json:"action"`
	Address       Address            `json:"address"`
	ID            string             `json:"id,omitempty"`
	Adopt         bool               `json:"adopt,omitempty"`
	Conflict      Conflict           `json:"clash,omitempty"`
	ConflictHosts []string           `json:"at,omitempty"`
	Before        binding.Attrs      `json:"before,omitempty"`
	After         binding.Attrs      `json:"after,omitempty"`
	Diff          []binding.AttrDiff `json:"diff,omitempty"`
	Script        *Script            `json:"-"`
}

// Host gives the hostname that a step is about; "" for a script, which serves many.
func (s Step) Host() string {
	switch s.Address.Kind {
	case KindScript:
		return ""
	case KindRoute:
		return patternHost(s.Address.Name)
	}
	return s.Address.Name
}

// Plan is every step at the addresses of relays, those that change nothing included.
type Plan struct {
	// Account and Worker are those of the one relay; "" where there are several.
	Account string  `json:"account,omitempty"`
	Worker  string  `json:"worker,omitempty"`
	Sites   []Site  `json:"sites"`
	Relays  []Relay `json:"relays"`
	Steps   []Step  `json:"steps"`
	// Unmanaged are the things of others at our addresses that a removal leaves where they are.
	Unmanaged []Object `json:"left,omitempty"`
	// Skipped are hosts that the plan leaves alone, since they cannot be served as things are.
	Skipped []HostError `json:"-"`
}

// Changes gives the steps that do something.
func (p Plan) Changes() []Step {
	return slices.DeleteFunc(slices.Clone(p.Steps), func(s Step) bool { return s.Action == ActionNone })
}

// IsFirst tells whether the plan makes relays where nothing of them stood before.
func (p Plan) OnlyCreates() bool {
	return len(p.Steps) > 0 && !slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Action != ActionCreate })
}

// Exposed gives the records that a removal would leave proxied and without our route while they lead to the placeholder: not
// ours any more by their mark, but made by us beyond doubt, and callers' keys would go to whoever has that address.
func (p Plan) ExposedRecords() []Object {
	removed := map[string]bool{}
	for _, step := range p.Steps {
		if step.Action == ActionDelete && step.Address.Kind == KindRoute {
			removed[step.Host()] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(p.Unmanaged), func(o Object) bool {
		return !removed[o.Address.Name] || o.Attrs[binding.AttrProxied] != "true" || o.Attrs[binding.AttrContent] != DefaultOrigin
	})
}

// Configs gives what Observe needs to look at the same addresses again: of all hosts, or of those that keep is true for.
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

// In gives the part of the plan that is about one account.
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

// script gives the step of a relay's Worker, or an empty one.
func (p Plan) scriptStep(r Relay) Step {
	for _, step := range p.Steps {
		if step.Address == r.ScriptAddress() && step.Action != ActionDelete {
			return step
		}
	}
	return Step{}
}

// Build gives the build that the Worker of a host will have, or "".
func (p Plan) Build(host string) string {
	for _, relay := range p.Relays {
		if slices.Contains(relay.Hosts(), host) {
			return p.scriptStep(relay).After[binding.AttrBuild]
		}
	}
	return ""
}

func (p Plan) SiteAt(address Address) Site {
	for _, site := range p.Sites {
		if address == RouteAddress(site) || address == RecordAddress(site) {
			return site
		}
	}
	return Site{}
}

// Matches tells, of a creation or an update, whether the record is its effect; of a deletion, whether it is what should go.
func (s Step) Matches(o Object) bool {
	if s.Action == ActionDelete {
		return o.ID == s.ID
	}
	isSame := s.Action == ActionCreate || o.ID == s.ID
	return isSame && o.Address == s.Address && len(o.Attrs.Diff(s.After)) == 0
}
