package provision

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
)

// Settle looks once more at hosts of which this run has made or removed the record, for what another run may have done at the
// same time: of two records of ours it keeps one, and a record of ours that has lost its route or its Worker it takes away. It
// gives the steps that it has done. Two calls a zone, one look at each Worker that this run has not written, and no write where
// nobody was in the way. Of very many zones those alone are looked at in which another run has shown itself.
func (e *Engine) Settle(ctx context.Context, receipt Receipt) ([]Step, error) {
	hosts := map[string]bool{}
	wanted := map[Address]Step{}
	gone := map[Address]bool{}
	for _, step := range receipt.Done {
		switch {
		case step.Address.Kind == KindRecord && step.Action != ActionDelete:
			wanted[step.Address] = step
			hosts[step.Host()] = true
		case step.Action == ActionDelete:
			hosts[step.Host()] = true
			gone[step.Address] = true
		}
	}
	var sites []Site
	for _, site := range receipt.Plan.Sites {
		if hosts[site.Host] || gone[scriptAddress(site.Zone.Account, site.Worker)] {
			sites = append(sites, site)
		}
	}
	if len(zonesOf(sites)) > mostZonesSettled {
		sites = slices.DeleteFunc(sites, func(s Site) bool { return !receipt.metOthersAt(s) })
	}
	now, err := e.lookAfter(ctx, receipt, sites, len(gone) > 0)
	if err != nil {
		return nil, err
	}
	var done []Step
	var errs []error
	for _, site := range sites {
		steps, err := e.settleHost(ctx, receipt, site, wanted[recordAddress(site)], now)
		done, errs = append(done, steps...), append(errs, err)
		if err == nil && len(steps) == 0 && receipt.isUndone(site, now.routes[routeAddress(site)]) {
			errs = append(errs, changedMeanwhile(site))
		}
	}
	return done, errors.Join(errs...)
}

// mostZonesSettled are looked at for the mere chance that another run was at work: of more it would cost too many calls.
const mostZonesSettled = 50

// metOthersAt tells whether what this run was to make at a host was there before it came to it.
func (r Receipt) metOthersAt(site Site) bool {
	return slices.ContainsFunc(r.Done, func(s Step) bool { return r.Found[s.ID] && s.Host() == site.Host })
}

// aftermath is what stands at hosts after a run: their records with our mark, their routes, and the Workers that these lead to.
type aftermath struct {
	ours    map[Address][]Object
	routes  map[Address]Object
	scripts map[Address]*Object
}

// lookAfter reads the records first: what another run makes between two reads has its route before its record, so a record that
// was seen never lacks a route that was not there yet. A Worker that this run has written is taken to be there: whoever removes
// it takes the routes to it away as well, since a run that removes looks at every Worker.
func (e *Engine) lookAfter(ctx context.Context, receipt Receipt, sites []Site, removes bool) (aftermath, error) {
	now := aftermath{map[Address][]Object{}, map[Address]Object{}, map[Address]*Object{}}
	zones := zonesOf(sites)
	records, err := e.records(ctx, zones, sites)
	if err != nil {
		return now, err
	}
	routes, err := inEach(ctx, zones, e.zoneRoutes)
	if err != nil {
		return now, err
	}
	for _, route := range slices.Concat(routes...) {
		now.routes[route.Address] = route
	}
	var found []Object
	for _, list := range records {
		found = append(found, list.Found...)
	}
	at := byAddress(found)
	var workers []Address
	for _, site := range sites {
		ours := marked(at[recordAddress(site)])
		if len(ours) == 0 && !removes {
			continue
		}
		now.ours[recordAddress(site)] = ours
		worker := scriptAddress(site.Zone.Account, now.routes[routeAddress(site)].Attrs[AttrScript])
		if !removes && receipt.hasWritten(worker) {
			now.scripts[worker] = &Object{Address: worker}
		} else {
			workers = append(workers, worker)
		}
	}
	slices.SortFunc(workers, func(a, b Address) int { return strings.Compare(a.Parent+" "+a.Name, b.Parent+" "+b.Name) })
	workers = slices.DeleteFunc(slices.Compact(workers), func(a Address) bool { return a.Name == "" })
	scripts, err := inEach(ctx, workers, e.script)
	for i := range scripts {
		now.scripts[workers[i]] = scripts[i]
	}
	return now, err
}

