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

// Reconcile looks once more at hosts of which this run has made or removed the record, for what another run may have done at the
// same time: of two records of ours it keeps one, and a record of ours that has lost its route or its Worker it takes away. It
// gives the steps that it has done. Two calls a zone, one look at each Worker that this run has not written, and no write where
// nobody was in the way. Of very many zones those alone are looked at in which another run has shown itself.
func (s *session) reconcile(ctx context.Context, receipt Receipt) ([]plan.Step, error) {
	hosts := map[string]bool{}
	wanted := map[plan.Address]plan.Step{}
	gone := map[plan.Address]bool{}
	for _, step := range receipt.Done {
		switch {
		case step.Address.Kind == plan.KindRecord && step.Action != plan.ActionDelete:
			wanted[step.Address] = step
			hosts[step.Host()] = true
		case step.Action == plan.ActionDelete:
			hosts[step.Host()] = true
			gone[step.Address] = true
		}
	}
	var sites []plan.Site
	for _, site := range receipt.Plan.Sites {
		if hosts[site.Host] || gone[plan.ScriptAddress(site.Zone.Account, site.Worker)] {
			sites = append(sites, site)
		}
	}
	if len(plan.ZonesOf(sites)) > maxZonesReconciled {
		sites = slices.DeleteFunc(sites, func(s plan.Site) bool { return !receipt.sawConcurrentRun(s) })
	}
	now, err := s.readPostState(ctx, receipt, sites, len(gone) > 0)
	if err != nil {
		return nil, err
	}
	var done []plan.Step
	var errs []error
	for _, site := range sites {
		steps, err := s.reconcileHost(ctx, receipt, site, wanted[plan.RecordAddress(site)], now)
		done, errs = append(done, steps...), append(errs, err)
		if err == nil && len(steps) == 0 && receipt.isUndone(site, now.routes[plan.RouteAddress(site)]) {
			errs = append(errs, errConcurrentChange(site))
		}
	}
	return done, errors.Join(errs...)
}

// maxZonesReconciled are looked at for the mere chance that another run was at work: of more it would cost too many calls.
const maxZonesReconciled = 50

// sawConcurrentRun tells whether what this run was to make at a host was there before it came to it.
func (r Receipt) sawConcurrentRun(site plan.Site) bool {
	return slices.ContainsFunc(r.Done, func(s plan.Step) bool { return r.Found[s.ID] && s.Host() == site.Host })
}

// postState is what stands at hosts after a run: their records with our mark, their routes, and the Workers that these lead to.
type postState struct {
	ours    map[plan.Address][]plan.Object
	routes  map[plan.Address]plan.Object
	scripts map[plan.Address]*plan.Object
}

// readPostState reads the records first: what another run makes between two reads has its route before its record, so a record that
// was seen never lacks a route that was not there yet. A Worker that this run has written is taken to be there: whoever removes
// it takes the routes to it away as well, since a run that removes looks at every Worker.
func (s *session) readPostState(ctx context.Context, receipt Receipt, sites []plan.Site, removes bool) (postState, error) {
	now := postState{map[plan.Address][]plan.Object{}, map[plan.Address]plan.Object{}, map[plan.Address]*plan.Object{}}
	zones := plan.ZonesOf(sites)
	records, err := s.records(ctx, zones, sites)
	if err != nil {
		return now, err
	}
	routes, err := parallelMap(ctx, zones, s.zoneRoutes)
	if err != nil {
		return now, err
	}
	for _, route := range slices.Concat(routes...) {
		now.routes[route.Address] = route
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
		now.ours[plan.RecordAddress(site)] = ours
		worker := plan.ScriptAddress(site.Zone.Account, now.routes[plan.RouteAddress(site)].Attrs[binding.AttrScript])
		if !removes && receipt.hasWritten(worker) {
			now.scripts[worker] = &plan.Object{Address: worker}
		} else {
			workers = append(workers, worker)
		}
	}
	slices.SortFunc(workers, func(a, b plan.Address) int { return strings.Compare(a.Parent+" "+a.Name, b.Parent+" "+b.Name) })
	workers = slices.DeleteFunc(slices.Compact(workers), func(a plan.Address) bool { return a.Name == "" })
	scripts, err := parallelMap(ctx, workers, s.script)
	for i := range scripts {
		now.scripts[workers[i]] = scripts[i]
	}
	return now, err
}

