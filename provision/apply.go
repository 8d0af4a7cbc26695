package provision

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Receipt says what Apply did.
type Receipt struct {
	Plan Plan `json:"plan"`
	// Done are the steps that took effect, phase by phase.
	Done []Step `json:"done"`
	// Unknown are the steps that failed in such a way that they may have taken effect all the same.
	Unknown []Step `json:"unknown,omitempty"`
	// Failed are the steps that failed for good, those of Unknown included, and why.
	Failed []Failure `json:"-"`
	// Found are the ids of Done creations that another run made meanwhile, so that they are not this run's to take back.
	Found map[string]bool `json:"-"`
	// Stopped says that the run ended before every step was tried.
	Stopped bool `json:"-"`
}

// Failure is a step that failed for good.
type Failure struct {
	Step Step
	Err  error
}

// FailedHosts gives the hosts of the plan that are not served as wanted, each with the first reason.
func (r Receipt) FailedHosts() []Refusal {
	var hosts []Refusal
	for _, site := range r.Plan.Sites {
		for _, failure := range r.Failed {
			if failure.touches(site) {
				hosts = append(hosts, Refusal{site.Host, failure.Err})
				break
			}
		}
	}
	return hosts
}

// Unserved names the hosts for which something that was to change has not, whether it failed or was not reached.
func (r Receipt) Unserved() []string {
	done := r.doneAt()
	var hosts []string
	changes := r.Plan.Changes()
	for _, site := range r.Plan.Sites {
		isLeft := func(s Step) bool { return !done[s.Address] && Failure{Step: s}.touches(site) }
		if slices.ContainsFunc(changes, isLeft) {
			hosts = append(hosts, site.Host)
		}
	}
	return hosts
}

// doneAt gives the addresses at which a step took effect.
func (r Receipt) doneAt() map[Address]bool {
	done := map[Address]bool{}
	for _, step := range r.Done {
		done[step.Address] = true
	}
	return done
}

// LeftBehind gives the Workers that serve nothing any more and could not be removed. No host needs them, so no host has failed.
func (r Receipt) LeftBehind() []Failure {
	return slices.DeleteFunc(slices.Clone(r.Failed), func(f Failure) bool {
		return f.Step.Address.Kind != KindScript || f.Step.Action != ActionDelete
	})
}

// With gives the receipt of a run and of another one that made up for what failed in an account.
func (r Receipt) With(more Receipt, account string) Receipt {
	r.Failed = slices.DeleteFunc(slices.Clone(r.Failed), func(f Failure) bool { return f.Step.Address.Parent == account })
	r.Done, r.Failed = slices.Concat(r.Done, more.Done), slices.Concat(r.Failed, more.Failed)
	r.Unknown, r.Stopped = slices.Concat(r.Unknown, more.Unknown), r.Stopped || more.Stopped
	r.Found = maps.Clone(r.Found)
	maps.Copy(r.Found, more.Found)
	return r
}

// Without gives the receipt of what is left after steps of it were taken back.
func (r Receipt) Without(undone []Step) Receipt {
	isUndone := func(s Step) bool {
		return slices.ContainsFunc(undone, func(u Step) bool { return u.Address == s.Address })
	}
	r.Done = slices.DeleteFunc(slices.Clone(r.Done), isUndone)
	r.Unknown = slices.DeleteFunc(slices.Clone(r.Unknown), isUndone)
	return r
}

// touches tells whether a host needs the step that failed: its own, or its Worker's.
func (f Failure) touches(site Site) bool {
	if f.Step.Address.Kind == KindScript {
		return f.Step.Address == scriptAddress(site.Zone.Account, site.Worker) && f.Step.Action != ActionDelete
	}
	return f.Step.Host() == site.Host
}

// run is one Apply on its way.
type run struct {
	engine *Engine
	ctx    context.Context
	plan   Plan
	all    int

	mu      sync.Mutex
	receipt Receipt
	written map[Address]bool    // routes that this run has made or found
	ended   int                 // steps
	calls   int                 // that are still to begin, but for those about records
	opening map[string]bool     // zones of which a call about records is still to begin; it carries many
	inARow  int                 // failures of the kind that one call does not have by itself
	denied  map[Address][]error // refusals for want of a permission, by kind and parent
	fatal   error               // ends the run after the calls in flight
}

