package provision

import (
	"context"
	"slices"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// planUndo plans to delete what a failed run has created at hosts that had nothing before and that it has not finished:
// the record, then the route, then a Worker that nothing else needs. What a concurrent run has created stays, and so do
// hosts at which one is running.
func (op *operation) planUndo(ctx context.Context, receipt Receipt) (plan.Plan, error) {
	unfinished := receipt.unfinishedNewHosts()
	configs := receipt.Plan.Configs(func(s plan.Site) bool { return slices.Contains(unfinished, s.Host) })
	if len(configs) == 0 {
		return plan.Plan{Steps: []plan.Step{}}, nil
	}
	o, found, err := op.observeAll(ctx, receipt, configs)
	if err != nil {
		return plan.Plan{}, err
	}
	if err := op.findDependents(ctx, &o, found); err != nil {
		return plan.Plan{}, err
	}
	p := plan.NewPlan(o, nil)
	created := receipt.created()
	for _, site := range o.Sites() {
		if !receipt.recordInvisible(site, o) {
			p.Steps = append(p.Steps, undoHost(site, o, created)...)
		}
	}
	// A host that stays needs its Worker, even if lists do not have its route yet.
	needed := map[plan.Address]bool{}
	for _, site := range receipt.Plan.Sites {
		route := plan.RouteAddress(site)
		if !slices.Contains(unfinished, site.Host) || created[route].ID != "" && !deletes(p.Steps, route) {
			needed[plan.ScriptAddress(site.Zone.Account, site.Worker)] = true
		}
	}
	for _, relay := range o.Relays {
		script, isCreated := created[relay.ScriptAddress()]
		exists := script.ID != "" || relay.Exists()
		isUnused := !needed[relay.ScriptAddress()] && len(relay.Dependents) == 0 && deletesAllRoutes(relay, p.Steps, o)
		if isCreated && exists && isUnused {
			script.ID = relay.Worker
			p.Steps = append(p.Steps, inverse(script))
		}
	}
	plan.SortSteps(p.Steps)
	return p, nil
}

// undo removes what a failed run has created at hosts that had nothing before, and returns the receipt of that.
func (op *operation) undo(ctx context.Context, receipt Receipt) (Receipt, error) {
	p, err := op.planUndo(ctx, receipt)
	if err == nil && len(p.Changes()) == 0 {
		return Receipt{}, nil
	}
	sites := len(receipt.Plan.Sites)
	op.emit(Event{Type: EventUndoStart, Done: sites - len(receipt.Unserved()), All: sites})
	var undone Receipt
	if err == nil {
		undone, err = op.apply(ctx, p)
	}
	op.emit(Event{Type: EventUndoEnd, Err: err})
	return undone, err
}

// maxRereads is how often lists are read again that do not have a resource which may have been created. It takes about
// seven seconds.
const maxRereads = 3

// observeAll observes until lists have all that the run may have created, within limits: a route must not be deleted
// while its record may exist.
func (op *operation) observeAll(ctx context.Context, receipt Receipt, configs []plan.Config) (plan.Observed, *plan.Snapshot, error) {
	isBehind := func(o plan.Observed) bool {
		return slices.ContainsFunc(receipt.Unknown, func(s plan.Step) bool {
			return s.Action == plan.ActionCreate && !o.HasOwned(s.Address)
		})
	}
	o, found, err := op.observe(ctx, configs)
	for reread := 0; reread < maxRereads && err == nil && isBehind(o); reread++ {
		if err := op.sleep(ctx, 2*firstWait<<reread); err != nil {
			return o, nil, interrupted(ctx, err)
		}
		o, found, err = op.observe(ctx, configs)
	}
	return o, found, err
}

// recordInvisible reports whether the record of a host exists, since the API refused another one, and is in no list.
// Such a host is left as it is: a record that cannot be found cannot be deleted, and needs its route.
func (r Receipt) recordInvisible(site plan.Site, o plan.Observed) bool {
	address := plan.RecordAddress(site)
	return r.IsHidden(plan.Step{Address: address}) && !o.HasOwned(address)
}

// unfinishedNewHosts returns the hosts for which everything was to be created and something failed or was not tried.
func (r Receipt) unfinishedNewHosts() []string {
	done := r.doneAddresses()
	var hosts []string
	for _, site := range r.Plan.Sites {
		isFirst, isFinished := true, true
		for _, step := range r.Plan.Steps {
			if step.Address.Kind == plan.KindScript || step.Host() != site.Host {
				continue
			}
			isFirst = isFirst && step.Action == plan.ActionCreate
			isFinished = isFinished && done[step.Address]
		}
		if isFirst && !isFinished {
			hosts = append(hosts, site.Host)
		}
	}
	return hosts
}

// created returns the steps that have created something, or may have, with its id if that is known.
func (r Receipt) created() map[plan.Address]plan.Step {
	created := map[plan.Address]plan.Step{}
	for _, step := range slices.Concat(r.Unknown, r.Done) {
		if step.Action == plan.ActionCreate && !r.FoundExisting[step.ID] {
			created[step.Address] = step
		}
	}
	return created
}

// undoHost returns the steps that delete the record and the route of a host. Lists may be behind, so what was created
// with a known id is deleted even if they do not have it.
func undoHost(site plan.Site, o plan.Observed, created map[plan.Address]plan.Step) []plan.Step {
	var steps []plan.Step
	record, createdRecord := created[plan.RecordAddress(site)]
	for _, object := range o.Objects {
		if object.Address != plan.RecordAddress(site) || !object.Owned {
			continue
		}
		if !createdRecord || record.ID != "" && record.ID != object.ID {
			return nil // a concurrent run's record, which needs the route
		}
		record.ID = object.ID
	}
	if createdRecord && record.ID != "" {
		steps = append(steps, inverse(record))
	}
	route, createdRoute := created[plan.RouteAddress(site)]
	for _, object := range o.Objects {
		if createdRoute && object.Address == plan.RouteAddress(site) && object.Owned && route.ID == "" {
			route.ID = object.ID
		}
	}
	if createdRoute && route.ID != "" {
		steps = append(steps, inverse(route))
	}
	return steps
}

// inverse returns the step that undoes a creation.
func inverse(step plan.Step) plan.Step {
	return plan.Step{Action: plan.ActionDelete, Address: step.Address, ID: step.ID, Before: step.After}
}

func deletes(steps []plan.Step, address plan.Address) bool {
	return slices.ContainsFunc(steps, func(s plan.Step) bool { return s.Address == address && s.Action == plan.ActionDelete })
}

// deletesAllRoutes reports whether steps delete all routes of a relay.
func deletesAllRoutes(relay plan.Relay, steps []plan.Step, o plan.Observed) bool {
	for _, site := range relay.Sites {
		hasRoute := slices.ContainsFunc(o.Objects, func(x plan.Object) bool {
			return x.Address == plan.RouteAddress(site) && x.Attrs[binding.AttrScript] == relay.Worker
		})
		if hasRoute && !deletes(steps, plan.RouteAddress(site)) {
			return false
		}
	}
	return true
}
