package provision

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// recheckRoutes drops the steps that would write a record whose route has been deleted or redirected since it was
// observed. It reads the routes that this run has not written itself.
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
	checks := r.checkRoutes(ctx, plan.ZonesOf(unsure))
	var safe []plan.Step
	for _, step := range steps {
		site := siteAt[step.Address]
		check := checks[site.Zone.ID]
		switch {
		case !r.needsRouteCheck(step, site) || check.workers[plan.RoutePattern(site.Host)] == site.Worker:
			safe = append(safe, step)
		case r.err(ctx) != nil:
		case check.err != nil:
			r.finish(ctx, step, stepResult{}, check.err)
		default:
			r.finish(ctx, step, stepResult{}, errConcurrentChange(site))
		}
	}
	return safe
}

// routeCheck has the routes of one zone.
type routeCheck struct {
	workers map[string]string // by pattern
	err     error             // why they could not be read
}

// checkRoutes reads the routes of zones, by zone id.
func (r *run) checkRoutes(ctx context.Context, zones []plan.Zone) map[string]routeCheck {
	checks := map[string]routeCheck{}
	var group errgroup.Group
	group.SetLimit(maxParallel)
	for _, zone := range zones {
		group.Go(func() error {
			if r.err(ctx) != nil {
				return nil
			}
			check := routeCheck{workers: map[string]string{}}
			var routes []plan.Object
			if routes, check.err = r.zoneRoutes(ctx, zone); check.err != nil {
				r.recordFailure(plan.Step{Address: plan.Address{Kind: plan.KindRoute, Parent: zone.ID}}, check.err)
			}
			for _, route := range routes {
				check.workers[route.Address.Name] = route.Attrs[binding.AttrScript]
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			checks[zone.ID] = check
			return nil
		})
	}
	_ = group.Wait()
	return checks
}

func (r *run) needsRouteCheck(step plan.Step, site plan.Site) bool {
	return step.Action != plan.ActionDelete && site.Host != "" && !r.routesWritten[plan.RouteAddress(site)]
}

// batches returns the calls for steps on records: one for all steps of a zone, or several if they exceed the size of a
// batch.
func (r *run) batches(ctx context.Context, steps []plan.Step) []func() {
	byZone := map[string][]plan.Step{}
	for _, step := range steps {
		byZone[step.Address.Parent] = append(byZone[step.Address.Parent], step)
	}
	var jobs []func()
	for _, zone := range plan.ZonesOf(r.plan.Sites) {
		steps := byZone[zone.ID]
		// The steps of one host stay together, so that its name always resolves.
		slices.SortStableFunc(steps, func(a, b plan.Step) int { return cmp.Compare(a.Address.Name, b.Address.Name) })
		for chunk := range slices.Chunk(steps, zone.MaxBatch()) {
			jobs = append(jobs, func() { r.batch(ctx, zone, chunk) })
		}
	}
	return jobs
}

// batch applies steps on records of a zone, all or none. If the API refuses the batch and the reason may be a single
// step, it tries each half, so that the other steps succeed.
func (r *run) batch(ctx context.Context, zone plan.Zone, steps []plan.Step) {
	if len(steps) == 1 {
		r.runStep(ctx, steps[0])
		return
	}
	r.start(steps[0])
	attempts, maybeApplied := 0, false
	_, err := retry(ctx, r.operation, "batch", 1, func(ctx context.Context) (struct{}, error) {
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
		maybeApplied = maybeApplied || mayHaveTakenEffect(err)
		return struct{}{}, err
	})
	switch {
	case err == nil || len(steps) == 0:
	case mayBeOneRecord(err) && r.err(ctx) == nil:
		half := len(steps) / 2
		r.batch(ctx, zone, steps[:half])
		r.batch(ctx, zone, steps[half:])
	default:
		r.recordFailure(steps[0], err)
		for _, step := range steps {
			r.finish(ctx, step, stepResult{maybeApplied: maybeApplied}, err)
		}
	}
}

// mayBeOneRecord reports whether an error may be about a single step of a batch.
func mayBeOneRecord(err error) bool {
	return slices.Contains([]errcode.Code{errcode.Exists, errcode.Conflict, errcode.RecordManaged, errcode.Rejected, errcode.Gone}, errcode.Of(err))
}

// dropApplied removes from steps those that an earlier attempt without an answer has applied.
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
		i := slices.IndexFunc(list.Found, step.Matches)
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
