package provision

import (
	"context"
	"slices"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// stepResult is what a step led to: the id of what stands there now, and whether somebody else had made it. Of one that failed,
// unsure says that any of its attempts may have taken effect, whatever the last one came to.
type stepResult struct {
	id     string
	found  bool
	unsure bool
}

// applyWithRetry does one step by itself, as often as it takes.
func (e *Engine) applyWithRetry(ctx context.Context, plan plan.Plan, step plan.Step) (stepResult, error) {
	call := string(step.Action) + " " + step.Address.Kind.String()
	attempts, isUnsure := 0, false
	made, err := retry(ctx, e, call, 1, func(ctx context.Context) (stepResult, error) {
		attempts++
		made, err := e.tryStep(ctx, plan, step, attempts)
		isUnsure = isUnsure || mayHaveTakenEffect(err)
		return made, err
	})
	made.unsure = isUnsure
	return made, err
}

// tryStep does a step once. Creating a route or a record is a POST, which would make a second one if the first took
// effect and only its answer was lost: so before a repetition, and after being told that there is one already, we look. An
// upload is looked for as well, since each one makes another version.
func (e *Engine) tryStep(ctx context.Context, p plan.Plan, step plan.Step, attempt int) (stepResult, error) {
	isPost := step.Action == plan.ActionCreate && step.Address.Kind != plan.KindScript
	if attempt > 1 && step.Action != plan.ActionDelete && (isPost || step.Address.Kind == plan.KindScript) {
		if made, err := e.findExisting(ctx, p, step); made.id != "" || err != nil {
			return made, err
		}
	}
	id, err := e.write(ctx, step)
	if !isPost || errcode.Of(err) != errcode.Exists {
		return stepResult{id: id}, err
	}
	made, lookErr := e.findExisting(ctx, p, step)
	if made.id != "" || lookErr != nil {
		made.found = made.found || attempt == 1
		return made, lookErr
	}
	// A list may be behind what was written: to look again later is all that can be done.
	return stepResult{}, &errcode.Error{Code: errcode.Exists, Temporary: true, Err: err}
}

func (e *Engine) write(ctx context.Context, step plan.Step) (string, error) {
	ctx, done := e.detached(ctx)
	defer done()
	return e.API.ApplyStep(ctx, step)
}

// findExisting finds what a lost write may have made: a thing at the step's address that is just as wanted, or none. A record that bears
// our mark and is otherwise is another run's, made meanwhile, and becomes as we want it; anything else is somebody else's.
func (e *Engine) findExisting(ctx context.Context, p plan.Plan, step plan.Step) (stepResult, error) {
	here, err := e.lookup(ctx, p, step.Address)
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
	id, err := e.write(ctx, step)
	return stepResult{id: id, found: true}, err
}

// lookup reads what is at one address now.
func (e *Engine) lookup(ctx context.Context, p plan.Plan, address plan.Address) ([]plan.Object, error) {
	site := p.SiteAt(address)
	var objects []plan.Object
	var err error
	switch address.Kind {
	case plan.KindScript:
		var script *plan.Object
		if script, err = e.API.Script(ctx, address.Parent, address.Name); script != nil {
			objects = []plan.Object{*script}
		}
	case plan.KindRoute:
		objects, err = e.API.Routes(ctx, site.Zone)
	default:
		var list plan.RecordList
		list, err = e.API.Records(ctx, site.Zone, []string{site.Host})
		objects = list.Found
	}
	return slices.DeleteFunc(objects, func(o plan.Object) bool {
		return o.Address != address || address.Kind == plan.KindRecord && !plan.IsAddressRecord(o)
	}), err
}

// RegisterSubdomain gives a brand-new account the workers.dev name without which it takes no Worker. The name is for
// ever, so a caller asks first.
func (e *Engine) RegisterSubdomain(ctx context.Context, p plan.Plan, account string) (string, error) {
	name := plan.SubdomainName(p, account)
	_, err := retry(ctx, e, "subdomain", 1, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, e.API.RegisterSubdomain(ctx, account, name)
	})
	return name, err
}
