package provision

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// reconcile reads the hosts again whose record a run has written, whose route it has created, or from which it has
// deleted something, and repairs what a concurrent run did there: of two records of ours it keeps one, and it deletes a
// record of ours that has lost its route or its Worker. It returns the steps that it has applied. What it cannot repair
// is an error with errcode.ConcurrentChange.
//
// It makes two calls per zone, and one for each Worker that the run has not written. Nothing is written if there was no
// concurrent run. If there are very many zones, only hosts at which the run met a concurrent one are read.
func (op *operation) reconcile(ctx context.Context, receipt Receipt) ([]plan.Step, error) {
	hosts := map[string]bool{}
	wanted := map[plan.Address]plan.Step{}
	deleted := map[plan.Address]bool{}
	for _, step := range receipt.Done {
		switch {
		case step.Address.Kind == plan.KindRecord && step.Action != plan.ActionDelete:
			wanted[step.Address] = step
			hosts[step.Host()] = true
		case step.Action == plan.ActionDelete:
			hosts[step.Host()] = true
			deleted[step.Address] = true
		case step.Address.Kind == plan.KindRoute && step.Action == plan.ActionCreate:
			hosts[step.Host()] = true
		}
	}
	var sites []plan.Site
	for _, site := range receipt.Plan.Sites {
		if hosts[site.Host] || deleted[plan.ScriptAddress(site.Zone.Account, site.Worker)] {
			sites = append(sites, site)
		}
	}
	if len(plan.ZonesOf(sites)) > maxZonesReconciled {
		sites = slices.DeleteFunc(sites, func(s plan.Site) bool { return !receipt.sawConcurrentRun(s) })
	}
	state, err := op.readPostState(ctx, receipt, sites, len(deleted) > 0)
	if err != nil {
		return nil, err
	}
	var done []plan.Step
	var errs []error
	for _, site := range sites {
		if receipt.expectsRecord(site) && len(state.ours[plan.RecordAddress(site)]) == 0 {
			errs = append(errs, errConcurrentChange(site))
			continue
		}
		steps, err := op.reconcileHost(ctx, receipt, site, wanted[plan.RecordAddress(site)], state)
		done, errs = append(done, steps...), append(errs, err)
		if err == nil && len(steps) == 0 && receipt.wasRedeployed(site, state.routes[plan.RouteAddress(site)]) {
			errs = append(errs, errConcurrentChange(site))
		}
	}
	return done, errors.Join(errs...)
}

// maxZonesReconciled is the number of zones that are read without a sign of a concurrent run. More would cost too many
// calls.
const maxZonesReconciled = 50

// expectsRecord reports whether the run created the route of a host that had its record already. If that is gone now, a
// concurrent run has deleted both.
func (r Receipt) expectsRecord(site plan.Site) bool {
	at := func(steps []plan.Step, address plan.Address, action plan.Action) bool {
		return slices.ContainsFunc(steps, func(s plan.Step) bool { return s.Address == address && s.Action == action })
	}
	return at(r.Done, plan.RouteAddress(site), plan.ActionCreate) && at(r.Plan.Steps, plan.RecordAddress(site), plan.ActionNone)
}

// sawConcurrentRun reports whether the run found something at a host that it was about to create.
func (r Receipt) sawConcurrentRun(site plan.Site) bool {
	return slices.ContainsFunc(r.Done, func(s plan.Step) bool { return r.FoundExisting[s.ID] && s.Host() == site.Host })
}

// postState is the account state at the hosts after a run: their records that are ours, sorted by id, their routes, and
// the Workers that these point to.
type postState struct {
	ours    map[plan.Address][]plan.Object
	routes  map[plan.Address]plan.Object
	scripts map[plan.Address]*plan.Object
}

// readPostState reads the records before the routes: a concurrent run creates the route before the record, so every
// record read has its route. A Worker that this run has written is not read: a run that deletes it deletes its routes
// before.
func (op *operation) readPostState(ctx context.Context, receipt Receipt, sites []plan.Site, removes bool) (postState, error) {
	state := postState{map[plan.Address][]plan.Object{}, map[plan.Address]plan.Object{}, map[plan.Address]*plan.Object{}}
	zones := plan.ZonesOf(sites)
	records, err := op.records(ctx, zones, sites)
	if err != nil {
		return state, err
	}
	routes, err := parallelMap(ctx, zones, op.zoneRoutes)
	if err != nil {
		return state, err
	}
	for _, route := range slices.Concat(routes...) {
		state.routes[route.Address] = route
	}
	var found []plan.Object
	for _, list := range records {
		found = append(found, list.Found...)
	}
	at := plan.GroupByAddress(found)
	var workers []plan.Address
	for _, site := range sites {
		ours := ownedRecords(at[plan.RecordAddress(site)])
		if len(ours) == 0 && !removes {
			continue
		}
		state.ours[plan.RecordAddress(site)] = ours
		worker := plan.ScriptAddress(site.Zone.Account, state.routes[plan.RouteAddress(site)].Attrs[binding.AttrScript])
		if !removes && receipt.hasWritten(worker) {
			state.scripts[worker] = &plan.Object{Address: worker}
		} else {
			workers = append(workers, worker)
		}
	}
	slices.SortFunc(workers, func(a, b plan.Address) int { return strings.Compare(a.Parent+" "+a.Name, b.Parent+" "+b.Name) })
	workers = slices.DeleteFunc(slices.Compact(workers), func(a plan.Address) bool { return a.Name == "" })
	scripts, err := parallelMap(ctx, workers, op.script)
	for i := range scripts {
		state.scripts[workers[i]] = scripts[i]
	}
	return state, err
}

