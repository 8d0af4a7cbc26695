package provision

import (
	"context"
	"slices"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// Versions lists the versions of a relay's Worker that can be deployed, the newest first. Cloudflare keeps the last
// ten. https://developers.cloudflare.com/workers/configuration/versions-and-deployments/
func (e *Engine) Versions(ctx context.Context, relay plan.Relay, onEvent func(Event)) ([]plan.Version, error) {
	return e.begin(onEvent).versions(ctx, relay)
}

func (op *operation) versions(ctx context.Context, relay plan.Relay) ([]plan.Version, error) {
	if !relay.Exists() {
		return nil, errcode.New(errcode.NoWorker, "worker", relay.Worker)
	}
	// Two calls: the versions, and which of them are deployed.
	versions, err := retry(ctx, op, "versions", 2, func(ctx context.Context) ([]plan.Version, error) {
		return op.API.Versions(ctx, relay.Account, relay.Worker)
	})
	slices.SortStableFunc(versions, func(a, b plan.Version) int { return b.Number - a.Number })
	return versions, err
}

// Rollback makes a version serve all traffic. It is one call, without an upload; routes and records do not change. With
// force the version is deployed even if secrets have changed since, with their old values.
func (e *Engine) Rollback(ctx context.Context, relay plan.Relay, to plan.Version, force bool, onEvent func(Event)) error {
	return e.begin(onEvent).rollback(ctx, relay, to, force)
}

func (op *operation) rollback(ctx context.Context, relay plan.Relay, to plan.Version, force bool) error {
	attempts := 0
	_, err := retry(ctx, op, "rollback", 1, func(ctx context.Context) (struct{}, error) {
		if attempts++; attempts > 1 {
			// The previous attempt may have succeeded without an answer.
			versions, err := op.API.Versions(ctx, relay.Account, relay.Worker)
			isDone := slices.ContainsFunc(versions, func(v plan.Version) bool { return v.ID == to.ID && v.Share == 100 })
			if err != nil || isDone {
				return struct{}{}, err
			}
		}
		write, done := op.detached(ctx)
		defer done()
		return struct{}{}, op.API.DeployVersion(write, relay.Account, relay.Worker, to.ID, force)
	})
	return err
}

// Rollback is an attempt to make the version that served before a run serve again.
type Rollback struct {
	Relay    plan.Relay
	From, To plan.Version
	// Withheld says that it was not tried, since it would widen access: the owner has to decide.
	Withheld bool
	// Err says why it failed; nil if To serves.
	Err error
}

// Done reports whether the earlier version serves.
func (r Rollback) Done() bool { return !r.Withheld && r.Err == nil }

// RollBackUpdated makes the previous versions of Workers that a run has updated serve again, of those relays for which
// include returns true. A relay of which the update did not take effect is left out of the result.
func (e *Engine) RollBackUpdated(ctx context.Context, receipt Receipt, include func(plan.Relay) bool, onEvent func(Event)) []Rollback {
	return e.begin(onEvent).rollBackUpdated(ctx, receipt, include)
}

func (op *operation) rollBackUpdated(ctx context.Context, receipt Receipt, include func(plan.Relay) bool) []Rollback {
	var rollbacks []Rollback
	for _, relay := range receipt.Updated() {
		if !include(relay) {
			continue
		}
		r := Rollback{Relay: relay, Withheld: receipt.Plan.WidensAccess(relay)}
		if !r.Withheld {
			var isUpdated bool
			if isUpdated, r.Err = op.rollBackUpdate(ctx, receipt.Plan, &r); !isUpdated {
				continue
			}
		}
		op.emit(Event{Type: EventRollback, Rollback: r})
		rollbacks = append(rollbacks, r)
	}
	return rollbacks
}

// rollBackUpdate reports false if the version that serves is not that of the plan.
func (op *operation) rollBackUpdate(ctx context.Context, p plan.Plan, r *Rollback) (isUpdated bool, err error) {
	versions, err := op.versions(ctx, r.Relay)
	if err != nil {
		return true, err
	}
	if r.To, err = p.PriorVersion(r.Relay, versions); err != nil {
		return true, err
	}
	r.From = plan.Serving(versions)
	if r.From.Build != p.Build(r.Relay.Sites[0].Host) {
		return false, nil
	}
	return true, op.rollback(ctx, r.Relay, r.To, false)
}