// Apply carries out a plan, phase by phase, and gives a receipt of what was done whether or not all of it was. A step that fails
// ends the run for its host alone; the others go on, and the first error is given back in the end. An ended context lets the
// calls in flight finish and begins nothing more, as CodeInterrupted.
func (e *Engine) Apply(ctx context.Context, plan Plan) (Receipt, error) {
	changes := plan.Changes()
	r := &run{
		engine: e, ctx: ctx, plan: plan, all: len(changes), written: map[Address]bool{}, denied: map[Address][]error{},
		receipt: Receipt{Plan: plan, Done: []Step{}, Found: map[string]bool{}}, opening: map[string]bool{},
	}
	for _, step := range changes {
		if step.Address.Kind == KindRecord {
			r.opening[step.Address.Parent] = true
		} else {
			r.calls++
		}
	}
	places := phases(changes)
	for phase := range phasesInAll {
		var steps []Step
		for i, step := range changes {
			if places[i] == phase {
				steps = append(steps, step)
			}
		}
		r.carryOut(phase, steps)
		if err := r.over(); err != nil {
			r.receipt.Stopped = true
			return r.receipt, err
		}
	}
	if len(r.receipt.Failed) > 0 {
		return r.receipt, r.receipt.Failed[0].Err
	}
	return r.receipt, nil
}

// over gives the error that ends the run before its time.
func (r *run) over() error {
	if r.ctx.Err() != nil {
		return &Error{Code: CodeInterrupted, Err: r.ctx.Err()}
	}
	return r.fatal
}

// carryOut does the steps of a phase, as many together as may be. A step whose host or Worker has failed is left out.
func (r *run) carryOut(phase phase, steps []Step) {
	steps = slices.DeleteFunc(steps, func(step Step) bool {
		isBlocked := r.isBlocked(step)
		if isBlocked {
			r.forgetCall(step)
		}
		return isBlocked
	})
	var jobs []func()
	if phase == phaseClosing || phase == phaseOpening {
		if phase == phaseOpening {
			steps = r.guarded(steps)
		}
		jobs = r.batches(steps)
	} else {
		for _, step := range steps {
			jobs = append(jobs, func() { r.single(step) })
		}
	}
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, job := range jobs {
		group.Go(func() error {
			if r.stopped() == nil {
				job()
			}
			return nil
		})
	}
	_ = group.Wait()
	r.sortReceipt()
}

// stopped is over under the lock.
func (r *run) stopped() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.over()
}

// isBlocked tells a step that must not be done since one that it leans on has failed: of the same host, or of its Worker. A
// Worker goes only if nothing at all has failed in its account: a route that still leads to it would lead nowhere. A record goes on
// naming a Worker that could not be removed, since nothing else would lead the next run to it.
func (r *run) isBlocked(step Step) bool {
	for _, failure := range r.receipt.Failed {
		switch {
		case step.Address.Kind == KindScript:
			if step.Action == ActionDelete && r.accountOf(failure.Step) == step.Address.Parent {
				return true
			}
		case failure.Step.Address.Kind != KindScript:
			// A custom domain has another parent than the record that is to take its place.
			if failure.Step.Host() == step.Host() {
				return true
			}
		case failure.Step.Action == ActionDelete:
			if workerOfComment(step.Before[AttrComment]) == failure.Step.Address.Name && r.accountOf(step) == failure.Step.Address.Parent {
				return true
			}
		default:
			isServed := func(s Site) bool { return s.Host == step.Host() && failure.touches(s) }
			if slices.ContainsFunc(r.plan.Sites, isServed) {
				return true
			}
		}
	}
	return false
}

func (r *run) accountOf(step Step) string {
	for _, site := range r.plan.Sites {
		if site.Zone.ID == step.Address.Parent {
			return site.Zone.Account
		}
	}
	return step.Address.Parent
}

// single does one step by itself.
func (r *run) single(step Step) {
	r.begin(step)
	if err := r.bar(step); err != nil {
		r.end(step, outcome{}, err)
		return
	}
	made, err := r.engine.single(r.ctx, r.plan, step)
	if err != nil {
		r.judge(step, err)
	}
	r.end(step, made, err)
}