// hasWritten reports whether the run has created or updated the resource at an address.
func (r Receipt) hasWritten(address plan.Address) bool {
	return slices.ContainsFunc(r.Done, func(s plan.Step) bool { return s.Address == address && s.Action != plan.ActionDelete })
}

// ownedRecords returns the records that are ours, sorted by id.
func ownedRecords(records []plan.Object) []plan.Object {
	ours := slices.DeleteFunc(slices.Clone(records), func(o plan.Object) bool { return !o.Owned })
	slices.SortFunc(ours, func(a, b plan.Object) int { return cmp.Compare(a.ID, b.ID) })
	return ours
}

// reconcileHost leaves one record of ours at a host that is served, and no record and no route of ours at one that is
// not. want is the step that wrote the record, if there was one.
func (op *operation) reconcileHost(ctx context.Context, receipt Receipt, site plan.Site, want plan.Step, state postState) ([]plan.Step, error) {
	ours := state.ours[plan.RecordAddress(site)]
	route, hasRoute := state.routes[plan.RouteAddress(site)]
	if len(ours) == 0 && (want.Action != "" || !hasRoute || route.Attrs[binding.AttrScript] != site.Worker) {
		return nil, nil
	}
	isServed, err := op.isServed(ctx, receipt, site, state)
	if err != nil {
		return nil, err
	}
	var steps []plan.Step
	// Two runs that reconcile at the same time keep the same record, the first by id.
	for i, record := range ours {
		if !isServed || i > 0 {
			steps = append(steps, plan.DeleteStep(record))
		}
	}
	switch {
	case !isServed && hasRoute && route.Attrs[binding.AttrScript] != "":
		steps = append(steps, plan.DeleteStep(route)) // to a Worker that a concurrent run has deleted
	case isServed && want.Action != "" && len(ours) > 1 && len(ours[0].Attrs.Diff(want.After)) > 0:
		want.Action, want.ID, want.Before = plan.ActionUpdate, ours[0].ID, ours[0].Attrs
		steps = append(steps, want)
	}
	for i, step := range steps {
		if _, err := op.applyWithRetry(ctx, receipt.Plan, step); err != nil {
			return steps[:i], err
		}
	}
	if !isServed && want.Action != "" {
		err = errConcurrentChange(site)
	}
	return steps, err
}

// wasRedeployed reports whether a concurrent run has created the route of a host again that this run has deleted. Lists
// may still have the old route.
func (r Receipt) wasRedeployed(site plan.Site, route plan.Object) bool {
	isPlanned := func(s plan.Step) bool {
		return s.Address == route.Address && (s.Action != plan.ActionDelete || s.ID == route.ID)
	}
	return route.Attrs[binding.AttrScript] == site.Worker && !slices.ContainsFunc(r.Plan.Steps, isPlanned)
}

func errConcurrentChange(site plan.Site) *errcode.Error {
	return errcode.New(errcode.ConcurrentChange, "host", site.Host, "pattern", plan.RoutePattern(site.Host), "worker", site.Worker)
}

// isServed reports whether a host's route points to an existing Worker. Lists may be behind, so if one of them is
// missing it writes the route again: an update fails if the route, or its Worker, does not exist.
func (op *operation) isServed(ctx context.Context, receipt Receipt, site plan.Site, state postState) (bool, error) {
	route, isListed := state.routes[plan.RouteAddress(site)]
	step := plan.Step{Address: route.Address, ID: route.ID, After: route.Attrs}
	if isListed {
		name := route.Attrs[binding.AttrScript]
		if name == "" || state.scripts[plan.ScriptAddress(site.Zone.Account, name)] != nil {
			return name != "", nil
		}
	} else {
		i := slices.IndexFunc(receipt.Done, func(s plan.Step) bool { return s.Address == plan.RouteAddress(site) && s.Action != plan.ActionDelete })
		if i < 0 {
			return false, nil
		}
		step = receipt.Done[i]
	}
	step.Action = plan.ActionUpdate
	_, err := op.applyWithRetry(ctx, receipt.Plan, step)
	if slices.Contains([]errcode.Code{errcode.Gone, errcode.ScriptNotVisible}, errcode.Of(err)) {
		return false, nil
	}
	return err == nil, err
}
