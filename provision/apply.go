package provision

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"golang.org/x/sync/errgroup"
)

// run is one Apply on its way.
type run struct {
	*session
	plan plan.Plan
	all  int

	mu                  sync.Mutex
	receipt             Receipt
	routesWritten       map[plan.Address]bool    // routes that this run has made or found
	finished            int                      // steps
	calls               int                      // that are still to begin, but for those about records
	pendingZones        map[string]bool          // zones of which a call about records is still to begin; it carries many
	consecutiveFailures int                      // failures of the kind that one call does not have by itself
	permissionErrors    map[plan.Address][]error // refusals for want of a permission, by kind and parent
	fatal               error                    // ends the run after the calls in flight
}

// Apply carries out a plan, phase by phase, and gives a receipt of what was done whether or not all of it was. A step that fails
// ends the run for its host alone; the others go on, and the first error is given back in the end. An ended context lets the
// calls in flight finish and begins nothing more, as CodeInterrupted.
func (s *session) apply(ctx context.Context, p plan.Plan) (Receipt, error) {
	changes := p.Changes()
	r := &run{
		session: s, plan: p, all: len(changes), routesWritten: map[plan.Address]bool{}, permissionErrors: map[plan.Address][]error{},
		receipt: Receipt{Plan: p, Done: []plan.Step{}, Found: map[string]bool{}}, pendingZones: map[string]bool{},
	}
	for _, step := range changes {
		if step.Address.Kind == plan.KindRecord {
			r.pendingZones[step.Address.Parent] = true
		} else {
			r.calls++
		}
	}
	places := plan.Phases(changes)
	for phase := range plan.PhaseCount {
		var steps []plan.Step
		for i, step := range changes {
			if places[i] == phase {
				steps = append(steps, step)
			}
		}
		r.runPhase(ctx, phase, steps)
		if err := r.err(ctx); err != nil {
			r.receipt.Stopped = true
			return r.receipt, err
		}
	}
	if len(r.receipt.Failed) > 0 {
		return r.receipt, r.receipt.Failed[0].Err
	}
	return r.receipt, nil
}

// err gives the error that ends the run before its time.
func (r *run) err(ctx context.Context) error {
	if ctx.Err() != nil {
		return &errcode.Error{Code: errcode.Interrupted, Err: ctx.Err()}
	}
	return r.fatal
}

// runPhase does the steps of a phase, as many together as may be. A step whose host or Worker has failed is left out.
func (r *run) runPhase(ctx context.Context, phase plan.Phase, steps []plan.Step) {
	steps = slices.DeleteFunc(steps, func(step plan.Step) bool {
		isBlocked := r.isBlocked(step)
		if isBlocked {
			r.forgetCall(step)
		}
		return isBlocked
	})
	var jobs []func()
	if phase == plan.PhaseDeleteRecords || phase == plan.PhaseWriteRecords {
		if phase == plan.PhaseWriteRecords {
			steps = r.recheckRoutes(ctx, steps)
		}
		jobs = r.batches(ctx, steps)
	} else {
		for _, step := range steps {
			jobs = append(jobs, func() { r.runStep(ctx, step) })
		}
	}
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, job := range jobs {
		group.Go(func() error {
			if r.errLocked(ctx) == nil {
				job()
			}
			return nil
		})
	}
	_ = group.Wait()
	r.sortReceipt()
}

// errLocked is over under the lock.
func (r *run) errLocked(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err(ctx)
}

// isBlocked tells a step that must not be done since one that it leans on has failed: of the same host, or of its Worker. A
// Worker goes only if nothing at all has failed in its account: a route that still leads to it would lead nowhere. A record goes on
// naming a Worker that could not be removed, since nothing else would lead the next run to it.
func (r *run) isBlocked(step plan.Step) bool {
	for _, failure := range r.receipt.Failed {
		switch {
		case step.Address.Kind == plan.KindScript:
			if step.Action == plan.ActionDelete && r.accountOf(failure.Step) == step.Address.Parent {
				return true
			}
		case failure.Step.Address.Kind != plan.KindScript:
			// A custom domain has another parent than the record that is to take its place.
			if failure.Step.Host() == step.Host() {
				return true
			}
		case failure.Step.Action == plan.ActionDelete:
			if plan.WorkerFromComment(step.Before[binding.AttrComment]) == failure.Step.Address.Name && r.accountOf(step) == failure.Step.Address.Parent {
				return true
			}
		default:
			isServed := func(s plan.Site) bool { return s.Host == step.Host() && failure.touches(s) }
			if slices.ContainsFunc(r.plan.Sites, isServed) {
				return true
			}
		}
	}
	return false
}

func (r *run) accountOf(step plan.Step) string {
	for _, site := range r.plan.Sites {
		if site.Zone.ID == step.Address.Parent {
			return site.Zone.Account
		}
	}
	return step.Address.Parent
}

