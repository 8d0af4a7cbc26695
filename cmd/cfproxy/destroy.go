package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/provision"
)

func (p *program) destroyCommand() *cli.Command {
	flags := append(p.settingFlags(keyDomains, keyWorker, keyAccount), p.yesFlag(), p.jsonFlag())
	return &cli.Command{Name: "destroy", Flags: flags, Action: p.destroy}
}

// destroy removes what is ours at the addresses of a relay, and nothing else.
func (p *program) destroy(c *cli.Context) error {
	r, account, err := p.open(c)
	if err != nil {
		return err
	}
	plan, err := p.makeRemoval(c.Context, account.engine, r.Config)
	if err != nil {
		return err
	}
	if len(plan.Changes()) == 0 {
		return p.finishDestroy(plan, provision.Receipt{Done: []provision.Step{}})
	}
	p.note("destroy.title", "host", hostsOf(plan))
	p.view.Plan(p.stderr, plan)
	if err := p.confirm(c, plan, "destroy"); err != nil {
		return err
	}
	receipt, err := p.applyOnce(c, account.engine, plan)
	if err != nil {
		p.sayWhatStands(c, receipt)
		p.failed = &receipt
		return err
	}
	return p.finishDestroy(plan, receipt)
}

// makeRemoval plans the removal of everything of ours. The Worker stays while routes of other hosts lead to it, wherever
// in the account they are.
func (p *program) makeRemoval(ctx context.Context, engine *provision.Engine, config provision.Config) (provision.Plan, error) {
	config.Region = "" // a region that is no more must not be in the way
	observed, err := p.observe(ctx, engine, config)
	if err != nil {
		return provision.Plan{}, err
	}
	if observed.Dependents, err = engine.AllDependents(ctx, observed); err != nil {
		return provision.Plan{}, err
	}
	plan, err := provision.Diff(provision.Kept(observed), observed, false)
	if exposed := plan.Exposed(); err == nil && len(exposed) > 0 {
		return plan, &provision.Error{Code: provision.CodeExposed, Conflicts: exposed}
	}
	return plan, err
}

func (p *program) finishDestroy(plan provision.Plan, receipt provision.Receipt) error {
	if p.json {
		out := planResult(plan)
		out.Done = receipt.Done
		return p.writeJSON(out)
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
	return nil
}
