package provision

import (
	"context"
	"slices"
)

// Undo plans to take back what a run has made at hosts that it has not finished and at which nothing stood before: the newest
// first, so the record, then the route, then the Worker that nobody else needs. What another run has made stays, and so does a
// host at which another run is at work. The plan has no change where there is nothing to take back.
func (e *Engine) Undo(ctx context.Context, receipt Receipt) (Plan, error) {
	unfinished := receipt.firstUnfinished()
	configs := receipt.Plan.Configs(func(s Site) bool { return slices.Contains(unfinished, s.Host) })
	if len(configs) == 0 {
		return Plan{Steps: []Step{}}, nil
	}
	o, err := e.observeAll(ctx, receipt, configs)
	if err != nil {
		return Plan{}, err
	}
	if err := e.FindDependents(ctx, &o); err != nil {
		return Plan{}, err
	}
	plan := newPlan(o, nil)
	made := receipt.made()
	for _, site := range o.Sites() {
		if !receipt.isHidden(site, o) {
			plan.Steps = append(plan.Steps, undoHost(site, o, made)...)
		}
	}
	for _, relay := range o.Relays {
		script, isMade := made[relay.scriptAddress()]
		// A host that stays needs its Worker, whether or not a list shows its route yet.
		isNeeded := slices.ContainsFunc(receipt.Plan.Sites, func(s Site) bool {
			stays := !slices.Contains(unfinished, s.Host) || made[routeAddress(s)].ID != "" && !goes(plan.Steps, routeAddress(s))
			return stays && scriptAddress(s.Zone.Account, s.Worker) == relay.scriptAddress()
		})
		if isMade && !isNeeded && (script.ID != "" || relay.Stands()) && len(relay.Dependents) == 0 && goesToo(relay, plan.Steps, o) {
			script.ID = relay.Worker
			plan.Steps = append(plan.Steps, backwards(script))
		}
	}
	sortSteps(plan.Steps)
	return plan, nil
}

// moreLooks are had for what may have been made and is not shown, about seven seconds in all.
const moreLooks = 3

// observeAll observes, and waits a while for lists that may be behind: a route must not go while the record that opens it may
// stand unseen.
func (e *Engine) observeAll(ctx context.Context, receipt Receipt, configs []Config) (Observed, error) {
	isUnseen := func(o Observed) bool {
		return slices.ContainsFunc(receipt.Unknown, func(s Step) bool {
			return s.Action == ActionCreate && !o.showsOurs(s.Address)
		})
	}
	o, err := e.Observe(ctx, configs...)
	for look := 0; look < moreLooks && err == nil && isUnseen(o); look++ {
		if err := e.sleep(ctx, 2*firstWait<<look); err != nil {
			return o, interrupted(ctx, err)
		}
		o, err = e.Observe(ctx, configs...)
	}
	return o, err
}

// isHidden tells a host whose record is there, since another one is refused, though no list shows it. It stays as it is: what
// cannot be found cannot be taken away, and needs its route.
func (r Receipt) isHidden(site Site, o Observed) bool {
	isRefused := slices.ContainsFunc(r.Failed, func(f Failure) bool {
		return f.Step.Address == recordAddress(site) && CodeOf(f.Err) == CodeExists
	})
	return isRefused && !o.showsOurs(recordAddress(site))
}

// showsOurs tells whether something of ours is seen at an address, whatever else is.
func (o Observed) showsOurs(address Address) bool {
	return slices.ContainsFunc(o.Objects, func(x Object) bool { return x.Address == address && x.Owned })
}

// firstUnfinished names the hosts of which something failed, or was not reached, and of which all was to be made.
func (r Receipt) firstUnfinished() []string {
	done := r.doneAt()
	var hosts []string
	for _, site := range r.Plan.Sites {
		isFirst, isFinished := true, true
		for _, step := range r.Plan.Steps {
			if step.Address.Kind == KindScript || step.Host() != site.Host {
				continue
			}
			isFirst = isFirst && step.Action == ActionCreate
			isFinished = isFinished && done[step.Address]
		}
		if isFirst && !isFinished {
			hosts = append(hosts, site.Host)
		}
	}
	return hosts
}

// made gives what this run has made, and what it may have made, with its id where that is known.
func (r Receipt) made() map[Address]Step {
	made := map[Address]Step{}
	for _, step := range slices.Concat(r.Unknown, r.Done) {
		if step.Action == ActionCreate && !r.Found[step.ID] {
			made[step.Address] = step
		}
	}
	return made
}

// undoHost takes back record and route of a host. A list may be behind, so what is known to be made goes by its id, whether the
// list shows it or not.
func undoHost(site Site, o Observed, made map[Address]Step) []Step {
	var steps []Step
	record, madeRecord := made[recordAddress(site)]
	for _, object := range o.Objects {
		if object.Address != recordAddress(site) || !object.Owned {
			continue
		}
		if !madeRecord || record.ID != "" && record.ID != object.ID {
			return nil // another run's, which needs the route
		}
		record.ID = object.ID
	}
	if madeRecord && record.ID != "" {
		steps = append(steps, backwards(record))
	}
	route, madeRoute := made[routeAddress(site)]
	for _, object := range o.Objects {
		if madeRoute && object.Address == routeAddress(site) && object.Owned && route.ID == "" {
			route.ID = object.ID
		}
	}
	if madeRoute && route.ID != "" {
		steps = append(steps, backwards(route))
	}
	return steps
}

func backwards(step Step) Step {
	return Step{Action: ActionDelete, Address: step.Address, ID: step.ID, Before: step.After}
}

func goes(steps []Step, address Address) bool {
	return slices.ContainsFunc(steps, func(s Step) bool { return s.Address == address && s.Action == ActionDelete })
}

// goesToo tells whether every route of the relay that stands is among those that go.
func goesToo(relay Relay, steps []Step, o Observed) bool {
	for _, site := range relay.Sites {
		stands := slices.ContainsFunc(o.Objects, func(x Object) bool {
			return x.Address == routeAddress(site) && x.Attrs[AttrScript] == relay.Worker
		})
		if stands && !goes(steps, routeAddress(site)) {
			return false
		}
	}
	return true
}