// bar gives the error by which this step would fail as well: others of its kind, in its zone or account, have too often.
func (r *run) bar(step Step) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if denied := r.denied[placeOf(step)]; len(denied) >= tooMany {
		return denied[0]
	}
	return nil
}

// placeOf is what a permission is given for: things of one kind in one zone or account.
func placeOf(step Step) Address { return Address{Kind: step.Address.Kind, Parent: step.Address.Parent} }

func (r *run) begin(step Step) {
	r.mu.Lock()
	defer r.mu.Unlock() // once it is told, so that what is told counts upwards
	r.forgetCall(step)
	r.engine.tell(Event{Type: EventStart, Step: step, Done: r.ended, All: r.all})
}

// forgetCall takes the call of a step that begins, or never will, from those that are still to begin.
func (r *run) forgetCall(step Step) {
	if step.Address.Kind == KindRecord {
		delete(r.opening, step.Address.Parent)
	} else {
		r.calls--
	}
}

// end notes how a step ended.
func (r *run) end(step Step, made outcome, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended++
	event := Event{Type: EventDone, Step: step, Done: r.ended, All: r.all}
	event.Left = r.engine.pace.waits(r.engine.Rate, r.engine.now(), r.calls+len(r.opening))
	if err == nil {
		step.ID = made.id
		event.Step = step
		r.inARow = 0
		delete(r.denied, placeOf(step))
		r.receipt.Done = append(r.receipt.Done, step)
		if made.found {
			r.receipt.Found[made.id] = true
		}
		if step.Address.Kind == KindRoute && step.Action != ActionDelete {
			r.written[step.Address] = true
		}
	} else {
		event.Type, event.Code = EventFail, CodeOf(err)
		r.fail(step, made.unsure, err)
	}
	r.engine.tell(event)
}

// tooMany calls that fail in a row are no matter of single hosts.
const tooMany = 5

// fail notes a step that failed.
func (r *run) fail(step Step, isUnsure bool, err error) {
	if r.ctx.Err() == nil {
		r.receipt.Failed = append(r.receipt.Failed, Failure{step, err})
	}
	if isUnsure || effectUnknown(err) {
		r.receipt.Unknown = append(r.receipt.Unknown, step)
	}
}

// judge counts a call that failed, however many steps it carried, and ends the run where more of the same are to be expected: with
// one bad host the others go on, but with an API that is down nobody wants to wait a thousand times. A permission is one of a zone
// or an account, so the others go on without it.
func (r *run) judge(step Step, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch CodeOf(err) {
	case CodePermission:
		r.denied[placeOf(step)] = append(r.denied[placeOf(step)], err)
	case CodeUnreachable, CodeTimeout, CodeServerError, CodeRateLimited, CodeTokenRejected, CodeNotJSON:
		if r.inARow++; r.inARow >= tooMany && r.fatal == nil {
			r.fatal = err
		}
	default:
		r.inARow = 0
	}
}

// sortReceipt puts what ended side by side into the order of the plan, so that a receipt is the same in every run.
func (r *run) sortReceipt() {
	place := map[string]int{}
	key := func(s Step) string {
		return string(s.Action) + s.Address.Parent + "/" + s.Address.Name + s.Address.Kind.String()
	}
	for i, step := range r.plan.Steps {
		place[key(step)] = i
	}
	byPlace := func(a, b Step) int { return place[key(a)] - place[key(b)] }
	slices.SortStableFunc(r.receipt.Done, byPlace)
	slices.SortStableFunc(r.receipt.Unknown, byPlace)
	slices.SortStableFunc(r.receipt.Failed, func(a, b Failure) int { return byPlace(a.Step, b.Step) })
}

// effectUnknown holds where an answer was lost, or blames a server that may have done its work before, and where something is
// there that cannot be found.
func effectUnknown(err error) bool {
	for err != nil {
		e := (*Error)(nil)
		if !errors.As(err, &e) {
			return false
		}
		if slices.Contains([]Code{CodeUnreachable, CodeTimeout, CodeServerError}, e.Code) || e.Code == CodeExists && e.Temporary {
			return true
		}
		err = e.Err
	}
	return false
}
