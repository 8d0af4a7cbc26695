package main

import (
	"cmp"
	"errors"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/verify"
)

func (p *program) rollbackCommand() *cli.Command {
	flags := append(p.settingFlags(config.KeyDomains, config.KeyWorker, config.KeyAccount), p.verifyFlags()...)
	flags = append(flags, p.yesFlag(), p.jsonFlag(),
		&cli.StringFlag{Name: "to", Usage: p.text.T("flag.to")},
		&cli.BoolFlag{Name: "force", Usage: p.text.T("flag.force"), DisableDefaultText: true},
		&cli.BoolFlag{Name: "no-verify", Usage: p.text.T("flag.no-verify"), DisableDefaultText: true})
	return &cli.Command{Name: "rollback", Flags: flags, Action: p.rollback}
}

// stepBack is a Worker that goes from one version to another.
type stepBack struct {
	relay   plan.Relay
	Account string       `json:"account"`
	Worker  string       `json:"worker"`
	From    plan.Version `json:"from"`
	To      plan.Version `json:"to"`
}

// rollback makes the version before serve again. Nothing is uploaded, and routes and records stay as they are.
func (p *program) rollback(c *cli.Context) error {
	f, account, network, err := p.openForVerify(c)
	if err != nil {
		return err
	}
	defer network.Close()
	observed, err := p.observe(c, account.engine, f.Configs()...)
	if err != nil {
		return err
	}
	if len(observed.Relays) > 1 && c.IsSet("to") {
		return problem.Usage("rollback-to-many", "value", c.String("to"))
	}
	steps, stuck := p.stepsBack(c, account.engine, observed.Relays, func(_ plan.Relay, versions []plan.Version) (plan.Version, error) {
		return plan.PreviousVersion(versions, c.String("to"))
	})
	if len(steps) == 0 {
		return stuck[0].Err
	}
	if err := p.confirmRollback(c, f, steps); err != nil {
		return err
	}
	done, failed := p.goBack(c, account.engine, steps, c.Bool("force"))
	if len(done) == 0 {
		return failed[0].Err
	}
	return p.proveRollback(c, f, network, done, slices.Concat(observed.Skipped, stuck, failed))
}

// pick chooses among the versions of a relay's Worker.
type pick func(plan.Relay, []plan.Version) (plan.Version, error)

// stepsBack finds for every relay where it goes. The hosts of one that has nowhere to go are refused; the others go without it.
func (p *program) stepsBack(c *cli.Context, engine *provision.Engine, relays []plan.Relay, to pick) (steps []stepBack, stuck []plan.HostError) {
	progress := &engineProgress{program: p, c: c}
	defer progress.close()
	for _, relay := range relays {
		versions, err := engine.Versions(c.Context, relay, progress.observe)
		var target plan.Version
		if err == nil {
			target, err = to(relay, versions)
		}
		if err != nil {
			stuck = append(stuck, p.refuseAll(relay, err)...)
			continue
		}
		steps = append(steps, stepBack{relay, relay.Account, relay.Worker, plan.Serving(versions), target})
	}
	return steps, stuck
}

// refuseAll gives every host of a relay the error of its Worker, which is named in it.
func (p *program) refuseAll(relay plan.Relay, err error) []plan.HostError {
	var e *errcode.Error
	if errors.As(err, &e) {
		e.Details["worker"] = relay.Worker
	}
	var refused []plan.HostError
	for _, host := range relay.Hosts() {
		refused = append(refused, plan.HostError{Host: host, Err: err})
	}
	return refused
}

// confirmRollback shows what will serve again, and asks for a yes.
func (p *program) confirmRollback(c *cli.Context, f config.Relays, steps []stepBack) error {
	for _, step := range steps {
		p.note("rollback.title", "worker", step.Worker, "host", inTitle(displayed(step.relay)))
		p.view.Versions(p.stderr, []plan.Version{step.From, step.To})
		if step.relay.Deployed().Settings.Managed {
			p.note("rollback.managed")
		}
	}
	if c.Bool("yes") {
		return nil
	}
	if !p.terminal {
		return problem.Usage("yes-missing", "command", p.again(c, "rollback", f.Domains()...)+" --yes")
	}
	answers, err := p.ask().Ask(c.Context, []prompt.Question{{
		Key: "yes", Kind: prompt.Confirm, Title: p.text.T("ask.rollback.title"), Default: prompt.Yes,
	}})
	if err == nil && answers["yes"] != prompt.Yes {
		return problem.New("declined", problem.ExitFailed)
	}
	return err
}

// goBack takes the steps one by one; one that fails stops no other.
func (p *program) goBack(c *cli.Context, engine *provision.Engine, steps []stepBack, force bool) (done []stepBack, failed []plan.HostError) {
	progress := &engineProgress{program: p, c: c}
	defer progress.close()
	for _, step := range steps {
		if err := engine.Rollback(c.Context, step.relay, step.To, force, progress.observe); err != nil {
			failed = append(failed, p.refuseAll(step.relay, err)...)
			continue
		}
		progress.close()
		p.tellRollback(c, provision.Rollback{Relay: step.relay, To: step.To})
		done = append(done, step)
	}
	return done, failed
}

// proveRollback asks every host for the build that it went back to, and names those that were left out.
func (p *program) proveRollback(c *cli.Context, f config.Relays, network *verifyNet, steps []stepBack, refused []plan.HostError) error {
	out := result{RolledBack: steps, Refused: p.refusalViews(refused)}
	var unproved error
	if network != nil {
		out.Verify = p.probeSteps(c, f, network, steps)
		unproved = p.unproved(c, out.Verify)
	}
	end := cmp.Or(unproved, p.refused(refused))
	if p.json {
		return errors.Join(p.writeJSON(out), end)
	}
	p.tellReports(c, f, out.Verify)
	p.answer("rollback.next", "command", p.again(c, "deploy", f.Domains()...))
	p.tellRefused(refused)
	return end
}

// probeSteps verifies the hosts of Workers that went back; the providers are those that each version lists.
func (p *program) probeSteps(c *cli.Context, f config.Relays, network *verifyNet, steps []stepBack) []verify.Report {
	var sites []plan.Site
	var builds []string
	for _, step := range steps {
		for _, site := range step.relay.Sites {
			sites, builds = append(sites, site), append(builds, step.To.Build)
		}
	}
	return p.probeAll(c, f, len(sites), func(i int) proof {
		target := target(config.Relay{Config: plan.Config{Origin: f.ForHost(sites[i].Host).Origin}}, sites[i].Host, false)
		target.Build = builds[i]
		network.prepareFor(sites[i])
		return proof{target, network, network.canBecomeReady(sites[i])}
	})
}