// hasWritten tells whether this run has made or changed what is at an address.
func (r Receipt) hasWritten(address Address) bool {
	return slices.ContainsFunc(r.Done, func(s Step) bool { return s.Address == address && s.Action != ActionDelete })
}

// marked gives the records that bear our mark, in the order of their ids.
func marked(records []Object) []Object {
	ours := slices.DeleteFunc(slices.Clone(records), func(o Object) bool { return !o.Owned })
	slices.SortFunc(ours, func(a, b Object) int { return cmp.Compare(a.ID, b.ID) })
	return ours
}

// settleHost leaves one record of ours at a host that is served, and none, nor a route of ours, at one that is not.
func (e *Engine) settleHost(ctx context.Context, receipt Receipt, site Site, want Step, now aftermath) ([]Step, error) {
	ours := now.ours[recordAddress(site)]
	route, stands := now.routes[routeAddress(site)]
	if len(ours) == 0 && (want.Action != "" || !stands || route.Attrs[AttrScript] != site.Worker) {
		return nil, nil
	}
	isServed, err := e.isServed(ctx, receipt, site, now)
	if err != nil {
		return nil, err
	}
	var steps []Step
	// Both of two runs that do this keep the same one, the first by its id, so that one is left whoever is faster.
	for i, record := range ours {
		if !isServed || i > 0 {
			steps = append(steps, deletion(record))
		}
	}
	switch {
	case !isServed && stands && route.Attrs[AttrScript] != "":
		steps = append(steps, deletion(route)) // to a Worker that another run has removed
	case isServed && want.Action != "" && len(ours) > 1 && len(ours[0].Attrs.Diff(want.After)) > 0:
		want.Action, want.ID, want.Before = ActionUpdate, ours[0].ID, ours[0].Attrs
		steps = append(steps, want)
	}
	for i, step := range steps {
		if _, err := e.single(ctx, receipt.Plan, step); err != nil {
			return steps[:i], err
		}
	}
	if !isServed && want.Action != "" {
		err = changedMeanwhile(site)
	}
	return steps, err
}

// isUndone tells a removal after which another run has led the host to its Worker again. A list may still show the route that
// was there before.
func (r Receipt) isUndone(site Site, route Object) bool {
	keeps := func(s Step) bool { return s.Address == route.Address && (s.Action != ActionDelete || s.ID == route.ID) }
	return route.Attrs[AttrScript] == site.Worker && !slices.ContainsFunc(r.Plan.Steps, keeps)
}

func changedMeanwhile(site Site) *Error {
	return newError(CodeChanged, "host", site.Host, "pattern", RoutePattern(site.Host), "worker", site.Worker)
}

// isServed tells whether a host's route leads to a Worker that is there. A list may be behind, so what it does not show is
// not missing for that: the route is written again, and a write sees what is true. One to a route that is gone fails, and so
// does one that leads to a Worker that is gone.
func (e *Engine) isServed(ctx context.Context, receipt Receipt, site Site, now aftermath) (bool, error) {
	route, isShown := now.routes[routeAddress(site)]
	step := Step{Address: route.Address, ID: route.ID, After: route.Attrs}
	if isShown {
		name := route.Attrs[AttrScript]
		if name == "" || now.scripts[scriptAddress(site.Zone.Account, name)] != nil {
			return name != "", nil
		}
	} else {
		i := slices.IndexFunc(receipt.Done, func(s Step) bool { return s.Address == routeAddress(site) && s.Action != ActionDelete })
		if i < 0 {
			return false, nil
		}
		step = receipt.Done[i]
	}
	step.Action = ActionUpdate
	_, err := e.single(ctx, receipt.Plan, step)
	if slices.Contains([]Code{CodeGone, CodeScriptUnseen}, CodeOf(err)) {
		return false, nil
	}
	return err == nil, err
}
