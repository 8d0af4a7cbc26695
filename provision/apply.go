package provision

import (
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// run is the application of one plan.
type run struct {
	*operation
	plan plan.Plan
	all  int // steps with a change

	mu                  sync.Mutex
	receipt             Receipt
	routesWritten       map[plan.Address]bool    // routes that this run has created or updated
	finished            int                      // steps that have ended
	pendingCalls        int                      // calls still to begin, except those about records
	pendingZones        map[string]bool          // zones with a call about records still to begin; one call has many steps
	consecutiveFailures int                      // calls in a row that failed for a reason other than their step
	permissionErrors    map[plan.Address][]error // errors for lack of a permission, by permissionScope
	fatal               error                    // ends the run after the calls in flight
}

// apply applies a plan, phase by phase, and returns a receipt even if it fails. A failed step ends the run for its host
// only; the others proceed, and the first error is returned at the end. If ctx ends, the calls in flight are finished,
// no others begin, and the error has errcode.Interrupted.
func (op *operation) apply(ctx context.Context, p plan.Plan) (Receipt, error) {
	changes := p.Changes()
	r := &run{
		operation: op, plan: p, all: len(changes), routesWritten: map[plan.Address]bool{}, permissionErrors: map[plan.Address][]error{},
		receipt: Receipt{Plan: p, Done: []plan.Step{}, FoundExisting: map[string]bool{}}, pendingZones: map[string]bool{},
	}
	for _, step := range changes {
		if step.Address.Kind == plan.KindRecord {
			r.pendingZones[step.Address.Parent] = true
		} else {
			r.pendingCalls++
		}
	}
	phases := plan.Phases(changes)
	for phase := range plan.PhaseCount {
		var steps []plan.Step
		for i, step := range changes {
			if phases[i] == phase {
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

// err returns the error that ends the run early, nil if it goes on.
func (r *run) err(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.errLocked(ctx)
}

// errLocked is err for callers that hold the lock.
func (r *run) errLocked(ctx context.Context) error {
	if ctx.Err() != nil {
		return &errcode.Error{Code: errcode.Interrupted, Err: ctx.Err()}
	}
	return r.fatal
}

// runPhase applies the steps of a phase in parallel, except those that depend on a failed one.
func (r *run) runPhase(ctx context.Context, phase plan.Phase, steps []plan.Step) {
	steps = slices.DeleteFunc(steps, func(step plan.Step) bool {
		isBlocked := r.isBlocked(step)
		if isBlocked {
			r.dropPending(step)
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
	group.SetLimit(maxParallel)
	for _, job := range jobs {
		group.Go(func() error {
			if r.err(ctx) == nil {
				job()
			}
			return nil
		})
	}
	_ = group.Wait()
	r.receipt.sort()
}

// isBlocked reports whether a step must be skipped because one that it depends on has failed: one of the same host, or
// of its Worker. A Worker is deleted only if nothing in its account has failed, since a route may still point to it. A
// record whose comment names a Worker that could not be deleted is not updated: the next run finds the Worker by that
// comment.
func (r *run) isBlocked(step plan.Step) bool {
	for _, failure := range r.receipt.Failed {
		switch {
		case step.Address.Kind == plan.KindScript:
			if step.Action == plan.ActionDelete && r.accountOf(failure.Step) == step.Address.Parent {
				return true
			}
		case failure.Step.Address.Kind != plan.KindScript:
			// Hosts are compared rather than addresses: a custom domain has another parent than the record that
			// replaces it.
			if failure.Step.Host() == step.Host() {
				return true
			}
		case failure.Step.Action == plan.ActionDelete:
			named := plan.WorkerFromComment(step.Before[binding.AttrComment])
			if named == failure.Step.Address.Name && r.accountOf(step) == failure.Step.Address.Parent {
				return true
			}
		default:
			isServed := func(s plan.Site) bool { return s.Host == step.Host() && failure.affects(s) }
			if slices.ContainsFunc(r.plan.Sites, isServed) {
				return true
			}
		}
	}
	return false
}

// accountOf returns the id of the account that a step changes.
func (r *run) accountOf(step plan.Step) string {
	for _, site := range r.plan.Sites {
		if site.Zone.ID == step.Address.Parent {
			return site.Zone.Account
		}
	}
	return step.Address.Parent
}

// runStep applies one step with a call of its own.
func (r *run) runStep(ctx context.Context, step plan.Step) {
	r.start(step)
	if err := r.blockedBy(step); err != nil {
		r.finish(ctx, step, stepResult{}, err)
		return
	}
	result, err := r.applyWithRetry(ctx, r.plan, step)
	if err != nil {
		r.recordFailure(step, err)
	}
	r.finish(ctx, step, result, err)
}

// blockedBy returns the error with which a step would fail too: too many steps of its kind, in its zone or account,
// lacked a permission.
func (r *run) blockedBy(step plan.Step) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if denied := r.permissionErrors[permissionScope(step)]; len(denied) >= breakerThreshold {
		return denied[0]
	}
	return nil
}

// permissionScope returns what a permission applies to: a kind of resource in one zone or account.
func permissionScope(step plan.Step) plan.Address {
	return plan.Address{Kind: step.Address.Kind, Parent: step.Address.Parent}
}

func (r *run) start(step plan.Step) {
	r.mu.Lock()
	defer r.mu.Unlock() // after emit, so that Event.Done never decreases
	r.dropPending(step)
	r.emit(Event{Type: EventStart, Step: step, Done: r.finished, All: r.all})
}

// dropPending removes the call of a step that begins, or is skipped, from those still to begin.
func (r *run) dropPending(step plan.Step) {
	if step.Address.Kind == plan.KindRecord {
		delete(r.pendingZones, step.Address.Parent)
	} else {
		r.pendingCalls--
	}
}

// finish records how a step ended.
func (r *run) finish(ctx context.Context, step plan.Step, result stepResult, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finished++
	event := Event{Type: EventDone, Step: step, Done: r.finished, All: r.all}
	event.Remaining = r.limiter.delay(r.Rate, r.now(), r.pendingCalls+len(r.pendingZones))
	if err == nil {
		step.ID = result.id
		event.Step = step
		r.consecutiveFailures = 0
		delete(r.permissionErrors, permissionScope(step))
		r.receipt.Done = append(r.receipt.Done, step)
		if result.foundExisting {
			r.receipt.FoundExisting[result.id] = true
		}
		if step.Address.Kind == plan.KindRoute && step.Action != plan.ActionDelete {
			r.routesWritten[step.Address] = true
		}
	} else {
		event.Type, event.Code = EventFail, errcode.Of(err)
		if ctx.Err() == nil {
			r.receipt.Failed = append(r.receipt.Failed, Failure{step, err})
		}
		if result.maybeApplied || mayHaveTakenEffect(err) {
			r.receipt.Unknown = append(r.receipt.Unknown, step)
		}
	}
	r.emit(event)
}

// breakerThreshold is the number of failures in a row that are no longer taken for a problem of single hosts.
const breakerThreshold = 5

// recordFailure counts a failed call, however many steps it had. One bad host is skipped; repeated failures of the API
// end the run. A missing permission only ends what needs it: it concerns one zone or account.
func (r *run) recordFailure(step plan.Step, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch errcode.Of(err) {
	case errcode.PermissionMissing:
		r.permissionErrors[permissionScope(step)] = append(r.permissionErrors[permissionScope(step)], err)
	case errcode.Unreachable, errcode.Timeout, errcode.ServerError, errcode.RateLimited, errcode.TokenRejected, errcode.NotJSON,
		errcode.TokenLocation, errcode.NoResult, errcode.TLSUntrusted, errcode.TLSClock, errcode.TLSWrongHost, errcode.TLSFailed,
		errcode.ConnectionRefused, errcode.HostUnknown, errcode.ProxyRefused:
		if r.consecutiveFailures++; r.consecutiveFailures >= breakerThreshold && r.fatal == nil {
			r.fatal = err
		}
	default:
		r.consecutiveFailures = 0
	}
}

// mayHaveTakenEffect reports whether a failed call may have changed something: it got no answer or a server error, or a
// resource exists that cannot be found.
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
