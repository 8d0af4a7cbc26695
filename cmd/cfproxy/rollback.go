package main

import (
	"cmp"
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/verify"
)

func (p *program) rollbackCommand() *cli.Command {
	flags := append(p.settingFlags(keyDomains, keyWorker, keyAccount), p.verifyFlags()...)
	flags = append(flags, p.yesFlag(), p.jsonFlag(),
		&cli.StringFlag{Name: "to", Usage: p.text.T("flag.to")},
		&cli.BoolFlag{Name: "force", Usage: p.text.T("flag.force"), DisableDefaultText: true},
		&cli.BoolFlag{Name: "no-verify", Usage: p.text.T("flag.no-verify"), DisableDefaultText: true})
	return &cli.Command{Name: "rollback", Flags: flags, Action: p.rollback}
}

// stepBack is a Worker that goes from one version to another.
type stepBack struct {
	relay   provision.Relay
	Account string            `json:"account"`
	Worker  string            `json:"worker"`
	From    provision.Version `json:"from"`
	To      provision.Version `json:"to"`
}

// rollback makes the version before serve again. Nothing is uploaded, and routes and records stay as they are.
func (p *program) rollback(c *cli.Context) error {
	f, account, err := p.open(c)
	if err != nil {
		return err
	}
	way, err := p.wayToProve(c, account)
	if err != nil {
		return err
	}
	defer way.Close()
	observed, err := p.observe(c.Context, account.engine, f.configs()...)
	if err != nil {
		return err
	}
	if len(observed.Relays) > 1 && c.IsSet("to") {
		return usage("rollback-to-many", "value", c.String("to"))
	}
	steps, err := p.stepsBack(c, account.engine, observed.Relays, func(_ provision.Relay, versions []provision.Version) (provision.Version, error) {
		return provision.Previous(versions, c.String("to"))
	})
	if err == nil {
		err = p.confirmRollback(c, f, steps)
	}
	if err != nil {
		return err
	}
	if err := p.goBack(c, account.engine, steps, c.Bool("force")); err != nil {
		return err
	}
	return p.proveRollback(c, f, way, steps, observed.Refused)
}

// pick chooses among the versions of a relay's Worker.
type pick func(provision.Relay, []provision.Version) (provision.Version, error)

// stepsBack finds for every relay where it goes.
func (p *program) stepsBack(c *cli.Context, engine *provision.Engine, relays []provision.Relay, to pick) ([]stepBack, error) {
	var steps []stepBack
	for _, relay := range relays {
		versions, err := engine.Versions(c.Context, relay)
		if err != nil {
			return nil, err
		}
		target, err := to(relay, versions)
		if err != nil {
			return nil, p.withWorker(err, relay.Worker)
		}
		step := stepBack{relay: relay, Account: relay.Account, Worker: relay.Worker, To: target}
		for _, v := range versions {
			if v.Share > step.From.Share {
				step.From = v
			}
		}
		steps = append(steps, step)
	}
	return steps, nil
}

// withWorker says of which Worker an error about versions is.
func (p *program) withWorker(err error, worker string) error {
	var e *provision.Error
	if errors.As(err, &e) {
		e.Details["worker"] = worker
	}
	return err
}

// confirmRollback shows what will serve again, and asks for a yes.
func (p *program) confirmRollback(c *cli.Context, f fleet, steps []stepBack) error {
	for _, step := range steps {
		p.note("rollback.title", "worker", step.Worker, "host", inTitle(displayed(step.relay)))
		p.view.Versions(p.stderr, []provision.Version{step.From, step.To})
		if step.relay.Standing().Settings.Managed {
			p.note("rollback.managed")
		}
	}
	if c.Bool("yes") {
		return nil
	}
	if !p.terminal {
		return usage("yes-missing", "command", p.again(c, "rollback", f.domains()...)+" --yes")
	}
	answers, err := p.ask().Ask(c.Context, []prompt.Question{{
		Key: "yes", Kind: prompt.Confirm, Title: p.text.T("ask.rollback.title"), Default: prompt.Yes,
	}})
	if err == nil && answers["yes"] != prompt.Yes {
		return newProblem("declined", exitFailed)
	}
	return err
}

func (p *program) goBack(c *cli.Context, engine *provision.Engine, steps []stepBack, force bool) error {
	progress := p.progress()
	defer progress.Close()
	engine.Observer = progress.Engine
	for _, step := range steps {
		if err := engine.Rollback(c.Context, step.relay, step.To, force); err != nil {
			return p.withWorker(err, step.Worker)
		}
		progress.Line(p.text.T("rollback.done", append(shown(step.To), "worker", step.Worker)...))
	}
	return nil
}

// proveRollback asks every host for the build that it went back to, and names those that were left out.
func (p *program) proveRollback(c *cli.Context, f fleet, way *network, steps []stepBack, refused []provision.Refusal) error {
	out := result{RolledBack: steps, Refused: p.refusalViews(refused)}
	var unproved error
	if way != nil {
		out.Verify = p.probeSteps(c, f, way, steps)
		unproved = p.unproved(c, out.Verify)
	}
	end := cmp.Or(unproved, p.refused(refused))
	if p.json {
		return errors.Join(p.writeJSON(out), end)
	}
	p.tellReports(c, f, out.Verify)
	p.answer("rollback.next", "command", p.again(c, "deploy", f.domains()...))
	p.tellRefused(refused)
	return end
}

// probeSteps verifies the hosts of Workers that went back; the providers are those that each version lists.
func (p *program) probeSteps(c *cli.Context, f fleet, way *network, steps []stepBack) []verify.Report {
	var sites []provision.Site
	var builds []string
	for _, step := range steps {
		for _, site := range step.relay.Sites {
			sites, builds = append(sites, site), append(builds, step.To.Build)
		}
	}
	return p.probeAll(c, f, len(sites), func(i int) proof {
		target := relay{Config: provision.Config{Origin: f.at(sites[i].Host).Origin}}.target(sites[i].Host)
		target.Build = builds[i]
		way.expect(sites[i])
		return proof{target, way, way.settles(sites[i])}
	})
}
