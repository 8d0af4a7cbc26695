package provision

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// Settle looks once more at hosts of which this run has made or removed the record, for what another run may have done at the
// same time: of two records of ours it keeps one, and a record of ours that has lost its route it takes away. It gives the
// steps that it has done. Two calls a zone, and no write where nobody was in the way.
func (e *Engine) Settle(ctx context.Context, receipt Receipt) ([]Step, error) {
	hosts := map[string]bool{}
	wanted := map[Address]Step{}
	for _, step := range receipt.Done {
		switch {
		case step.Address.Kind == KindRecord && step.Action != ActionDelete:
			wanted[step.Address] = step
			hosts[step.Host()] = true
		case step.Address.Kind != KindScript && step.Action == ActionDelete:
			hosts[step.Host()] = true
		}
	}
	var sites []Site
	for _, site := range receipt.Plan.Sites {
		if hosts[site.Host] {
			sites = append(sites, site)
		}
	}
	zones := zonesOf(sites)
	var records []RecordList
	var routes [][]Object
	err := allOf(
		func() (err error) { records, err = e.records(ctx, zones, sites); return err },
		func() (err error) { routes, err = inEach(ctx, zones, e.zoneRoutes); return err },
	)
	if err != nil {
		return nil, err
	}
	var done []Step
	var errs []error
	for i, zone := range zones {
		for _, site := range sites {
			if site.Zone.ID != zone.ID {
				continue
			}
			steps, err := e.settleHost(ctx, receipt, site, wanted[recordAddress(site)], marked(records[i].Found, site), routes[i])
			done, errs = append(done, steps...), append(errs, err)
		}
	}
	return done, errors.Join(errs...)
}

// marked gives the records of a host that bear our mark, in the order of their ids.
func marked(records []Object, site Site) []Object {
	ours := slices.DeleteFunc(slices.Clone(records), func(o Object) bool { return o.Address != recordAddress(site) || !o.Owned })
	slices.SortFunc(ours, func(a, b Object) int { return cmp.Compare(a.ID, b.ID) })
	return ours
}

func (e *Engine) settleHost(ctx context.Context, receipt Receipt, site Site, want Step, ours, routes []Object) ([]Step, error) {
	if len(ours) == 0 {
		return nil, nil
	}
	stands, err := e.routeStands(ctx, receipt, site, routes)
	if err != nil {
		return nil, err
	}
	keep := len(ours) // none
	if stands {
		// Both of two runs that do this keep the same one, the first by its id, so that one is left whoever is faster.
		keep = 0
	}
	var done []Step
	for i, record := range ours {
		if i == keep {
			continue
		}
		step := deletion(record)
		if _, err := e.single(ctx, receipt.Plan, step); err != nil {
			return done, err
		}
		done = append(done, step)
	}
	if !stands && want.Action != "" {
		return done, newError(CodeChanged, "host", site.Host, "pattern", RoutePattern(site.Host), "worker", site.Worker)
	}
	if stands && want.Action != "" && len(ours) > 1 && len(ours[keep].Attrs.Diff(want.After)) > 0 {
		want.Action, want.ID, want.Before = ActionUpdate, ours[keep].ID, ours[keep].Attrs
		if _, err := e.single(ctx, receipt.Plan, want); err != nil {
			return done, err
		}
		done = append(done, want)
	}
	return done, nil
}

// routeStands tells whether a host's route is there and leads to a Worker. A list may be behind, so where this run has written the route and the list
// does not show it, it is written again: a write sees what is true, and one to a route that is gone fails.
func (e *Engine) routeStands(ctx context.Context, receipt Receipt, site Site, routes []Object) (bool, error) {
	for _, route := range routes {
		if route.Address == routeAddress(site) {
			return route.Attrs[AttrScript] != "", nil
		}
	}
	for _, step := range receipt.Done {
		if step.Address == routeAddress(site) && step.Action != ActionDelete {
			step.Action = ActionUpdate
			_, err := e.single(ctx, receipt.Plan, step)
			if CodeOf(err) == CodeGone {
				return false, nil
			}
			return err == nil, err
		}
	}
	return false, nil
}

// single does one step outside of a run.
func (e *Engine) single(ctx context.Context, plan Plan, step Step) (outcome, error) {
	attempts := 0
	return retrying(ctx, e, string(step.Action)+" "+step.Address.Kind.String(), 1, func(ctx context.Context) (outcome, error) {
		attempts++
		return e.attempt(ctx, plan, step, attempts)
	})
}
