package provision

import (
	"context"
	"slices"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// PlanUndo plans to take back what a run has made at hosts that it has not finished and at which nothing stood before: the newest
// first, so the record, then the route, then the Worker that nobody else needs. What another run has made stays, and so does a
// host at which another run is at work. The plan has no change where there is nothing to take back.
func (s *session) planUndo(ctx context.Context, receipt Receipt) (plan.Plan, error) {
	unfinished := receipt.unfinishedNewHosts()
	configs := receipt.Plan.Configs(func(s plan.Site) bool { return slices.Contains(unfinished, s.Host) })
	if len(configs) == 0 {
		return plan.Plan{Steps: []plan.Step{}}, nil
	}
	o, found, err := s.observeAll(ctx, receipt, configs)
	if err != nil {
		return plan.Plan{}, err
	}
	if err := s.findDependents(ctx, &o, found); err != nil {
		return plan.Plan{}, err
	}
	p := plan.NewPlan(o, nil)
	made := receipt.created()
	for _, site := range o.Sites() {
		if !receipt.recordInvisible(site, o) {
			p.Steps = append(p.Steps, undoHost(site, o, made)...)
		}
	}
	for _, relay := range o.Relays {
		script, isMade := made[relay.ScriptAddress()]
		// A host that stays needs its Worker, whether or not a list shows its route yet.
		isNeeded := slices.ContainsFunc(receipt.Plan.Sites, func(s plan.Site) bool {
			stays := !slices.Contains(unfinished, s.Host) || made[plan.RouteAddress(s)].ID != "" && !deletes(p.Steps, plan.RouteAddress(s))
			return stays && plan.ScriptAddress(s.Zone.Account, s.Worker) == relay.ScriptAddress()
		})
		if isMade && !isNeeded && (script.ID != "" || relay.Exists()) && len(relay.Dependents) == 0 && deletesAllRoutes(relay, p.Steps, o) {
			script.ID = relay.Worker
			p.Steps = append(p.Steps, inverse(script))
		}
	}
	plan.SortSteps(p.Steps)
	return p, nil
}

// undo removes what a failed run has created at hosts that had nothing before, and returns the receipt of that.
func (s *session) undo(ctx context.Context, receipt Receipt) (Receipt, error) {
	p, err := s.planUndo(ctx, receipt)
	if err == nil && len(p.Changes()) == 0 {
		return Receipt{}, nil
	}
	sites := len(receipt.Plan.Sites)
	s.emit(Event{Type: EventUndoStart, Done: sites - len(receipt.Unserved()), All: sites})
	var undone Receipt
	if err == nil {
		undone, err = s.apply(ctx, p)
	}
	s.emit(Event{Type: EventUndoEnd, Err: err})
	return undone, err
}

// maxRereads are had for what may have been made and is not shown, about seven seconds in all.
const maxRereads = 3

// observeAll observes, and waits a while for lists that may be behind: a route must not go while the record that opens it may
// stand unseen.
func (s *session) observeAll(ctx context.Context, receipt Receipt, configs []plan.Config) (plan.Observed, *plan.Snapshot, error) {
	isUnseen := func(o plan.Observed) bool {
		return slices.ContainsFunc(receipt.Unknown, func(s plan.Step) bool {
			return s.Action == plan.ActionCreate && !o.HasOwned(s.Address)
		})
	}
	o, found, err := s.observe(ctx, configs)
	for look := 0; look < maxRereads && err == nil && isUnseen(o); look++ {
		if err := s.sleep(ctx, 2*firstWait<<look); err != nil {
			return o, nil, interrupted(ctx, err)
		}
		o, found, err = s.observe(ctx, configs)
	}
	return o, found, err
}

// recordInvisible tells a host whose record is there, since another one is refused, though no list shows it. It stays as it is: what
// cannot be found cannot be taken away, and needs its route.
func (r Receipt) recordInvisible(site plan.Site, o plan.Observed) bool {
	isRefused := slices.ContainsFunc(r.Failed, func(f Failure) bool {
		return f.Step.Address == plan.RecordAddress(site) && errcode.Of(f.Err) == errcode.Exists
	})
	return isRefused && !o.HasOwned(plan.RecordAddress(site))
}

// unfinishedNewHosts names the hosts of which something failed, or was not reached, and of which all was to be made.
func (r Receipt) unfinishedNewHosts() []string {
	done := r.doneAt()
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

// created gives what this run has made, and what it may have made, with its id where that is known.
func (r Receipt) created() map[plan.Address]plan.Step {
	made := map[plan.Address]plan.Step{}
	for _, step := range slices.Concat(r.Unknown, r.Done) {
		if step.Action == plan.ActionCreate && !r.Found[step.ID] {
			made[step.Address] = step
		}
	}
	return made
}

// undoHost takes back record and route of a host. A list may be behind, so what is known to be made goes by its id, whether the
// list shows it or not.
func undoHost(site plan.Site, o plan.Observed, made map[plan.Address]plan.Step) []plan.Step {
	var steps []plan.Step
	record, madeRecord := made[plan.RecordAddress(site)]
	for _, object := range o.Objects {
		if object.Address != plan.RecordAddress(site) || !object.Owned {
			continue
		}
		if !madeRecord || record.ID != "" && record.ID != object.ID {
			return nil // another run's, which needs the route
		}
		record.ID = object.ID
	}
	if madeRecord && record.ID != "" {
		steps = append(steps, inverse(record))
	}
	route, madeRoute := made[plan.RouteAddress(site)]
	for _, object := range o.Objects {
		if madeRoute && object.Address == plan.RouteAddress(site) && object.Owned && route.ID == "" {
			route.ID = object.ID
		}
	}
	if madeRoute && route.ID != "" {
		steps = append(steps, inverse(route))
	}
	return steps
}

func inverse(step plan.Step) plan.Step {
	return plan.Step{Action: plan.ActionDelete, Address: step.Address, ID: step.ID, Before: step.After}
}

func deletes(steps []plan.Step, address plan.Address) bool {
	return slices.ContainsFunc(steps, func(s plan.Step) bool { return s.Address == address && s.Action == plan.ActionDelete })
}

// deletesAllRoutes tells whether every route of the relay that stands is among those that go.
func deletesAllRoutes(relay plan.Relay, steps []plan.Step, o plan.Observed) bool {
	for _, site := range relay.Sites {
		stands := slices.ContainsFunc(o.Objects, func(x plan.Object) bool {
			return x.Address == plan.RouteAddress(site) && x.Attrs[binding.AttrScript] == relay.Worker
		})
		if stands && !deletes(steps, plan.RouteAddress(site)) {
			return false
		}
	}
	return true
}
