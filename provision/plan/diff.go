package plan

import (
	"slices"

	"github.com/cfproxy/cfproxy/provision/binding"
)

// Diff returns the plan that turns what was observed into what is desired.
//
// Objects of ours that are not desired are deleted. For objects that are not ours it depends: if nothing is to be
// deployed they are left alone and listed as Unmanaged, and if adopt is true they are taken over. Otherwise the hosts
// that they conflict with are skipped. If no host is left, the error is a *ConflictError, or HostErrors if other hosts
// were skipped before. A host with a read-only record that the plan would change, or with a delegation, is skipped
// even if adopt is true; if nothing is to be deployed, such a record is an error. Diff also returns an *errcode.Error with code errcode.ZoneFull
// if a zone's plan does not allow the new records and routes.
func Diff(desired Desired, o Observed, adopt bool) (Plan, error) {
	skipped := slices.Clone(o.Skipped)
	var err error
	if desired.deploys() && !adopt {
		isForeign := func(x Object) bool { return !x.Owned && !x.Edited }
		if o, desired, skipped, err = skipConflicts(o, desired, skipped, isForeign); err != nil {
			return Plan{}, err
		}
	}
	plan := diff(desired, o, skipped)
	if fixed := plan.fixedObjects(o); len(fixed) > 0 {
		if !desired.deploys() {
			return Plan{}, newConflictError(fixed)
		}
		isFixed := func(x Object) bool { return slices.ContainsFunc(fixed, func(r Object) bool { return r.ID == x.ID }) }
		if o, desired, skipped, err = skipConflicts(o, desired, skipped, isFixed); err != nil {
			return Plan{}, err
		}
		plan = diff(desired, o, skipped)
	}
	return plan, checkQuotas(plan, o)
}

// Preview is Diff with adoption for a plan that is only displayed: it also has steps on read-only records.
func Preview(desired Desired, o Observed) (Plan, error) {
	plan := diff(desired, o, slices.Clone(o.Skipped))
	return plan, checkQuotas(plan, o)
}

// diff returns the plan for all observed objects, ours or not.
func diff(desired Desired, o Observed, skipped []HostError) Plan {
	plan := NewPlan(o, skipped)
	existing := GroupByAddress(o.Objects)
	for _, want := range desired {
		plan.Steps = append(plan.Steps, diffResource(want, existing[want.Address])...)
		delete(existing, want.Address)
	}
	for _, object := range o.Objects {
		if _, isUndesired := existing[object.Address]; !isUndesired {
			continue
		}
		switch {
		case desired.deploys() && object.Conflict == ConflictWiderRoute:
			plan.Steps = append(plan.Steps, keepWiderRoute(object))
		case object.Owned || desired.deploys():
			plan.Steps = append(plan.Steps, DeleteStep(object))
		default:
			plan.Unmanaged = append(plan.Unmanaged, object)
		}
	}
	for i := range plan.Relays {
		relay := &plan.Relays[i]
		if upload := plan.scriptStep(*relay).Upload; upload != nil && upload.Settings.Managed {
			relay.RevokedTokens = binding.RevokedTokens(relay.Script.Tokens, upload.Tokens)
		}
	}
	SortSteps(plan.Steps)
	return plan
}

// fixedObjects returns the read-only records and the delegations that the plan would change or delete.
func (p Plan) fixedObjects(o Observed) []Object {
	isChanged := map[string]bool{}
	for _, step := range p.Changes() {
		isChanged[step.ID] = step.Address.Kind == KindRecord
	}
	return slices.DeleteFunc(slices.Clone(o.Objects), func(x Object) bool { return x.Manager == "" && x.Conflict != ConflictDelegation || !isChanged[x.ID] })
}

// diffResource returns the steps for one desired resource: one of the existing objects at its address is updated and
// the others are deleted, such as a duplicate record of ours or an adopted AAAA record next to the A record. If none can
// be updated, the resource is created.
func diffResource(want Resource, existing []Object) []Step {
	best := slices.IndexFunc(existing, func(o Object) bool { return o.Owned && canUpdate(o, want) })
	if best < 0 {
		best = slices.IndexFunc(existing, func(o Object) bool { return canUpdate(o, want) })
	}
	var steps []Step
	for i, object := range existing {
		if i != best {
			steps = append(steps, DeleteStep(object))
		}
	}
	if best < 0 {
		return append(steps, Step{Action: ActionCreate, Address: want.Address, After: want.Attrs, Upload: want.Upload})
	}
	return append(steps, updateStep(want, existing[best]))
}

// canUpdate reports whether an object can become the resource. Records of another type are replaced instead.
func canUpdate(o Object, want Resource) bool {
	return o.Attrs[binding.AttrType] == want.Attrs[binding.AttrType]
}
