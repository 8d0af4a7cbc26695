package plan

import (
	"cmp"
	"slices"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
)

// Diff compares what should exist with what does. It is pure. What is not ours and stands in the way is an *Error with
// CodeConflict that names all of it, unless adopt takes it over; where nothing should exist it is left alone. Of several hosts
// those that are in nobody's way go on, and the others are refused.
func Diff(desired Desired, o Observed, adopt bool) (Plan, error) {
	deploying := slices.ContainsFunc(desired, func(r Resource) bool { return r.Address.Kind == KindRoute })
	refused := slices.Clone(o.Skipped)
	if deploying && !adopt {
		var err error
		if o, desired, refused, err = skipConflicts(o, desired, refused); err != nil {
			return Plan{}, err
		}
	}
	plan := NewPlan(o, refused)
	at := GroupByAddress(o.Objects)
	for _, want := range desired {
		plan.Steps = append(plan.Steps, diffResource(want, at[want.Address])...)
		delete(at, want.Address)
	}
	for _, object := range o.Objects {
		if _, isLeft := at[object.Address]; !isLeft {
			continue
		}
		switch {
		case deploying && object.Conflict == ConflictWiderRoute:
			plan.Steps = append(plan.Steps, keepWiderRoute(object))
		case object.Owned || deploying:
			plan.Steps = append(plan.Steps, DeleteStep(object))
		default:
			plan.Unmanaged = append(plan.Unmanaged, object)
		}
	}
	for i := range plan.Relays {
		relay := &plan.Relays[i]
		if script := plan.scriptStep(*relay).Script; script != nil && script.Settings.Managed {
			relay.RevokedTokens = binding.RevokedTokens(relay.Script.Tokens, script.Tokens)
		}
	}
	SortSteps(plan.Steps)
	return plan, checkQuotas(plan, o)
}

func NewPlan(o Observed, refused []HostError) Plan {
	plan := Plan{Sites: o.Sites(), Relays: slices.Clone(o.Relays), Skipped: refused, Steps: []Step{}}
	if len(o.Relays) == 1 {
		plan.Account, plan.Worker = o.Relays[0].Account, o.Relays[0].Worker
	}
	return plan
}

// withoutConflicts leaves out the hosts at which something of others stands in the way. If no host is left, it is an error that
// names all of it.
func skipConflicts(o Observed, desired Desired, refused []HostError) (Observed, Desired, []HostError, error) {
	all, atHost, atScript := findConflicts(o)
	if len(all) == 0 {
		return o, desired, refused, nil
	}
	gone := map[Address]bool{}
	var relays []Relay
	for _, relay := range o.Relays {
		stays := relay
		stays.Sites = nil
		for _, site := range relay.Sites {
			inTheWay := slices.Concat(atScript[relay.ScriptAddress()], atHost[site.Host])
			if len(inTheWay) == 0 {
				stays.Sites = append(stays.Sites, site)
				continue
			}
			gone[RouteAddress(site)], gone[RecordAddress(site)] = true, true
			refused = append(refused, HostError{site.Host, &ConflictError{Code: errcode.Conflict, Objects: inTheWay}})
		}
		if len(stays.Sites) > 0 {
			relays = append(relays, stays)
		} else {
			gone[relay.ScriptAddress()] = true
		}
	}
	switch {
	case len(relays) == 0 && len(o.Skipped) > 0:
		return o, nil, nil, HostErrors(refused)
	case len(relays) == 0:
		return o, nil, nil, &ConflictError{Code: errcode.Conflict, Objects: all}
	}
	// What stands at a host that is refused stays as it is, ours or not.
	hosts := map[string]bool{}
	for _, refusal := range refused {
		hosts[refusal.Host] = true
	}
	o.Relays = relays
	o.Objects = slices.DeleteFunc(slices.Clone(o.Objects), func(x Object) bool {
		if x.Address.Kind == KindScript { // one that no relay has any more may still serve a host that is refused
			return !slices.ContainsFunc(relays, func(r Relay) bool { return r.ScriptAddress() == x.Address })
		}
		return hosts[patternHost(x.Address.Name)] || slices.ContainsFunc(x.ConflictHosts, func(host string) bool { return hosts[host] })
	})
	desired = slices.DeleteFunc(slices.Clone(desired), func(r Resource) bool { return gone[r.Address] })
	return o, desired, refused, nil
}

