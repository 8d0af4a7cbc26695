package provision

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"
)

// Receipt says what Apply did.
type Receipt struct {
	Plan Plan `json:"plan"`
	// Done are the steps that took effect, phase by phase.
	Done []Step `json:"done"`
	// Unknown are the steps that failed in such a way that they may have taken effect all the same.
	Unknown []Step `json:"unknown,omitempty"`
}

// Apply carries out a plan, phase by phase, and gives a receipt of what was done whether or not all of it was. A step
// that fails ends the run after the calls in flight; nothing of a later phase is begun. An ended context has the same
// effect, as CodeInterrupted.
func (e *Engine) Apply(ctx context.Context, plan Plan) (Receipt, error) {
	receipt := Receipt{Plan: plan, Done: []Step{}}
	changes := plan.Changes()
	for phase := range phases {
		steps := slices.DeleteFunc(slices.Clone(changes), func(s Step) bool { return phaseOf(s) != phase })
		done, unknown, err := e.together(ctx, plan, steps)
		receipt.Done = append(receipt.Done, done...)
		receipt.Unknown = append(receipt.Unknown, unknown...)
		if err != nil {
			return receipt, err
		}
	}
	return receipt, nil
}

// together carries out steps that do not depend on each other, a bounded number at a time.
func (e *Engine) together(ctx context.Context, plan Plan, steps []Step) (done, unknown []Step, err error) {
	ids, errs := make([]string, len(steps)), make([]error, len(steps))
	group, stop := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, step := range steps {
		group.Go(func() error {
			ids[i], errs[i] = e.step(stop, plan, step)
			return errs[i]
		})
	}
	err = group.Wait()
	for i, step := range steps {
		switch {
		case errs[i] == nil:
			step.ID = ids[i]
			done = append(done, step)
		case effectUnknown(errs[i]):
			unknown = append(unknown, step)
		}
	}
	return done, unknown, interrupted(ctx, err)
}

// effectUnknown holds where an answer was lost, or blames a server that may have done its work before.
func effectUnknown(err error) bool {
	for err != nil {
		e := (*Error)(nil)
		if !errors.As(err, &e) {
			return false
		}
		if slices.Contains([]Code{CodeUnreachable, CodeTimeout, CodeServerError}, e.Code) {
			return true
		}
		err = e.Err
	}
	return false
}

func (e *Engine) step(ctx context.Context, plan Plan, step Step) (string, error) {
	if ctx.Err() != nil {
		return "", &Error{Code: CodeInterrupted, Err: ctx.Err()}
	}
	e.tell(Event{Type: EventStart, Step: step})
	call := string(step.Action) + " " + step.Address.Kind.String()
	attempts := 0
	id, err := retrying(ctx, e, call, func(ctx context.Context) (string, error) {
		attempts++
		return e.attempt(ctx, plan, step, attempts)
	})
	if err != nil {
		e.tell(Event{Type: EventFail, Step: step, Code: CodeOf(err)})
		return "", err
	}
	step.ID = id
	e.tell(Event{Type: EventDone, Step: step})
	return id, nil
}

// attempt does a step once. Creating a route or a record is a POST, which would make a second one if the first took
// effect and only its answer was lost: so before a repetition, and after being told that there is one already, we look.
func (e *Engine) attempt(ctx context.Context, plan Plan, step Step, attempt int) (string, error) {
	isPost := step.Action == ActionCreate && step.Address.Kind != KindScript
	if isPost && attempt > 1 {
		if id, err := e.look(ctx, plan, step); id != "" || err != nil {
			return id, err
		}
	}
	id, err := e.write(ctx, step)
	if isPost && CodeOf(err) == CodeExists {
		found, lookErr := e.look(ctx, plan, step)
		if found != "" || lookErr != nil {
			return found, lookErr
		}
	}
	return id, err
}

func (e *Engine) write(ctx context.Context, step Step) (string, error) {
	ctx, done := e.uncut(ctx)
	defer done()
	return e.Provider.Do(ctx, step)
}

// look finds what a lost POST may have made: the id of a thing at the step's address that is just as wanted, or "". A
// thing that is there and is not as wanted was made by somebody else meanwhile.
func (e *Engine) look(ctx context.Context, plan Plan, step Step) (string, error) {
	here, err := e.standing(ctx, plan, step.Address)
	if err != nil {
		return "", err
	}
	for _, object := range here {
		if len(object.Attrs.Diff(step.After)) == 0 {
			return object.ID, nil
		}
	}
	if len(here) > 0 {
		return "", &Error{Code: CodeConflict, Conflicts: here}
	}
	return "", nil
}

// standing reads what is at one address now.
func (e *Engine) standing(ctx context.Context, plan Plan, address Address) ([]Object, error) {
	site := plan.siteAt(address)
	var objects []Object
	var err error
	if address.Kind == KindRoute {
		objects, err = e.Provider.Routes(ctx, site.Zone)
	} else {
		objects, err = e.Provider.Records(ctx, site.Zone, []string{site.Host})
	}
	return slices.DeleteFunc(objects, func(o Object) bool {
		return o.Address != address || address.Kind == KindRecord && !isAddressRecord(o)
	}), err
}

func (p Plan) siteAt(address Address) Site {
	for _, site := range p.Sites {
		if address == routeAddress(site) || address == recordAddress(site) {
			return site
		}
	}
	return Site{}
}

// RegisterSubdomain gives a brand-new account the workers.dev name without which it takes no Worker. The name is for
// ever, so a caller asks first.
func (e *Engine) RegisterSubdomain(ctx context.Context, plan Plan) (string, error) {
	name := SubdomainName(plan)
	_, err := retrying(ctx, e, "subdomain", func(ctx context.Context) (struct{}, error) {
		return struct{}{}, e.Provider.RegisterSubdomain(ctx, plan.Account, name)
	})
	return name, err
}

// SubdomainName is the workers.dev name that RegisterSubdomain will ask for: the zone's name and a digest of the
// account, since these names are shared with all the world.
func SubdomainName(p Plan) string {
	if len(p.Sites) == 0 {
		return ""
	}
	name := []byte(p.Sites[0].Zone.Name)
	for i, c := range name {
		if c == '.' {
			name[i] = '-'
		}
	}
	return string(name[:min(len(name), 48)]) + "-" + digest([]byte(p.Account))[:8]
}
