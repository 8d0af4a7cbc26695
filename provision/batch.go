package provision

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
)

// guarded leaves out the records that would open a door behind which there is no route any more: where this run has not written
// the route itself, it is looked at once more before its record is.
func (r *run) guarded(steps []Step) []Step {
	siteAt := map[Address]Site{}
	for _, site := range r.plan.Sites {
		siteAt[recordAddress(site)] = site
	}
	var unsure []Site
	for _, step := range steps {
		if site := siteAt[step.Address]; r.needsGuard(step, site) {
			unsure = append(unsure, site)
		}
	}
	guards := r.guards(zonesOf(unsure))
	var safe []Step
	for _, step := range steps {
		site := siteAt[step.Address]
		guard := guards[site.Zone.ID]
		switch {
		case !r.needsGuard(step, site) || guard.workers[RoutePattern(site.Host)] == site.Worker:
			safe = append(safe, step)
		case r.over() != nil:
		case guard.err != nil:
			r.end(step, outcome{}, guard.err)
		default:
			r.end(step, outcome{}, changedMeanwhile(site))
		}
	}
	return safe
}

// guard is what the routes of a zone lead to, by their patterns, or why that could not be seen.
type guard struct {
	workers map[string]string
	err     error
}

// guards reads each zone once, whether or not that works.
func (r *run) guards(zones []Zone) map[string]guard {
	guards := map[string]guard{}
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, zone := range zones {
		group.Go(func() error {
			if r.stopped() != nil {
				return nil
			}
			g := guard{workers: map[string]string{}}
			var routes []Object
			if routes, g.err = r.engine.zoneRoutes(r.ctx, zone); g.err != nil {
				r.judge(Step{Address: Address{Kind: KindRoute, Parent: zone.ID}}, g.err)
			}
			for _, route := range routes {
				g.workers[route.Address.Name] = route.Attrs[AttrScript]
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

func (r *run) needsGuard(step Step, site Site) bool {
	return step.Action != ActionDelete && site.Host != "" && !r.written[routeAddress(site)]
}

// batches makes one call of all that changes about the records of a zone, as far as it takes them at once, or of a single
// change a call by itself.
func (r *run) batches(steps []Step) []func() {
	byZone := map[string][]Step{}
	for _, step := range steps {
		byZone[step.Address.Parent] = append(byZone[step.Address.Parent], step)
	}
	var jobs []func()
	for _, zone := range zonesOf(r.plan.Sites) {
		steps := byZone[zone.ID]
		// What changes about one host stays together, so that its name is never without an answer.
		slices.SortStableFunc(steps, func(a, b Step) int { return cmp.Compare(a.Address.Name, b.Address.Name) })
		for chunk := range slices.Chunk(steps, zone.maxBatch()) {
			jobs = append(jobs, func() { r.batch(zone, chunk) })
		}
	}
	return jobs
}

// batch does steps on the records of a zone, all or none. Where the API refuses them for one that is bad, halves are tried, so
// that the others get through.
func (r *run) batch(zone Zone, steps []Step) {
	if len(steps) == 1 {
		r.single(steps[0])
		return
	}
	r.begin(steps[0])
	attempts, isUnsure := 0, false
	_, err := retrying(r.ctx, r.engine, "batch", 1, func(ctx context.Context) (struct{}, error) {
		attempts++
		if attempts > 1 {
			if err := r.settled(ctx, zone, &steps); err != nil || len(steps) == 0 {
				return struct{}{}, err
			}
		}
		write, done := r.engine.uncut(ctx)
		defer done()
		ids, err := r.engine.Provider.DoTogether(write, zone.ID, steps)
		for i := range ids {
			r.end(steps[i], outcome{id: ids[i]}, nil)
		}
		isUnsure = isUnsure || effectUnknown(err)
		return struct{}{}, err
	})
	switch {
	case err == nil || len(steps) == 0:
	case isOfOne(err) && r.stopped() == nil:
		half := len(steps) / 2
		r.batch(zone, steps[:half])
		r.batch(zone, steps[half:])
	default:
		r.judge(steps[0], err)
		for _, step := range steps {
			r.end(step, outcome{unsure: isUnsure}, err)
		}
	}
}

// isOfOne tells a refusal that may be about one of many changes.
func isOfOne(err error) bool {
	return slices.Contains([]Code{CodeExists, CodeConflict, CodeRefused, CodeGone}, CodeOf(err))
}

// settled takes out of steps what a batch whose answer was lost has done already.
func (r *run) settled(ctx context.Context, zone Zone, steps *[]Step) error {
	var hosts []string
	for _, step := range *steps {
		hosts = append(hosts, step.Address.Name)
	}
	list, err := r.engine.Provider.Records(ctx, zone, hosts)
	if err != nil {
		return err
	}
	*steps = slices.DeleteFunc(slices.Clone(*steps), func(step Step) bool {
		i := slices.IndexFunc(list.Found, func(o Object) bool { return step.isDoneBy(o) })
		switch {
		case step.Action == ActionDelete && i < 0:
			r.end(step, outcome{id: step.ID}, nil)
			return true
		case step.Action != ActionDelete && i >= 0:
			r.end(step, outcome{id: list.Found[i].ID}, nil)
			return true
		}
		return false
	})
	return nil
}

// isDoneBy tells, of a creation or an update, whether the record is its effect; of a deletion, whether it is what should go.
func (s Step) isDoneBy(o Object) bool {
	if s.Action == ActionDelete {
		return o.ID == s.ID
	}
	isSame := s.Action == ActionCreate || o.ID == s.ID
	return isSame && o.Address == s.Address && len(o.Attrs.Diff(s.After)) == 0
}
