package main

import (
	"context"
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/provision"
)

func (p *program) destroyCommand() *cli.Command {
	flags := append(p.settingFlags(keyDomains, keyWorker, keyAccount), p.yesFlag(), p.jsonFlag())
	return &cli.Command{Name: "destroy", Flags: flags, Action: p.destroy}
}

// destroy removes what is ours at the addresses of relays, and nothing else.
func (p *program) destroy(c *cli.Context) error {
	f, account, err := p.open(c)
	if err != nil {
		return err
	}
	plan, err := p.makeRemoval(c.Context, account.engine, f.configs()...)
	if err != nil {
		return err
	}
	if len(plan.Changes()) == 0 {
		return p.finishDestroy(plan, provision.Receipt{Done: []provision.Step{}})
	}
	p.rememberWorker(f, plan)
	p.note("destroy.title", "host", hostsOf(plan))
	p.view.Plan(p.stderr, plan)
	if err := p.confirm(c, plan, "destroy"); err != nil {
		return err
	}
	receipt, err := p.applyOnce(c, account.engine, plan)
	if err == nil {
		// A deploy that ran at the same time may have put a record back.
		var more []provision.Step
		more, err = account.engine.Settle(c.Context, receipt)
		receipt.Done = append(receipt.Done, more...)
	}
	if err != nil {
		p.sayWhatStands(c, receipt)
		if len(plan.Relays) > 1 {
			p.tellLeft(receipt)
		}
		p.failed = &receipt
		if failed := receipt.FailedHosts(); len(failed) > 1 && !receipt.Stopped && !p.json {
			p.tellRefused(failed)
			return p.refused(failed)
		}
		return err
	}
	return p.finishDestroy(plan, receipt)
}

// rememberWorker has the command that goes on name the Worker, where that is not what its host would have it called: once record
// and route are gone, nothing else tells of it.
func (p *program) rememberWorker(f fleet, plan provision.Plan) {
	if len(f) == 1 && len(plan.Relays) == 1 && plan.Worker != provision.WorkerName(plan.Sites[0].Host) && f[0].chosen.one(keyWorker) == "" {
		p.answered = settings{keyWorker: {plan.Worker}}
	}
}

// makeRemoval plans the removal of everything of ours. A Worker stays while routes of other hosts lead to it, wherever
// in the account they are.
func (p *program) makeRemoval(ctx context.Context, engine *provision.Engine, configs ...provision.Config) (provision.Plan, error) {
	for i := range configs {
		configs[i].Region = "" // a region that is no more must not be in the way
	}
	observed, err := p.observe(ctx, engine, configs...)
	if err == nil {
		err = engine.FindDependents(ctx, &observed)
	}
	if err != nil {
		return provision.Plan{}, err
	}
	plan, err := provision.Diff(provision.Kept(observed), observed, false)
	if exposed := plan.Exposed(); err == nil && len(exposed) > 0 {
		return plan, &provision.ConflictError{Code: provision.CodeExposed, Objects: exposed}
	}
	return plan, err
}

func (p *program) finishDestroy(plan provision.Plan, receipt provision.Receipt) error {
	if p.json {
		out := p.planResult(plan)
		out.Done = receipt.Done
		return errors.Join(p.writeJSON(out), p.refused(plan.Refused))
	}
	if len(receipt.Done) == 0 {
		p.answer("destroy.nothing", "host", hostsOf(plan))
	} else {
		p.answer("destroy.done", "host", hostsOf(plan))
	}
	if len(plan.Left) > 0 {
		p.answer("destroy.left")
		p.view.Conflicts(p.stdout, plan.Left)
	}
	p.tellRefused(plan.Refused)
	return p.refused(plan.Refused)
}
