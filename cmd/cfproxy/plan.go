package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/worker"
)

func (p *program) planCommand() *cli.Command {
	flags := append(p.deployFlags(),
		&cli.BoolFlag{Name: "exit-code", Usage: p.text.T("flag.exit-code"), DisableDefaultText: true})
	return &cli.Command{Name: "plan", Flags: flags, Action: p.plan}
}

// plan shows what deploy would do. It never writes.
func (p *program) plan(c *cli.Context) error {
	r, account, err := p.open(c)
	if err != nil {
		return err
	}
	plan, err := p.makePlan(c, account.engine, r)
	if err != nil {
		return err
	}
	if p.json {
		err = p.writeJSON(planResult(plan))
	} else {
		p.tellPlan(plan)
	}
	if err == nil && c.Bool("exit-code") && len(plan.Changes()) > 0 {
		return silent(exitPending)
	}
	return err
}

// open gathers the settings, asks for what is missing, and opens the account: what every command begins with.
func (p *program) open(c *cli.Context) (relay, *account, error) {
	chosen, err := p.settings(c)
	if err != nil {
		return relay{}, nil, err
	}
	if chosen, err = p.askDomain(c.Context, chosen); err != nil {
		return relay{}, nil, err
	}
	r, err := p.relay(chosen)
	if err != nil {
		return relay{}, nil, err
	}
	r.Adopt = c.Bool("adopt")
	if r.Keys, err = p.ownerKeys(r); err != nil {
		return relay{}, nil, err
	}
	token, err := p.askToken(c)
	if err != nil {
		return relay{}, nil, err
	}
	account, err := p.openAccount(c, token)
	return r, account, err
}

// makePlan observes the account and compares.
func (p *program) makePlan(c *cli.Context, engine *provision.Engine, r relay) (provision.Plan, error) {
	observed, err := p.observe(c.Context, engine, r.Config)
	if err == nil {
		err = p.checkAccess(c, r, observed)
	}
	if err != nil {
		return provision.Plan{}, err
	}
	return planFor(r, observed)
}

// planFor compares what was observed with what the owner wants.
func planFor(r relay, observed provision.Observed) (provision.Plan, error) {
	if err := r.CheckUpstreams(observed); err != nil {
		return provision.Plan{}, err
	}
	config, err := r.Config.Complete(observed)
	if err != nil {
		return provision.Plan{}, err
	}
	return provision.Diff(provision.NewDesired(config, observed, worker.Load()), observed, r.Adopt)
}

// accessUnsaid tells whether neither a flag nor a file, by its silence, says who may use the relay.
func (r relay) accessUnsaid() bool {
	_, said := r.chosen[keyAccess]
	return !r.hasFile() && !said
}

// checkAccess refuses to open a managed relay to everybody, and to throw away its tokens and keys, where nobody said so: the
// file that does is most likely in another folder.
func (p *program) checkAccess(c *cli.Context, r relay, observed provision.Observed) error {
	standing := observed.Standing()
	if !r.accessUnsaid() || !standing.Settings.Managed {
		return nil
	}
	command := p.again(c, c.Command.Name, r.Domains...)
	kept := asDeployed(r.Config, standing, r.chosen)
	open := kept
	open.Settings.Managed = false
	return usage("access-unsaid", "worker", observed.Worker, "keep", command+asFlags(r.chosen, kept),
		"open", command+asFlags(r.chosen, open)+" --access "+provision.AccessOpen)
}

// observe reads the account, telling of waits as they come.
func (p *program) observe(ctx context.Context, engine *provision.Engine, config provision.Config) (provision.Observed, error) {
	progress := p.progress()
	defer progress.Close()
	engine.Observer = progress.Engine
	progress.Doing(p.text.T("doing.observe"))
	return engine.Observe(ctx, config)
}

func (p *program) tellPlan(plan provision.Plan) {
	p.answer("plan.title", "host", hostsOf(plan), "zone", zonesOf(plan))
	p.view.Plan(p.stdout, plan)
}
