package main

import (
	"context"
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// destroyOptions are the flags of destroy.
type destroyOptions struct {
	relayOptions
	yes bool
}

func (p *program) destroyCommand() *cli.Command {
	flags := append(p.settingFlags(config.KeyDomains, config.KeyWorker, config.KeyAccount), p.yesFlag(), p.boolFlag("json"))
	return p.command("destroy", func(c *cli.Context, s *session) error {
		return runDestroy(c.Context, s, destroyOptions{relayOptionsOf(c), c.Bool("yes")})
	}, flags...)
}

// runDestroy removes what cfproxy created for the relays, and nothing else.
func runDestroy(ctx context.Context, s *session, o destroyOptions) error {
	relays, account, err := s.open(ctx, o.relayOptions)
	if err != nil {
		return err
	}
	p, err := s.planDestroy(ctx, account.engine, relays.Configs()...)
	if err != nil {
		return err
	}
	if len(p.Changes()) == 0 {
		return s.finishDestroy(p, provision.Receipt{Done: []plan.Step{}})
	}
	if len(relays) == 1 && len(p.Relays) == 1 && p.Worker != plan.WorkerName(p.Sites[0].Host) && relays[0].Chosen.Worker == "" {
		// If the run is cut short, the next one needs the name: once record and route are gone, it cannot be found out.
		s.inv.answered = config.Settings{Worker: p.Worker}
	}
	s.errf("destroy.title", "host", hostTitle(p))
	s.view.Plan(s.stderr, p)
	if err := s.confirm(ctx, p, "destroy", o.yes); err != nil {
		return err
	}
	receipt, err := s.applyDestroy(ctx, account.engine, p)
	if err != nil {
		return s.failedDestroy(receipt, err)
	}
	return s.finishDestroy(p, receipt)
}

func (s *session) planDestroy(ctx context.Context, engine *provision.Engine, configs ...plan.Config) (plan.Plan, error) {
	progress := s.engineProgress()
	defer progress.close()
	return engine.PlanDestroy(ctx, configs, progress.show)
}

func (s *session) applyDestroy(ctx context.Context, engine *provision.Engine, p plan.Plan) (provision.Receipt, error) {
	progress := s.engineProgress()
	defer progress.close()
	return engine.Destroy(ctx, p, progress.show)
}

// failedDestroy prints what was changed before the failure, and returns the error that ends the run.
func (s *session) failedDestroy(receipt provision.Receipt, err error) error {
	s.printRemaining(receipt)
	if len(receipt.Plan.Relays) > 1 {
		s.printOrphanedWorkers(receipt)
	}
	if failed := receipt.FailedHosts(); len(failed) > 1 && !receipt.Stopped && !s.json {
		s.printHostErrors(failed)
		return s.skippedError(failed)
	}
	return &partialError{error: err, receipt: receipt}
}

func (s *session) finishDestroy(p plan.Plan, receipt provision.Receipt) error {
	if s.json {
		out := s.planResult(p)
		out.Done = receipt.Done
		return errors.Join(s.writeJSON(out), s.skippedError(p.Skipped))
	}
	if len(receipt.Done) == 0 {
		s.outf("destroy.nothing", "host", hostTitle(p))
	} else {
		s.outf("destroy.done", "host", hostTitle(p))
	}
	if len(p.Unmanaged) > 0 {
		s.outf("destroy.left")
		s.view.Conflicts(s.stdout, p.Unmanaged)
	}
	s.printHostErrors(p.Skipped)
	return s.skippedError(p.Skipped)
}
