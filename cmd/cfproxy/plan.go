package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

// planOptions are the flags of plan.
type planOptions struct {
	relayOptions
	exitCode bool
}

func (p *program) planCommand() *cli.Command {
	return p.command("plan", func(c *cli.Context, s *session) error {
		return runPlan(c.Context, s, planOptions{relayOptionsOf(c), c.Bool("exit-code")})
	}, append(p.deployFlags(), p.boolFlag("exit-code"))...)
}

// runPlan prints what deploy would do. It never writes.
func runPlan(ctx context.Context, s *session, o planOptions) error {
	relays, account, err := s.open(ctx, o.relayOptions)
	if err != nil {
		return err
	}
	p, err := s.planDeploy(ctx, account.engine, relays, o.adopt)
	if err != nil {
		return err
	}
	if s.json {
		err = s.writeJSON(s.planResult(p))
	} else {
		s.outf("plan.title", "host", hostTitle(p), "zone", zoneTitle(p))
		s.view.Plan(s.stdout, p)
		s.printHostErrors(p.Skipped)
	}
	switch {
	case err != nil:
		return err
	case len(p.Skipped) > 0:
		return s.skippedError(p.Skipped)
	case o.exitCode && len(p.Changes()) > 0:
		return problem.ExitStatus(problem.ExitPending)
	}
	return nil
}

// planDeploy observes the account and plans.
func (s *session) planDeploy(ctx context.Context, engine *provision.Engine, relays config.Relays, adopt bool) (plan.Plan, error) {
	observed, err := s.observeToDeploy(ctx, engine, relays)
	if err != nil {
		return plan.Plan{}, err
	}
	return provision.PlanDeploy(observed, worker.Load(), adopt)
}

// observeToDeploy observes the account. It returns an error if a relay that is managed would become pass-through, and lose its tokens and
// keys, although no flag and no file says so: the file that manages it is probably in another directory.
func (s *session) observeToDeploy(ctx context.Context, engine *provision.Engine, relays config.Relays) (plan.Observed, error) {
	observed, err := s.observe(ctx, engine, relays.Configs()...)
	if err != nil {
		return observed, err
	}
	for _, relay := range observed.Relays {
		r, deployed := relays.ForRelay(relay), relay.Deployed()
		if !r.IsAccessUnset() || !deployed.Settings.Managed {
			continue
		}
		command := s.inv.rerun(s.inv.command, r.Domains...)
		managed := r.Chosen.WithDeployedDefaults(r.Config, deployed)
		open := managed
		open.Settings.Managed = false
		return observed, problem.Usage("access-unsaid", "worker", relay.Worker, "keep", command+r.Chosen.FlagsFor(managed),
			"open", command+r.Chosen.FlagsFor(open)+" --access "+binding.AccessPassThrough)
	}
	return observed, nil
}