// conflicts gives what is not ours and stands in the way: all of it, and by the host or the Worker that it is in the way of.
func findConflicts(o Observed) (all []Object, atHost map[string][]Object, atScript map[Address][]Object) {
	atHost, atScript = map[string][]Object{}, map[Address][]Object{}
	for _, object := range o.Objects {
		switch {
		case object.Owned || object.Edited:
			continue
		case object.Address.Kind == KindScript:
			atScript[object.Address] = append(atScript[object.Address], object)
		case len(object.ConflictHosts) > 0:
			for _, host := range object.ConflictHosts {
				here := object
				here.ConflictHosts = []string{host}
				atHost[host] = append(atHost[host], here)
			}
		default:
			host := patternHost(object.Address.Name)
			atHost[host] = append(atHost[host], object)
		}
		all = append(all, object)
	}
	return all, atHost, atScript
}

func GroupByAddress(objects []Object) map[Address][]Object {
	at := map[Address][]Object{}
	for _, object := range objects {
		at[object.Address] = append(at[object.Address], object)
	}
	return at
}

// stepsFor makes one of the things that stand at an address into the wanted one, and deletes the others: a host that has
// two records of ours, or an adopted AAAA beside its A.
func diffResource(want Resource, here []Object) []Step {
	best := slices.IndexFunc(here, func(o Object) bool { return o.Owned && canUpdate(o, want) })
	if best < 0 {
		best = slices.IndexFunc(here, func(o Object) bool { return canUpdate(o, want) })
	}
	var steps []Step
	for i, object := range here {
		if i != best {
			steps = append(steps, DeleteStep(object))
		}
	}
	if best < 0 {
		return append(steps, Step{Action: ActionCreate, Address: want.Address, After: want.Attrs, Script: want.Script})
	}
	return append(steps, updateStep(want, here[best]))
}

// canBecome holds for everything but records of another type, which are replaced rather than changed.
func canUpdate(o Object, want Resource) bool {
	return o.Attrs[binding.AttrType] == want.Attrs[binding.AttrType]
}

func updateStep(want Resource, have Object) Step {
	step := Step{
		Action: ActionNone, Address: want.Address, ID: have.ID, Adopt: !have.Owned && !have.Edited, Conflict: have.Conflict,
		Before: have.Attrs, After: want.Attrs, Diff: have.Attrs.Diff(want.Attrs), Script: want.Script,
	}
	if len(step.Diff) > 0 || step.Adopt {
		step.Action = ActionUpdate
	}
	return step
}

func DeleteStep(o Object) Step {
	return Step{Action: ActionDelete, Address: o.Address, ID: o.ID, Adopt: !o.Owned, Conflict: o.Conflict, ConflictHosts: o.ConflictHosts, Before: o.Attrs}
}

// shadowing is a wider route that stays as it is: taking over means that the host's requests come to us.
func keepWiderRoute(o Object) Step {
	return Step{Action: ActionNone, Address: o.Address, ID: o.ID, Adopt: true, Conflict: o.Conflict, ConflictHosts: o.ConflictHosts, Before: o.Attrs, After: o.Attrs}
}

// Phase is a part of the one order in which things may change. The record comes last and goes first: it opens the door, and a
// proxied record without its route would send callers' keys to the address behind it.
type Phase int

const (
	PhaseUploadScripts Phase = iota // upload
	PhaseWriteRoutes                // create and update
	PhaseDeleteRecords              // records of hosts that lose their route
	PhaseDeleteRoutes               // routes and custom domains that go, or that make room
	PhaseDeleteScripts              // scripts that go; a record still names the one it led to, for the next run, should this one end here
	PhaseWriteRecords               // records of hosts that have their route, all that changes about them together
	PhaseCount
)

// Phases gives each step its place.
func Phases(steps []Step) []Phase {
	opens := map[Address]bool{}
	for _, s := range steps {
		if s.Address.Kind == KindRecord && s.Action != ActionDelete {
			opens[s.Address] = true
		}
	}
	places := make([]Phase, len(steps))
	for i, s := range steps {
		places[i] = phaseOf(s, opens[s.Address])
	}
	return places
}

func phaseOf(s Step, opens bool) Phase {
	isDeletion := s.Action == ActionDelete
	switch {
	case s.Address.Kind == KindScript && isDeletion:
		return PhaseDeleteScripts
	case s.Address.Kind == KindScript:
		return PhaseUploadScripts
	case s.Address.Kind == KindRecord && isDeletion && !opens:
		return PhaseDeleteRecords
	case s.Address.Kind == KindRecord:
		return PhaseWriteRecords
	case isDeletion, s.Conflict == ConflictWiderRoute:
		return PhaseDeleteRoutes
	}
	return PhaseWriteRoutes
}

func SortSteps(steps []Step) {
	type placed struct {
		step  Step
		phase Phase
	}
	var all []placed
	for i, p := range Phases(steps) {
		all = append(all, placed{steps[i], p})
	}
	slices.SortStableFunc(all, func(a, b placed) int { return cmp.Compare(a.phase, b.phase) })
	for i := range all {
		steps[i] = all[i].step
	}
}
