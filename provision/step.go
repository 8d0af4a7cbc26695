package provision

import (
	"context"
	"errors"
	"slices"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// stepResult is the result of a step.
type stepResult struct {
	id            string // of the resource at the step's address
	foundExisting bool   // a concurrent run had created it
	maybeApplied  bool   // the step failed, and one of its attempts may have taken effect
}

// applyWithRetry applies one step with calls of its own.
func (op *operation) applyWithRetry(ctx context.Context, p plan.Plan, step plan.Step) (stepResult, error) {
	call := string(step.Action) + " " + step.Address.Kind.String()
	attempts, maybeApplied := 0, false
	result, err := retry(ctx, op, call, 1, func(ctx context.Context) (stepResult, error) {
		attempts++
		result, err := op.tryStep(ctx, p, step, attempts)
		maybeApplied = maybeApplied || mayHaveTakenEffect(err)
		return result, err
	})
	result.maybeApplied = maybeApplied
	return result, err
}

// tryStep is one attempt at a step. If an earlier attempt got no answer, or the API says that the resource exists, it
// looks for the resource first: a second POST would create a second route or record, and a second upload another
// version.
func (op *operation) tryStep(ctx context.Context, p plan.Plan, step plan.Step, attempt int) (stepResult, error) {
	isPost := step.Action == plan.ActionCreate && step.Address.Kind != plan.KindScript
	if attempt > 1 && step.Action != plan.ActionDelete && (isPost || step.Address.Kind == plan.KindScript) {
		if result, err := op.findExisting(ctx, p, step); result.id != "" || err != nil {
			return result, err
		}
	}
	id, err := op.write(ctx, step)
	if !isPost || errcode.Of(err) != errcode.Exists {
		return stepResult{id: id}, err
	}
	result, findErr := op.findExisting(ctx, p, step)
	if result.id != "" || findErr != nil {
		result.foundExisting = result.foundExisting || attempt == 1
		return result, findErr
	}
	// Lists may be behind writes, so the resource may be found by a later attempt.
	refusal := (*errcode.Error)(nil)
	errors.As(err, &refusal)
	return stepResult{}, &errcode.Error{Code: errcode.Exists, Details: refusal.Details, Temporary: true, Err: err}
}

func (op *operation) write(ctx context.Context, step plan.Step) (string, error) {
	ctx, done := op.detached(ctx)
	defer done()
	return op.API.ApplyStep(ctx, step)
}

// findExisting returns the resource at a step's address that is as desired; no id if there is none. A record of ours
// that differs was created by a concurrent run, and is updated. Anything else is a conflict.
func (op *operation) findExisting(ctx context.Context, p plan.Plan, step plan.Step) (stepResult, error) {
	here, err := op.lookup(ctx, p, step.Address)
	if err != nil || len(here) == 0 {
		return stepResult{}, err
	}
	for _, object := range here {
		if len(object.Attrs.Diff(step.After)) == 0 {
			return stepResult{id: object.ID}, nil
		}
	}
	if step.Address.Kind == plan.KindScript {
		return stepResult{}, nil
	}
	foreign := slices.DeleteFunc(slices.Clone(here), func(o plan.Object) bool { return o.Owned })
	if len(foreign) > 0 || step.Address.Kind != plan.KindRecord {
		return stepResult{}, &plan.ConflictError{Code: errcode.Conflict, Objects: here}
	}
	step.Action, step.ID = plan.ActionUpdate, here[0].ID
	id, err := op.write(ctx, step)
	return stepResult{id: id, foundExisting: true}, err
}

// lookup reads what exists at an address, without retries.
func (op *operation) lookup(ctx context.Context, p plan.Plan, address plan.Address) ([]plan.Object, error) {
	site := p.SiteAt(address)
	var objects []plan.Object
	var err error
	switch address.Kind {
	case plan.KindScript:
		var script *plan.Object
		if script, err = op.API.Script(ctx, address.Parent, address.Name); script != nil {
			objects = []plan.Object{*script}
		}
	case plan.KindRoute:
		objects, err = op.API.Routes(ctx, site.Zone)
	default:
		var list plan.RecordList
		list, err = op.API.Records(ctx, site.Zone, []string{site.Host})
		objects = list.Found
	}
	return slices.DeleteFunc(objects, func(o plan.Object) bool {
		return o.Address != address || address.Kind == plan.KindRecord && !plan.IsAddressRecord(o)
	}), err
}

// registerSubdomain gives an account the workers.dev subdomain that it needs before its first Worker. It cannot be
// changed later.
func (op *operation) registerSubdomain(ctx context.Context, account, name string) error {
	_, err := retry(ctx, op, "subdomain", 1, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, op.API.RegisterSubdomain(ctx, account, name)
	})
	return err
}
