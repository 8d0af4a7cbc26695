package provision

import (
	"cmp"
	"context"
	"slices"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"golang.org/x/sync/errgroup"
)

// recheckRoutes leaves out the records that would open a door behind which there is no route any more: where this run has not written
// the route itself, it is looked at once more before its record is.
func (r *run) recheckRoutes(ctx context.Context, steps []plan.Step) []plan.Step {
	siteAt := map[plan.Address]plan.Site{}
	for _, site := range r.plan.Sites {
		siteAt[plan.RecordAddress(site)] = site
	}
	var unsure []plan.Site
	for _, step := range steps {
		if site := siteAt[step.Address]; r.needsRouteCheck(step, site) {
			unsure = append(unsure, site)
		}
	}
	guards := r.checkRoutes(ctx, plan.ZonesOf(unsure))
	var safe []plan.Step
	for _, step := range steps {
		site := siteAt[step.Address]
		guard := guards[site.Zone.ID]
		switch {
		case !r.needsRouteCheck(step, site) || guard.workers[plan.RoutePattern(site.Host)] == site.Worker:
			safe = append(safe, step)
		case r.err(ctx) != nil:
		case guard.err != nil:
			r.finish(ctx, step, stepResult{}, guard.err)
		default:
			r.finish(ctx, step, stepResult{}, errConcurrentChange(site))
		}
	}
	return safe
}

// routeCheck is what the routes of a zone lead to, by their patterns, or why that could not be seen.
type routeCheck struct {
	workers map[string]string
	err     error
}

// checkRoutes reads each zone once, whether or not that works.
func (r *run) checkRoutes(ctx context.Context, zones []plan.Zone) map[string]routeCheck {
	guards := map[string]routeCheck{}
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, zone := range zones {
		group.Go(func() error {
			if r.errLocked(ctx) != nil {
				return nil
			}
			g := routeCheck{workers: map[string]string{}}
			var routes []plan.Object
			if routes, g.err = r.zoneRoutes(ctx, zone); g.err != nil {
				r.recordFailure(plan.Step{Address: plan.Address{Kind: plan.KindRoute, Parent: zone.ID}}, g.err)
			}
			for _, route := range routes {
				g.workers[route.Address.Name] = route.Attrs[binding.AttrScript]
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			guards[zone.ID] = g
			return nil
		})
	}
	_ = group.Wait()
	return guards
}

func (r *run) needsRouteCheck(step plan.Step, site plan.Site) bool {
	return step.Action != plan.ActionDelete && site.Host != "" && !r.routesWritten[plan.RouteAddress(site)]
}

// batches makes one call of all that changes about the records of a zone, as far as it takes them at once, or of a single
// change a call by itself.
func (r *run) batches(ctx context.Context, steps []plan.Step) []func() {
	byZone := map[string][]plan.Step{}
	for _, step := range steps {
		byZone[step.Address.Parent] = append(byZone[step.Address.Parent], step)
	}
	var jobs []func()
	for _, zone := range plan.ZonesOf(r.plan.Sites) {
		steps := byZone[zone.ID]
		// What changes about one host stays together, so that its name is never without an answer.
		slices.SortStableFunc(steps, func(a, b plan.Step) int { return cmp.Compare(a.Address.Name, b.Address.Name) })
		for chunk := range slices.Chunk(steps, zone.MaxBatch()) {
			jobs = append(jobs, func() { r.batch(ctx, zone, chunk) })
		}
	}
	return jobs
}

// batch does steps on the records of a zone, all or none. Where the API refuses them for one that is bad, halves are tried, so
// that the others get through.
func (r *run) batch(ctx context.Context, zone plan.Zone, steps []plan.Step) {
	if len(steps) == 1 {
		r.runStep(ctx, steps[0])
		return
	}
	r.start(steps[0])
	attempts, isUnsure := 0, false
	_, err := retry(ctx, r.session, "batch", 1, func(ctx context.Context) (struct{}, error) {
		attempts++
		if attempts > 1 {
			if err := r.dropApplied(ctx, zone, &steps); err != nil || len(steps) == 0 {
				return struct{}{}, err
			}
		}
		write, done := r.detached(ctx)
		defer done()
		ids, err := r.API.ApplyBatch(write, zone.ID, steps)
		for i := range ids {
			r.finish(ctx, steps[i], stepResult{id: ids[i]}, nil)
		}
		isUnsure = isUnsure || mayHaveTakenEffect(err)
		return struct{}{}, err
	})
	switch {
	case err == nil || len(steps) == 0:
	case mayBeOneRecord(err) && r.errLocked(ctx) == nil:
		half := len(steps) / 2
		r.batch(ctx, zone, steps[:half])
		r.batch(ctx, zone, steps[half:])
	default:
		r.recordFailure(steps[0], err)
		for _, step := range steps {
			r.finish(ctx, step, stepResult{unsure: isUnsure}, err)
		}
	}
}

// mayBeOneRecord tells a refusal that may be about one of many changes.
func mayBeOneRecord(err error) bool {
	return slices.Contains([]errcode.Code{errcode.Exists, errcode.Conflict, errcode.Rejected, errcode.Gone}, errcode.Of(err))
}

// dropApplied takes out of steps what a batch whose answer was lost has done already.
func (r *run) dropApplied(ctx context.Context, zone plan.Zone, steps *[]plan.Step) error {
	var hosts []string
	for _, step := range *steps {
		hosts = append(hosts, step.Address.Name)
	}
	list, err := r.API.Records(ctx, zone, hosts)
	if err != nil {
		return err
	}
	*steps = slices.DeleteFunc(slices.Clone(*steps), func(step plan.Step) bool {
		i := slices.IndexFunc(list.Found, func(o plan.Object) bool { return step.Matches(o) })
		switch {
		case step.Action == plan.ActionDelete && i < 0:
			r.finish(ctx, step, stepResult{id: step.ID}, nil)
			return true
		case step.Action != plan.ActionDelete && i >= 0:
			r.finish(ctx, step, stepResult{id: list.Found[i].ID}, nil)
			return true
		}
		return false
	})
	return nil
}