// runStep does one step by itself.
func (r *run) runStep(ctx context.Context, step plan.Step) {
	r.start(step)
	if err := r.blockedBy(step); err != nil {
		r.finish(ctx, step, stepResult{}, err)
		return
	}
	made, err := r.applyWithRetry(ctx, r.plan, step)
	if err != nil {
		r.recordFailure(step, err)
	}
	r.finish(ctx, step, made, err)
}

// blockedBy gives the error by which this step would fail as well: others of its kind, in its zone or account, have too often.
func (r *run) blockedBy(step plan.Step) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if denied := r.permissionErrors[permissionScope(step)]; len(denied) >= breakerThreshold {
		return denied[0]
	}
	return nil
}

// permissionScope is what a permission is given for: things of one kind in one zone or account.
func permissionScope(step plan.Step) plan.Address {
	return plan.Address{Kind: step.Address.Kind, Parent: step.Address.Parent}
}

func (r *run) start(step plan.Step) {
	r.mu.Lock()
	defer r.mu.Unlock() // once it is told, so that what is told counts upwards
	r.forgetCall(step)
	r.emit(Event{Type: EventStart, Step: step, Done: r.finished, All: r.all})
}

// forgetCall takes the call of a step that begins, or never will, from those that are still to begin.
func (r *run) forgetCall(step plan.Step) {
	if step.Address.Kind == plan.KindRecord {
		delete(r.pendingZones, step.Address.Parent)
	} else {
		r.calls--
	}
}

// finish notes how a step ended.
func (r *run) finish(ctx context.Context, step plan.Step, made stepResult, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finished++
	event := Event{Type: EventDone, Step: step, Done: r.finished, All: r.all}
	event.Remaining = r.limiter.delay(r.Rate, r.now(), r.calls+len(r.pendingZones))
	if err == nil {
		step.ID = made.id
		event.Step = step
		r.consecutiveFailures = 0
		delete(r.permissionErrors, permissionScope(step))
		r.receipt.Done = append(r.receipt.Done, step)
		if made.found {
			r.receipt.Found[made.id] = true
		}
		if step.Address.Kind == plan.KindRoute && step.Action != plan.ActionDelete {
			r.routesWritten[step.Address] = true
		}
	} else {
		event.Type, event.Code = EventFail, errcode.Of(err)
		r.addFailure(ctx, step, made.unsure, err)
	}
	r.emit(event)
}

// breakerThreshold calls that fail in a row are no matter of single hosts.
const breakerThreshold = 5

// addFailure notes a step that failed.
func (r *run) addFailure(ctx context.Context, step plan.Step, isUnsure bool, err error) {
	if ctx.Err() == nil {
		r.receipt.Failed = append(r.receipt.Failed, Failure{step, err})
	}
	if isUnsure || mayHaveTakenEffect(err) {
		r.receipt.Unknown = append(r.receipt.Unknown, step)
	}
}

// recordFailure counts a call that failed, however many steps it carried, and ends the run where more of the same are to be expected: with
// one bad host the others go on, but with an API that is down nobody wants to wait a thousand times. A permission is one of a zone
// or an account, so the others go on without it.
func (r *run) recordFailure(step plan.Step, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch errcode.Of(err) {
	case errcode.PermissionMissing:
		r.permissionErrors[permissionScope(step)] = append(r.permissionErrors[permissionScope(step)], err)
	case errcode.Unreachable, errcode.Timeout, errcode.ServerError, errcode.RateLimited, errcode.TokenRejected, errcode.NotJSON:
		if r.consecutiveFailures++; r.consecutiveFailures >= breakerThreshold && r.fatal == nil {
			r.fatal = err
		}
	default:
		r.consecutiveFailures = 0
	}
}

// sortReceipt puts what ended side by side into the order of the plan, so that a receipt is the same in every run.
func (r *run) sortReceipt() {
	place := map[string]int{}
	key := func(s plan.Step) string {
		return string(s.Action) + s.Address.Parent + "/" + s.Address.Name + s.Address.Kind.String()
	}
	for i, step := range r.plan.Steps {
		place[key(step)] = i
	}
	byPlace := func(a, b plan.Step) int { return place[key(a)] - place[key(b)] }
	slices.SortStableFunc(r.receipt.Done, byPlace)
	slices.SortStableFunc(r.receipt.Unknown, byPlace)
	slices.SortStableFunc(r.receipt.Failed, func(a, b Failure) int { return byPlace(a.Step, b.Step) })
}

// mayHaveTakenEffect holds where an answer was lost, or blames a server that may have done its work before, and where something is
// there that cannot be found.
func mayHaveTakenEffect(err error) bool {
	for err != nil {
		e := (*errcode.Error)(nil)
		if !errors.As(err, &e) {
			return false
		}
		if slices.Contains([]errcode.Code{errcode.Unreachable, errcode.Timeout, errcode.ServerError}, e.Code) || e.Code == errcode.Exists && e.Temporary {
			return true
		}
		err = e.Err
	}
	return false
}