// hasWritten tells whether this run has made or changed what is at an address.
func (r Receipt) hasWritten(address plan.Address) bool {
	return slices.ContainsFunc(r.Done, func(s plan.Step) bool { return s.Address == address && s.Action != plan.ActionDelete })
}

// ownedRecords gives the records that bear our mark, in the order of their ids.
func ownedRecords(records []plan.Object) []plan.Object {
	ours := slices.DeleteFunc(slices.Clone(records), func(o plan.Object) bool { return !o.Owned })
	slices.SortFunc(ours, func(a, b plan.Object) int { return cmp.Compare(a.ID, b.ID) })
	return ours
}

// reconcileHost leaves one record of ours at a host that is served, and none, nor a route of ours, at one that is not.
func (s *session) reconcileHost(ctx context.Context, receipt Receipt, site plan.Site, want plan.Step, now postState) ([]plan.Step, error) {
	ours := now.ours[plan.RecordAddress(site)]
	route, stands := now.routes[plan.RouteAddress(site)]
	if len(ours) == 0 && (want.Action != "" || !stands || route.Attrs[binding.AttrScript] != site.Worker) {
		return nil, nil
	}
	isServed, err := s.isServed(ctx, receipt, site, now)
	if err != nil {
		return nil, err
	}
	var steps []plan.Step
	// Both of two runs that do this keep the same one, the first by its id, so that one is left whoever is faster.
	for i, record := range ours {
		if !isServed || i > 0 {
			steps = append(steps, plan.DeleteStep(record))
		}
	}
	switch {
	case !isServed && stands && route.Attrs[binding.AttrScript] != "":
		steps = append(steps, plan.DeleteStep(route)) // to a Worker that another run has removed
	case isServed && want.Action != "" && len(ours) > 1 && len(ours[0].Attrs.Diff(want.After)) > 0:
		want.Action, want.ID, want.Before = plan.ActionUpdate, ours[0].ID, ours[0].Attrs
		steps = append(steps, want)
	}
	for i, step := range steps {
		if _, err := s.applyWithRetry(ctx, receipt.Plan, step); err != nil {
			return steps[:i], err
		}
	}
	if !isServed && want.Action != "" {
		err = errConcurrentChange(site)
	}
	return steps, err
}

// isUndone tells a removal after which another run has led the host to its Worker again. A list may still show the route that
// was there before.
func (r Receipt) isUndone(site plan.Site, route plan.Object) bool {
	keeps := func(s plan.Step) bool {
		return s.Address == route.Address && (s.Action != plan.ActionDelete || s.ID == route.ID)
	}
	return route.Attrs[binding.AttrScript] == site.Worker && !slices.ContainsFunc(r.Plan.Steps, keeps)
}

func errConcurrentChange(site plan.Site) *errcode.Error {
	return errcode.New(errcode.ConcurrentChange, "host", site.Host, "pattern", plan.RoutePattern(site.Host), "worker", site.Worker)
}

// isServed tells whether a host's route leads to a Worker that is there. A list may be behind, so what it does not show is
// not missing for that: the route is written again, and a write sees what is true. One to a route that is gone fails, and so
// does one that leads to a Worker that is gone.
func (s *session) isServed(ctx context.Context, receipt Receipt, site plan.Site, now postState) (bool, error) {
	route, isShown := now.routes[plan.RouteAddress(site)]
	step := plan.Step{Address: route.Address, ID: route.ID, After: route.Attrs}
	if isShown {
		name := route.Attrs[binding.AttrScript]
		if name == "" || now.scripts[plan.ScriptAddress(site.Zone.Account, name)] != nil {
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
	_, err := s.applyWithRetry(ctx, receipt.Plan, step)
	if slices.Contains([]errcode.Code{errcode.Gone, errcode.ScriptNotVisible}, errcode.Of(err)) {
		return false, nil
	}
	return err == nil, err
}
