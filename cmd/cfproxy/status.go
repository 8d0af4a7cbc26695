package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/worker"
)

func (p *program) statusCommand() *cli.Command {
	return &cli.Command{Name: "status", Flags: append(p.settingFlags(), p.jsonFlag()), Action: p.status}
}

// status shows what stands, and how it differs from what should. What the owner does not say now is taken to be as it was
// deployed.
func (p *program) status(c *cli.Context) error {
	r, account, err := p.open(c)
	if err != nil {
		return err
	}
	progress := p.progress()
	defer progress.Close()
	account.engine.Observer = progress.Engine
	progress.Doing(p.text.T("doing.observe"))
	observed, err := account.engine.Observe(c.Context, r.Config)
	if err != nil {
		return err
	}
	progress.Close()
	config := asDeployed(r.Config, observed.Standing(), r.chosen)
	// As if everything could be taken over, so that what is not ours is shown and not refused.
	plan, err := provision.Diff(provision.NewDesired(config, observed, worker.Load()), observed, true)
	if err != nil {
		return err
	}
	return p.tellStatus(plan)
}

// asDeployed takes what the owner did not choose from what stands.
func asDeployed(config, standing provision.Config, chosen settings) provision.Config {
	if len(chosen[keyProviders]) == 0 && len(standing.Providers) > 0 {
		config.Providers = standing.Providers
	}
	if len(chosen[keyRegion]) == 0 {
		config.Region = standing.Region
	}
	return config
}

func (p *program) tellStatus(plan provision.Plan) error {
	if p.json {
		out := result{Things: thingsOf(plan), Warnings: plan.Warnings()}
		ok := !slices.ContainsFunc(out.Things, func(t thing) bool { return t.State != "ok" })
		out.OK = &ok
		return p.writeJSON(out)
	}
	p.tell("status.title", "host", hostsOf(plan), "zone", plan.Sites[0].Zone.Name)
	p.view.Status(p.stdout, plan)
	switch {
	case len(plan.Changes()) == 0:
		p.tell("status.good")
	case plan.IsFirst():
		p.tell("status.absent", "command", commandLine("deploy", plan.Sites))
	default:
		p.tell("status.differs", "command", commandLine("deploy", plan.Sites))
	}
	return nil
}
