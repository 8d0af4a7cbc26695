package main

import (
	"errors"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

func (p *program) statusCommand() *cli.Command {
	return &cli.Command{Name: "status", Flags: append(p.settingFlags(), p.jsonFlag()), Action: p.status}
}

// status shows what stands, and how it differs from what should. What the owner does not say now is taken to be as it was
// deployed.
func (p *program) status(c *cli.Context) error {
	f, _, observed, err := p.look(c)
	if err != nil {
		return err
	}
	for i, relay := range observed.Relays {
		r := f.ForRelay(relay)
		observed.Relays[i].Config = r.Chosen.WithDeployedDefaults(relay.Config, relay.Deployed())
	}
	plan, err := provision.PlanStatus(observed, worker.Load())
	if err != nil {
		return err
	}
	return p.tellStatus(c, f, plan)
}

func (p *program) tellStatus(c *cli.Context, f config.Relays, planned plan.Plan) error {
	if p.json {
		out := result{Things: thingsOf(planned), Warnings: planned.Warnings(), Refused: p.refusalViews(planned.Skipped)}
		ok := len(planned.Skipped) == 0 && !slices.ContainsFunc(out.Things, func(t thing) bool { return t.State != "ok" })
		out.OK = &ok
		return errors.Join(p.writeJSON(out), p.refused(planned.Skipped))
	}
	p.answer("status.title", "host", hostsOf(planned), "zone", zonesOf(planned))
	p.view.Status(p.stdout, planned)
	command := p.again(c, "deploy", asciiHosts(planned)...)
	if len(planned.Relays) == 1 {
		command += f.ForRelay(planned.Relays[0]).Chosen.FlagsFor(planned.Relays[0].Config)
	}
	foreign := slices.ContainsFunc(planned.Steps, func(s plan.Step) bool { return s.Adopt })
	switch {
	case foreign:
		p.answer("status.blocked", "command", command)
	case len(planned.Changes()) == 0 && len(planned.Skipped) == 0:
		p.answer("status.good")
	case planned.OnlyCreates():
		p.answer("status.absent", "command", command)
	case len(planned.Changes()) > 0:
		p.answer("status.differs", "command", command)
	}
	p.tellRefused(planned.Skipped)
	return p.refused(planned.Skipped)
}
