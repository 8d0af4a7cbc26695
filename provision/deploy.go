package provision

import (
	"context"
	"slices"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

// PlanDeploy returns the steps that make the observed accounts match the Config of every observed relay. It makes no
// calls.
//
// Hosts that conflict with resources that are not ours are listed in Plan.Skipped, and the others proceed; if no host
// is left, the error is a *plan.ConflictError. With adopt the plan takes over these resources instead, except read-only
// records. A relay whose
// upstream is one of its own hosts is an error with errcode.UpstreamLoop.
func PlanDeploy(observed plan.Observed, bundle worker.Bundle, adopt bool) (plan.Plan, error) {
	if err := observed.CheckUpstreams(); err != nil {
		return plan.Plan{}, err
	}
	observed.Relays = slices.Clone(observed.Relays)
	for i := range observed.Relays {
		var err error
		if observed.Relays[i].Config, err = observed.Relays[i].CompleteConfig(); err != nil {
			return plan.Plan{}, err
		}
	}
	return plan.Diff(plan.NewDesired(observed, bundle), observed, adopt)
}

// PlanStatus returns how the observed accounts differ from the Config of every observed relay, for display: conflicts
// are steps with Adopt set rather than errors. It makes no calls.
func PlanStatus(observed plan.Observed, bundle worker.Bundle) (plan.Plan, error) {
	return plan.Preview(plan.NewDesired(observed, bundle), observed)
}

// PlanDestroy observes the accounts and returns the steps that remove all that is ours at the hosts of the configs. A
// Worker stays while other routes or custom domains of its account need it.
//
// If the removal of a route would expose a record that is not marked as ours and points to plan.DefaultOrigin, the
// error is a *plan.ConflictError with errcode.Exposed, and the plan is returned as well. If a record of ours is
// read-only, it is one with errcode.ReadOnly.
func (e *Engine) PlanDestroy(ctx context.Context, configs []plan.Config, onEvent func(Event)) (plan.Plan, error) {
	op := e.begin(onEvent)
	configs = slices.Clone(configs)
	for i := range configs {
		configs[i].Region = "" // it may not exist any more
	}
	o, found, err := op.observe(ctx, configs)
	if err != nil {
		return plan.Plan{}, err
	}
	if err := op.findDependents(ctx, &o, found); err != nil {
		return plan.Plan{}, err
	}
	p, err := plan.Diff(plan.DesiredAfterDestroy(o), o, false)
	if exposed := p.ExposedRecords(); err == nil && len(exposed) > 0 {
		return p, &plan.ConflictError{Code: errcode.Exposed, Objects: exposed}
	}
	return p, err
}

// DeployOptions are what the owner decides about Engine.Deploy.
type DeployOptions struct {
	// KeepPartial leaves what a failed run has changed as it is, for inspection: nothing is undone or rolled back.
	KeepPartial bool
	// RegisterSubdomain reports whether an account may be given this workers.dev subdomain. An account needs one before
	// its first Worker, and keeps it. nil: no.
	RegisterSubdomain func(account, subdomain string) bool
	// Verify is called after the steps were applied, unless no host is served as planned, and runs while Deploy
	// reconciles. nil: Deploy saves these two rounds of reads, and reconciles only if a resource that it was about to
	// create existed already. It then does not notice, for instance, a destroy that removed the route just before the
	// record was created.
	Verify func(Receipt)
}

// Outcome is the result of Engine.Deploy.
type Outcome struct {
	// Receipt is that of applying the plan.
	Receipt Receipt
	// Subdomain is the workers.dev subdomain that was registered last; "" if none was.
	Subdomain string
	// Undo is the receipt of removing what a failed run had created at hosts that had nothing before, and UndoErr why
	// not all of it is removed.
	Undo    Receipt
	UndoErr error
	// Rollbacks are of Workers that a failed run had updated without serving any of their hosts as planned.
	Rollbacks []Rollback
	// Reconciled are the steps that put right what a concurrent run did. ReconcileErr reports a change that could not
	// be.
	Reconciled   []plan.Step
	ReconcileErr error
}

// Remaining returns the receipt without what was undone.
func (o Outcome) Remaining() Receipt { return o.Receipt.without(o.Undo.Done) }

// Deploy applies a plan of PlanDeploy. If steps fail, it removes what the run created at hosts that had nothing before,
// and makes the previous version of updated Workers serve again, unless an option or the end of ctx prevents it. If all
// hosts are affected, it returns the first error; hosts that failed among others that are served are in the receipt
// only.
//
// Finally, Deploy reconciles with runs of other programs at the same hosts. What it could not do there is in the
// outcome only.
func (e *Engine) Deploy(ctx context.Context, p plan.Plan, options DeployOptions, onEvent func(Event)) (Outcome, error) {
	op := e.begin(onEvent)
	var out Outcome
	err := op.applyWithSubdomain(ctx, p, options, &out)
	if err != nil {
		if !options.KeepPartial {
			op.revert(ctx, &out)
		}
		if out.Receipt.servesNone() {
			return out, err
		}
	}
	quiet := e.begin(nil)
	if options.Verify == nil {
		if len(out.Receipt.FoundExisting) > 0 {
			out.Reconciled, out.ReconcileErr = quiet.reconcile(ctx, out.Receipt)
		}
		return out, nil
	}
	reconciled := make(chan struct{})
	go func() {
		defer close(reconciled)
		out.Reconciled, out.ReconcileErr = quiet.reconcile(ctx, out.Receipt)
	}()
	options.Verify(out.Receipt)
	<-reconciled
	return out, nil
}

// applyWithSubdomain applies a plan. Where an account lacks the workers.dev subdomain that it needs before its first
// Worker, it registers one if the owner agrees, and applies that account's part of the plan again.
func (op *operation) applyWithSubdomain(ctx context.Context, p plan.Plan, options DeployOptions, out *Outcome) error {
	var err error
	out.Receipt, err = op.apply(ctx, p)
	for tried := map[string]bool{}; errcode.Of(err) == errcode.SubdomainMissing; {
		account := out.Receipt.accountWithoutSubdomain()
		name := plan.SubdomainName(p, account)
		if tried[account] || options.RegisterSubdomain == nil || !options.RegisterSubdomain(account, name) {
			return err
		}
		tried[account] = true
		if err := op.registerSubdomain(ctx, account, name); err != nil {
			return err
		}
		out.Subdomain = name
		var more Receipt
		more, err = op.apply(ctx, p.ForAccount(account))
		out.Receipt = out.Receipt.with(more, account)
		if err == nil && len(out.Receipt.Failed) > 0 {
			err = out.Receipt.Failed[0].Err
		}
	}
	return err
}

// revert undoes what a failed run has created and rolls back what it has updated.
func (op *operation) revert(ctx context.Context, out *Outcome) {
	if ctx.Err() == nil && len(out.Receipt.Done)+len(out.Receipt.Unknown) > 0 {
		out.Undo, out.UndoErr = op.undo(ctx, out.Receipt)
	}
	if ctx.Err() == nil {
		unserved := out.Receipt.Unserved()
		out.Rollbacks = op.rollBackUpdated(ctx, out.Receipt, func(relay plan.Relay) bool {
			return !slices.ContainsFunc(relay.Hosts(), func(host string) bool { return !slices.Contains(unserved, host) })
		})
	}
}

// Destroy applies a plan of PlanDestroy and then reconciles with runs of other programs at the same hosts, such as a
// deploy that has created a record meanwhile. Its receipt includes the steps of both. Nothing is undone after a
// failure.
func (e *Engine) Destroy(ctx context.Context, p plan.Plan, onEvent func(Event)) (Receipt, error) {
	op := e.begin(onEvent)
	receipt, err := op.apply(ctx, p)
	if err != nil {
		return receipt, err
	}
	more, err := op.reconcile(ctx, receipt)
	receipt.Done = append(receipt.Done, more...)
	return receipt, err
}
