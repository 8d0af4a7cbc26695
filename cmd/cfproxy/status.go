package main

import (
	"errors"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/binding"
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
		r := f.of(relay)
		observed.Relays[i].Config = asDeployed(relay.Config, relay.Deployed(), r.chosen)
	}
	plan, err := provision.PlanStatus(observed, worker.Load())
	if err != nil {
		return err
	}
	return p.tellStatus(c, f, plan)
}

// asDeployed takes what the owner did not choose from what stands.
func asDeployed(config, standing plan.Config, chosen settings) plan.Config {
	if len(chosen[keyProviders]) == 0 && len(standing.Providers) > 0 {
		config.Providers = standingProviders(standing.Providers)
	}
	if len(chosen[keyRegion]) == 0 {
		config.Region = standing.Region
	}
	if len(chosen[keyAccess]) == 0 {
		config.Settings.Managed = standing.Settings.Managed
	}
	if len(chosen[keyPage]) == 0 {
		config.Settings.Page = standing.Settings.Page
	}
	if len(chosen[keyAllowOrigins]) == 0 {
		config.Settings.Origins = standing.Settings.Origins
	}
	if _, listed := chosen[keyTokens]; !listed {
		config.Tokens = standing.Tokens
	}
	return config
}

func (p *program) tellStatus(c *cli.Context, f fleet, planned plan.Plan) error {
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
		command += asFlags(f.of(planned.Relays[0]).chosen, planned.Relays[0].Config)
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

// asFlags repeats the settings that were read from what stands and are not the default ones, so that the repair does not
// undo them.
func asFlags(chosen settings, config plan.Config) string {
	var flags string
	if len(chosen[keyProviders]) == 0 && len(config.Providers) > 0 && (len(config.Providers) > 1 || config.Providers[0].ID != defaultProvider) {
		for _, provider := range config.Providers {
			flags += " --provider " + specOf(provider.ID, provider.Origin)
		}
	}
	if len(chosen[keyRegion]) == 0 && config.Region != "" {
		flags += " --region " + config.Region
	}
	if len(chosen[keyAccess]) == 0 && config.Settings.Managed {
		flags += " --access " + binding.AccessManaged
	}
	if len(chosen[keyPage]) == 0 && !config.Settings.Page {
		flags += " --page=false"
	}
	if len(chosen[keyAllowOrigins]) == 0 {
		for _, origin := range config.Settings.Origins {
			flags += " --allow-origin " + origin
		}
	}
	return flags
}
