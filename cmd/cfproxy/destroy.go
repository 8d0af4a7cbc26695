package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/plan"
)

func (p *program) destroyCommand() *cli.Command {
	flags := append(p.settingFlags(config.KeyDomains, config.KeyWorker, config.KeyAccount), p.yesFlag(), p.jsonFlag())
	return &cli.Command{Name: "destroy", Flags: flags, Action: p.destroy}
}

// destroy removes what is ours at the addresses of relays, and nothing else.
func (p *program) destroy(c *cli.Context) error {
	f, account, err := p.open(c)
	if err != nil {
		return err
	}
	planned, err := p.makeRemoval(c, account.engine, f.Configs()...)
	if err != nil {
		return err
	}
	if len(planned.Changes()) == 0 {
		return p.finishDestroy(planned, provision.Receipt{Done: []plan.Step{}})
	}
	p.rememberWorker(f, planned)
	p.note("destroy.title", "host", hostsOf(planned))
	p.view.Plan(p.stderr, planned)
	if err := p.confirm(c, planned, "destroy"); err != nil {
		return err
	}
	receipt, err := p.remove(c, account.engine, planned)
	if err != nil {
		p.sayWhatStands(c, receipt)
		if len(planned.Relays) > 1 {
			p.tellLeft(receipt)
		}
		p.failed = &receipt
		if failed := receipt.FailedHosts(); len(failed) > 1 && !receipt.Stopped && !p.json {
			p.tellRefused(failed)
			return p.refused(failed)
		}
		return err
	}
	return p.finishDestroy(planned, receipt)
}

// rememberWorker has the command that goes on name the Worker, where that is not what its host would have it called: once record
// and route are gone, nothing else tells of it.
func (p *program) rememberWorker(f config.Relays, planned plan.Plan) {
	if len(f) == 1 && len(planned.Relays) == 1 && planned.Worker != plan.WorkerName(planned.Sites[0].Host) && f[0].Chosen.Worker == "" {
		p.answered = config.Settings{Worker: planned.Worker}
	}
}

// makeRemoval plans the removal of all that is ours at the hosts of configs.
func (p *program) makeRemoval(c *cli.Context, engine *provision.Engine, configs ...plan.Config) (plan.Plan, error) {
	progress := &engineProgress{program: p, c: c}
	defer progress.close()
	return engine.PlanDestroy(c.Context, configs, progress.observe)
}

// remove applies the plan of a removal.
func (p *program) remove(c *cli.Context, engine *provision.Engine, planned plan.Plan) (provision.Receipt, error) {
	progress := &engineProgress{program: p, c: c}
	defer progress.close()
	return engine.Destroy(c.Context, planned, progress.observe)
}

func (p *program) finishDestroy(plan plan.Plan, receipt provision.Receipt) error {
	if p.json {
		out := p.planResult(plan)
		out.Done = receipt.Done
		return errors.Join(p.writeJSON(out), p.refused(plan.Skipped))
	}
	if len(receipt.Done) == 0 {
		p.answer("destroy.nothing", "host", hostsOf(plan))
	} else {
		p.answer("destroy.done", "host", hostsOf(plan))
	}
	if len(plan.Unmanaged) > 0 {
		p.answer("destroy.left")
		p.view.Conflicts(p.stdout, plan.Unmanaged)
	}
	p.tellRefused(plan.Skipped)
	return p.refused(plan.Skipped)
}
