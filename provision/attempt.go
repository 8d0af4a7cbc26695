package provision

import (
	"context"
	"slices"
)

// outcome is what a step led to: the id of what stands there now, and whether somebody else had made it. Of one that failed,
// unsure says that any of its attempts may have taken effect, whatever the last one came to.
type outcome struct {
	id     string
	found  bool
	unsure bool
}

// single does one step by itself, as often as it takes.
func (e *Engine) single(ctx context.Context, plan Plan, step Step) (outcome, error) {
	call := string(step.Action) + " " + step.Address.Kind.String()
	attempts, isUnsure := 0, false
	made, err := retrying(ctx, e, call, 1, func(ctx context.Context) (outcome, error) {
		attempts++
		made, err := e.attempt(ctx, plan, step, attempts)
		isUnsure = isUnsure || effectUnknown(err)
		return made, err
	})
	made.unsure = isUnsure
	return made, err
}

// attempt does a step once. Creating a route or a record is a POST, which would make a second one if the first took
// effect and only its answer was lost: so before a repetition, and after being told that there is one already, we look. An
// upload is looked for as well, since each one makes another version.
func (e *Engine) attempt(ctx context.Context, plan Plan, step Step, attempt int) (outcome, error) {
	isPost := step.Action == ActionCreate && step.Address.Kind != KindScript
	if attempt > 1 && step.Action != ActionDelete && (isPost || step.Address.Kind == KindScript) {
		if made, err := e.look(ctx, plan, step); made.id != "" || err != nil {
			return made, err
		}
	}
	id, err := e.write(ctx, step)
	if !isPost || CodeOf(err) != CodeExists {
		return outcome{id: id}, err
	}
	made, lookErr := e.look(ctx, plan, step)
	if made.id != "" || lookErr != nil {
		made.found = made.found || attempt == 1
		return made, lookErr
	}
	// A list may be behind what was written: to look again later is all that can be done.
	return outcome{}, &Error{Code: CodeExists, Temporary: true, Err: err}
}

func (e *Engine) write(ctx context.Context, step Step) (string, error) {
	ctx, done := e.uncut(ctx)
	defer done()
	return e.Provider.Do(ctx, step)
}

// look finds what a lost write may have made: a thing at the step's address that is just as wanted, or none. A record that bears
// our mark and is otherwise is another run's, made meanwhile, and becomes as we want it; anything else is somebody else's.
func (e *Engine) look(ctx context.Context, plan Plan, step Step) (outcome, error) {
	here, err := e.standing(ctx, plan, step.Address)
	if err != nil || len(here) == 0 {
		return outcome{}, err
	}
	for _, object := range here {
		if len(object.Attrs.Diff(step.After)) == 0 {
			return outcome{id: object.ID}, nil
		}
	}
	if step.Address.Kind == KindScript {
		return outcome{}, nil
	}
	foreign := slices.DeleteFunc(slices.Clone(here), func(o Object) bool { return o.Owned })
	if len(foreign) > 0 || step.Address.Kind != KindRecord {
		return outcome{}, &ConflictError{Code: CodeConflict, Objects: here}
	}
	step.Action, step.ID = ActionUpdate, here[0].ID
	id, err := e.write(ctx, step)
	return outcome{id: id, found: true}, err
}

// standing reads what is at one address now.
func (e *Engine) standing(ctx context.Context, plan Plan, address Address) ([]Object, error) {
	site := plan.siteAt(address)
	var objects []Object
	var err error
	switch address.Kind {
	case KindScript:
		var script *Object
		if script, err = e.Provider.Script(ctx, address.Parent, address.Name); script != nil {
			objects = []Object{*script}
		}
	case KindRoute:
		objects, err = e.Provider.Routes(ctx, site.Zone)
	default:
		var list RecordList
		list, err = e.Provider.Records(ctx, site.Zone, []string{site.Host})
		objects = list.Found
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
func (e *Engine) RegisterSubdomain(ctx context.Context, plan Plan, account string) (string, error) {
	name := SubdomainName(plan, account)
	_, err := retrying(ctx, e, "subdomain", 1, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, e.Provider.RegisterSubdomain(ctx, account, name)
	})
	return name, err
}

// SubdomainName is the workers.dev name that RegisterSubdomain will ask for: the account's first zone of the plan and a digest
// of the account, since these names are shared with all the world.
func SubdomainName(p Plan, account string) string {
	at := slices.IndexFunc(p.Sites, func(s Site) bool { return s.Zone.Account == account })
	if at < 0 {
		return ""
	}
	name := []byte(p.Sites[at].Zone.Name)
	for i, c := range name {
		if c == '.' {
			name[i] = '-'
		}
	}
	return string(name[:min(len(name), 48)]) + "-" + digest([]byte(account))[:8]
}
