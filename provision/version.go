package provision

import (
	"context"
	"slices"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// Versions lists what of a relay's Worker can be deployed, the newest first. Cloudflare keeps the last ten ready.
func (e *Engine) Versions(ctx context.Context, relay plan.Relay) ([]plan.Version, error) {
	if !relay.Exists() {
		return nil, errcode.New(errcode.NoWorker, "worker", relay.Worker)
	}
	// Two calls at once: the versions, and which of them is deployed.
	versions, err := retry(ctx, e, "versions", 2, func(ctx context.Context) ([]plan.Version, error) {
		return e.API.Versions(ctx, relay.Account, relay.Worker)
	})
	slices.SortStableFunc(versions, func(a, b plan.Version) int { return b.Number - a.Number })
	return versions, err
}

// Rollback makes a version serve all traffic, by one call and without an upload: routes and records stay as they are. force says
// that secrets may be those of that time, should they have changed since.
func (e *Engine) Rollback(ctx context.Context, relay plan.Relay, to plan.Version, force bool) error {
	attempts := 0
	_, err := retry(ctx, e, "rollback", 1, func(ctx context.Context) (struct{}, error) {
		if attempts++; attempts > 1 {
			// The answer to the one before may have been lost.
			versions, err := e.API.Versions(ctx, relay.Account, relay.Worker)
			isDone := slices.ContainsFunc(versions, func(v plan.Version) bool { return v.ID == to.ID && v.Share == 100 })
			if err != nil || isDone {
				return struct{}{}, err
			}
		}
		write, done := e.detached(ctx)
		defer done()
		return struct{}{}, e.API.DeployVersion(write, relay.Account, relay.Worker, to.ID, force)
	})
	return err
}

// Updated gives the relays whose Worker a run has replaced: those that can go back.
func (r Receipt) Updated() []plan.Relay {
	var relays []plan.Relay
	for _, relay := range r.Plan.Relays {
		isDone := func(s plan.Step) bool {
			return s.Address == relay.ScriptAddress() && s.Action == plan.ActionUpdate && !s.Adopt
		}
		if slices.ContainsFunc(r.Done, isDone) || slices.ContainsFunc(r.Unknown, isDone) {
			relays = append(relays, relay)
		}
	}
	return relays
}
