package main

import (
	"context"
	"errors"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

func (p *program) statusCommand() *cli.Command {
	return p.command("status", func(c *cli.Context, s *session) error {
		return runStatus(c.Context, s, relayOptionsOf(c))
	}, append(p.settingFlags(), p.boolFlag("json"))...)
}

// runStatus prints what is deployed, and how it differs from what should be. Settings that were not chosen are taken from the
// deployed relay.
func runStatus(ctx context.Context, s *session, o relayOptions) error {
	relays, _, observed, err := s.openAndObserve(ctx, o)
	if err != nil {
		return err
	}
	for i, relay := range observed.Relays {
		r := relays.ForRelay(relay)
		observed.Relays[i].Config = r.Chosen.WithDeployedDefaults(relay.Config, relay.Deployed())
	}
	p, err := provision.PlanStatus(observed, worker.Load())
	if err != nil {
		return err
	}
	if s.json {
		out := result{Items: statusItems(p), Warnings: p.Warnings(), HostErrors: s.hostErrorViews(p.Skipped)}
		ok := len(p.Skipped) == 0 && !slices.ContainsFunc(out.Items, func(i statusItem) bool { return i.State != "ok" })
		out.OK = &ok
		return errors.Join(s.writeJSON(out), s.skippedError(p.Skipped))
	}
	s.printStatus(relays, p)
	return s.skippedError(p.Skipped)
}

func (s *session) printStatus(relays config.Relays, p plan.Plan) {
	s.outf("status.title", "host", hostTitle(p), "zone", zoneTitle(p))
	s.view.Status(s.stdout, p)
	command := s.inv.rerun("deploy", hostsOf(p)...)
	if len(p.Relays) == 1 {
		command += relays.ForRelay(p.Relays[0]).Chosen.FlagsFor(p.Relays[0].Config)
	}
	hasConflict := slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Adopt })
	switch {
	case hasConflict:
		s.outf("status.blocked", "command", command)
	case len(p.Changes()) == 0 && len(p.Skipped) == 0:
		s.outf("status.good")
	case p.OnlyCreates():
		s.outf("status.absent", "command", command)
	case len(p.Changes()) > 0:
		s.outf("status.differs", "command", command)
	}
	s.printHostErrors(p.Skipped)
}
