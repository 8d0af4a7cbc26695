package main

import (
	"errors"
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
	f, _, observed, err := p.look(c)
	if err != nil {
		return err
	}
	for i, relay := range observed.Relays {
		r := f.of(relay)
		observed.Relays[i].Config = asDeployed(relay.Config, relay.Standing(), r.chosen)
	}
	// As if everything could be taken over, so that what is not ours is shown and not refused.
	plan, err := provision.Diff(provision.NewDesired(observed, worker.Load()), observed, true)
	if err != nil {
		return err
	}
	return p.tellStatus(c, f, plan)
}

// asDeployed takes what the owner did not choose from what stands.
func asDeployed(config, standing provision.Config, chosen settings) provision.Config {
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

func (p *program) tellStatus(c *cli.Context, f fleet, plan provision.Plan) error {
	if p.json {
		out := result{Things: thingsOf(plan), Warnings: plan.Warnings(), Refused: p.refusalViews(plan.Refused)}
		ok := len(plan.Refused) == 0 && !slices.ContainsFunc(out.Things, func(t thing) bool { return t.State != "ok" })
		out.OK = &ok
		return errors.Join(p.writeJSON(out), p.refused(plan.Refused))
	}
	p.answer("status.title", "host", hostsOf(plan), "zone", zonesOf(plan))
	p.view.Status(p.stdout, plan)
	command := p.again(c, "deploy", asciiHosts(plan)...)
	if len(plan.Relays) == 1 {
		command += asFlags(f.of(plan.Relays[0]).chosen, plan.Relays[0].Config)
	}
	foreign := slices.ContainsFunc(plan.Steps, func(s provision.Step) bool { return s.Adopt })
	switch {
	case foreign:
		p.answer("status.blocked", "command", command)
	case len(plan.Changes()) == 0 && len(plan.Refused) == 0:
		p.answer("status.good")
	case plan.IsFirst():
		p.answer("status.absent", "command", command)
	case len(plan.Changes()) > 0:
		p.answer("status.differs", "command", command)
	}
	p.tellRefused(plan.Refused)
	return p.refused(plan.Refused)
}

// asFlags repeats the settings that were read from what stands and are not the default ones, so that the repair does not
// undo them.
func asFlags(chosen settings, config provision.Config) string {
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
		flags += " --access " + provision.AccessManaged
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
