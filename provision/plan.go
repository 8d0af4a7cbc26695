package provision

import (
	"cmp"
	"slices"
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

// Step is one line of a plan. ID is the API's id of what stands there, Adopt says that it is not ours until now.
type Step struct {
	Action  Action     `json:"action"`
	Address Address    `json:"address"`
	ID      string     `json:"id,omitempty"`
	Adopt   bool       `json:"adopt,omitempty"`
	Before  Attrs      `json:"before,omitempty"`
	After   Attrs      `json:"after,omitempty"`
	Diff    []AttrDiff `json:"diff,omitempty"`
	Script  *Script    `json:"-"`
}

// Plan is every step at the addresses of a relay, those that change nothing included.
type Plan struct {
	Account string `json:"account"`
	Worker  string `json:"worker"`
	Sites   []Site `json:"sites"`
	Steps   []Step `json:"steps"`
	// Dependents are the patterns of other routes that lead to Worker.
	Dependents []string `json:"dependents,omitempty"`
	// Left are the things of others at our addresses that a removal leaves where they are.
	Left []Object `json:"left,omitempty"`
	// Losing are those whose tokens stand and will not any more, where the relay stays managed.
	Losing []string `json:"losing,omitempty"`
	// RegionUnchecked says that nobody could tell whether the chosen region exists.
	RegionUnchecked bool `json:"region_unchecked,omitempty"`
}

// Changes gives the steps that do something.
func (p Plan) Changes() []Step {
	return slices.DeleteFunc(slices.Clone(p.Steps), func(s Step) bool { return s.Action == ActionNone })
}

// IsFirst tells whether the plan makes a relay where nothing of it stood before.
func (p Plan) IsFirst() bool {
	return len(p.Steps) > 0 && !slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Action != ActionCreate })
}

// Exposed gives the records that a removal would leave proxied and without our route while they lead to the placeholder: not
// ours any more by their mark, but made by us beyond doubt, and callers' keys would go to whoever has that address.
func (p Plan) Exposed() []Object {
	removesRoute := slices.ContainsFunc(p.Steps, func(s Step) bool {
		return s.Action == ActionDelete && s.Address.Kind == KindRoute
	})
	return slices.DeleteFunc(slices.Clone(p.Left), func(o Object) bool {
		return !removesRoute || o.Attrs[AttrProxied] != "true" || o.Attrs[AttrContent] != DefaultOrigin
	})
}

// Config gives what Observe needs to look at the same addresses again.
func (p Plan) Config() Config {
	c := Config{Account: p.Account, Worker: p.Worker}
	for _, site := range p.Sites {
		c.Domains = append(c.Domains, site.Host)
	}
	return c
}

// script gives the step of the Worker that the plan is about, or an empty one.
func (p Plan) script() Step {
	for _, step := range p.Steps {
		if step.Address.Kind == KindScript && step.Action != ActionDelete {
			return step
		}
	}
	return Step{}
}

// Build gives the build that the script of the plan will have, or "".
func (p Plan) Build() string { return p.script().After[AttrBuild] }

// Diff compares what should exist with what does. It is pure. What is not ours and stands in the way is an *Error with
// CodeConflict that names all of it, unless adopt takes it over; where nothing should exist it is left alone.
func Diff(desired Desired, o Observed, adopt bool) (Plan, error) {
	plan := Plan{
		Steps: []Step{}, Account: o.Account, Worker: o.Worker, Sites: o.Sites, Dependents: o.Dependents, RegionUnchecked: o.RegionUnchecked,
	}
	rest := slices.Clone(o.Objects)
	var conflicts []Object
	for _, want := range desired {
		var here []Object
		here, rest = takeAt(want.Address, rest)
		if foreign := foreignOf(here); !adopt && len(foreign) > 0 {
			conflicts = append(conflicts, foreign...)
			continue
		}
		plan.Steps = append(plan.Steps, stepsFor(want, here)...)
		if want.Script != nil && want.Script.Settings.Managed {
			plan.Losing = losing(o.script().Tokens, want.Script.Tokens)
		}
	}
	deploying := slices.ContainsFunc(desired, func(r Resource) bool { return r.Address.Kind == KindRoute })
	for _, object := range rest {
		switch {
		case object.Owned || deploying && adopt:
			plan.Steps = append(plan.Steps, deletion(object))
		case deploying:
			conflicts = append(conflicts, object)
		default:
			plan.Left = append(plan.Left, object)
		}
	}
	if len(conflicts) > 0 {
		return Plan{}, &Error{Code: CodeConflict, Conflicts: conflicts}
	}
	sortSteps(plan.Steps)
	return plan, nil
}

func takeAt(address Address, objects []Object) (here, rest []Object) {
	for _, object := range objects {
		if object.Address == address {
			here = append(here, object)
		} else {
			rest = append(rest, object)
		}
	}
	return here, rest
}

func foreignOf(objects []Object) []Object {
	return slices.DeleteFunc(slices.Clone(objects), func(o Object) bool { return o.Owned })
}

// stepsFor makes one of the things that stand at an address into the wanted one, and deletes the others: a host that has
// two records of ours, or an adopted AAAA beside its A.
func stepsFor(want Resource, here []Object) []Step {
	best := slices.IndexFunc(here, func(o Object) bool { return o.Owned && canBecome(o, want) })
	if best < 0 {
		best = slices.IndexFunc(here, func(o Object) bool { return canBecome(o, want) })
	}
	var steps []Step
	for i, object := range here {
		if i != best {
			steps = append(steps, deletion(object))
		}
	}
	if best < 0 {
		return append(steps, Step{Action: ActionCreate, Address: want.Address, After: want.Attrs, Script: want.Script})
	}
	return append(steps, change(want, here[best]))
}

// canBecome holds for everything but records of another type, which are replaced rather than changed.
func canBecome(o Object, want Resource) bool { return o.Attrs[AttrType] == want.Attrs[AttrType] }

func change(want Resource, have Object) Step {
	step := Step{
		Action: ActionNone, Address: want.Address, ID: have.ID, Adopt: !have.Owned,
		Before: have.Attrs, After: want.Attrs, Diff: have.Attrs.Diff(want.Attrs), Script: want.Script,
	}
	if len(step.Diff) > 0 || step.Adopt {
		step.Action = ActionUpdate
	}
	return step
}

func deletion(o Object) Step {
	return Step{Action: ActionDelete, Address: o.Address, ID: o.ID, Adopt: !o.Owned, Before: o.Attrs}
}

// phases is the one order in which things may change. The record comes last and goes first: it opens the door, and a
// proxied record without its route would send callers' keys to the address behind it. What is deleted of records and routes
// makes room, or clears the way, for the record that is created.
var phases = []struct {
	kind   Kind
	delete bool
}{
	{KindScript, false}, {KindRoute, false}, {KindRecord, true}, {KindRoute, true}, {KindRecord, false}, {KindScript, true},
}

func phaseOf(s Step) int {
	for i, phase := range phases {
		if phase.kind == s.Address.Kind && phase.delete == (s.Action == ActionDelete) {
			return i
		}
	}
	return len(phases)
}

func sortSteps(steps []Step) {
	slices.SortStableFunc(steps, func(a, b Step) int { return cmp.Compare(phaseOf(a), phaseOf(b)) })
}
