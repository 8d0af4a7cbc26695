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
func (s *session) applyWithRetry(ctx context.Context, plan plan.Plan, step plan.Step) (stepResult, error) {
	call := string(step.Action) + " " + step.Address.Kind.String()
	attempts, isUnsure := 0, false
	made, err := retry(ctx, s, call, 1, func(ctx context.Context) (stepResult, error) {
		attempts++
		made, err := s.tryStep(ctx, plan, step, attempts)
		isUnsure = isUnsure || mayHaveTakenEffect(err)
		return made, err
	})
	made.unsure = isUnsure
	return made, err
}

// tryStep does a step once. Creating a route or a record is a POST, which would make a second one if the first took
// effect and only its answer was lost: so before a repetition, and after being told that there is one already, we look. An
// upload is looked for as well, since each one makes another version.
func (s *session) tryStep(ctx context.Context, p plan.Plan, step plan.Step, attempt int) (stepResult, error) {
	isPost := step.Action == plan.ActionCreate && step.Address.Kind != plan.KindScript
	if attempt > 1 && step.Action != plan.ActionDelete && (isPost || step.Address.Kind == plan.KindScript) {
		if made, err := s.findExisting(ctx, p, step); made.id != "" || err != nil {
			return made, err
		}
	}
	id, err := s.write(ctx, step)
	if !isPost || errcode.Of(err) != errcode.Exists {
		return stepResult{id: id}, err
	}
	made, lookErr := s.findExisting(ctx, p, step)
	if made.id != "" || lookErr != nil {
		made.found = made.found || attempt == 1
		return made, lookErr
	}
	// A list may be behind what was written: to look again later is all that can be done.
	return stepResult{}, &errcode.Error{Code: errcode.Exists, Temporary: true, Err: err}
}

func (s *session) write(ctx context.Context, step plan.Step) (string, error) {
	ctx, done := s.detached(ctx)
	defer done()
	return s.API.ApplyStep(ctx, step)
}

// findExisting finds what a lost write may have made: a thing at the step's address that is just as wanted, or none. A record that bears
// our mark and is otherwise is another run's, made meanwhile, and becomes as we want it; anything else is somebody else's.
func (s *session) findExisting(ctx context.Context, p plan.Plan, step plan.Step) (stepResult, error) {
	here, err := s.lookup(ctx, p, step.Address)
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
	id, err := s.write(ctx, step)
	return stepResult{id: id, found: true}, err
}

// lookup reads what is at one address now.
func (s *session) lookup(ctx context.Context, p plan.Plan, address plan.Address) ([]plan.Object, error) {
	site := p.SiteAt(address)
	var objects []plan.Object
	var err error
	switch address.Kind {
	case plan.KindScript:
		var script *plan.Object
		if script, err = s.API.Script(ctx, address.Parent, address.Name); script != nil {
			objects = []plan.Object{*script}
		}
	case plan.KindRoute:
		objects, err = s.API.Routes(ctx, site.Zone)
	default:
		var list plan.RecordList
		list, err = s.API.Records(ctx, site.Zone, []string{site.Host})
		objects = list.Found
	}
	return slices.DeleteFunc(objects, func(o plan.Object) bool {
		return o.Address != address || address.Kind == plan.KindRecord && !plan.IsAddressRecord(o)
	}), err
}

// registerSubdomain gives an account the workers.dev subdomain that it needs before its first Worker. It cannot be changed later.
func (s *session) registerSubdomain(ctx context.Context, account, name string) error {
	_, err := retry(ctx, s, "subdomain", 1, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, s.API.RegisterSubdomain(ctx, account, name)
	})
	return err
}
