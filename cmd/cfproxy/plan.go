package main

import (
	"time"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

func (p *program) planCommand() *cli.Command {
	flags := append(p.deployFlags(),
		&cli.BoolFlag{Name: "exit-code", Usage: p.text.T("flag.exit-code"), DisableDefaultText: true})
	return &cli.Command{Name: "plan", Flags: flags, Action: p.plan}
}

// plan shows what deploy would do. It never writes.
func (p *program) plan(c *cli.Context) error {
	f, account, err := p.open(c)
	if err != nil {
		return err
	}
	plan, err := p.makePlan(c, account.engine, f)
	if err != nil {
		return err
	}
	if p.json {
		err = p.writeJSON(p.planResult(plan))
	} else {
		p.tellPlan(plan)
	}
	switch {
	case err != nil:
		return err
	case len(plan.Skipped) > 0:
		return p.refused(plan.Skipped)
	case c.Bool("exit-code") && len(plan.Changes()) > 0:
		return problem.ExitStatus(problem.ExitPending)
	}
	return nil
}

// open gathers the settings, asks for what is missing, and opens the account: what every command begins with.
func (p *program) open(c *cli.Context) (config.Relays, *account, error) {
	chosen, err := p.loadSettings(c)
	if err != nil {
		return nil, nil, err
	}
	if chosen[0], err = p.askDomain(c.Context, chosen[0]); err != nil {
		return nil, nil, err
	}
	f, err := p.newRelays(chosen)
	if err != nil {
		return nil, nil, err
	}
	for i := range f {
		f[i].Adopt = c.Bool("adopt")
		if f[i].Keys, err = config.Keys(f[i].Config, p.getenv); err != nil {
			return nil, nil, err
		}
	}
	token, err := p.askToken(c)
	if err != nil {
		return nil, nil, err
	}
	account, err := p.openAccount(c, token)
	if err == nil && len(f.Domains()) > manyHosts {
		account.engine.MaxRetryAfter = longPatience
	}
	return f, account, err
}

// With so many hosts a run is worth waiting for, as long as the API shuts out who made too many calls.
const (
	manyHosts    = 50
	longPatience = 6 * time.Minute
)

// look opens the account and reads what stands there, for commands that show it.
func (p *program) look(c *cli.Context) (config.Relays, *account, plan.Observed, error) {
	f, account, err := p.open(c)
	if err != nil {
		return nil, nil, plan.Observed{}, err
	}
	observed, err := p.observe(c, account.engine, f.Configs()...)
	return f, account, observed, err
}

// observeToDeploy observes the account, and refuses what nobody who deploys has said.
func (p *program) observeToDeploy(c *cli.Context, engine *provision.Engine, f config.Relays) (plan.Observed, error) {
	observed, err := p.observe(c, engine, f.Configs()...)
	if err == nil {
		err = p.checkAccess(c, f, observed)
	}
	return observed, err
}

// makePlan observes the account and compares.
func (p *program) makePlan(c *cli.Context, engine *provision.Engine, f config.Relays) (plan.Plan, error) {
	observed, err := p.observeToDeploy(c, engine, f)
	if err != nil {
		return plan.Plan{}, err
	}
	return provision.PlanDeploy(observed, worker.Load(), f[0].Adopt)
}

// checkAccess refuses to open a managed relay to everybody, and to throw away its tokens and keys, where nobody said so: the
// file that does is most likely in another folder.
func (p *program) checkAccess(c *cli.Context, f config.Relays, observed plan.Observed) error {
	for _, relay := range observed.Relays {
		r, standing := f.ForRelay(relay), relay.Deployed()
		if !r.IsAccessUnset() || !standing.Settings.Managed {
			continue
		}
		command := p.again(c, c.Command.Name, r.Domains...)
		kept := r.Chosen.WithDeployedDefaults(r.Config, standing)
		open := kept
		open.Settings.Managed = false
		return problem.Usage("access-unsaid", "worker", relay.Worker, "keep", command+r.Chosen.FlagsFor(kept),
			"open", command+r.Chosen.FlagsFor(open)+" --access "+binding.AccessPassThrough)
	}
	return nil
}

// observe reads the account and shows the progress of that.
func (p *program) observe(c *cli.Context, engine *provision.Engine, configs ...plan.Config) (plan.Observed, error) {
	progress := &engineProgress{program: p, c: c}
	defer progress.close()
	return engine.Observe(c.Context, configs, progress.observe)
}

func (p *program) tellPlan(plan plan.Plan) {
	p.answer("plan.title", "host", hostsOf(plan), "zone", zonesOf(plan))
	p.view.Plan(p.stdout, plan)
	p.tellRefused(plan.Skipped)
}
