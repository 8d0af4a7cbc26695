package main

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/input"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// rollbackOptions are the flags of rollback.
type rollbackOptions struct {
	relayOptions
	network  networkOptions
	yes      bool
	noVerify bool
	to       string // a version's number or the beginning of its id; "" for the previous version
	force    bool   // also if secrets have changed since
}

func (p *program) rollbackCommand() *cli.Command {
	flags := append(p.settingFlags(config.KeyDomains, config.KeyWorker, config.KeyAccount), p.networkFlags()...)
	return p.command("rollback", func(c *cli.Context, s *session) error {
		to, err := input.Clean("--to", c.String("to"))
		if err != nil {
			return err
		}
		return runRollback(c.Context, s, rollbackOptions{
			relayOptionsOf(c), networkOptionsOf(c), c.Bool("yes"), c.Bool("no-verify"), to, c.Bool("force"),
		})
	}, append(flags, p.yesFlag(), p.boolFlag("json"), p.stringFlag("to"), p.boolFlag("force"), p.boolFlag("no-verify"))...)
}

// rollbackView is a Worker that is rolled back, for --json.
type rollbackView struct {
	relay   plan.Relay
	Account string       `json:"account"`
	Worker  string       `json:"worker"`
	From    plan.Version `json:"from"`
	To      plan.Version `json:"to"`
}

// runRollback makes an earlier version of each Worker serve again. Nothing is uploaded; routes and records stay as they are.
func runRollback(ctx context.Context, s *session, o rollbackOptions) error {
	relays, account, err := s.open(ctx, o.relayOptions)
	if err != nil {
		return err
	}
	var network *network
	if !o.noVerify {
		if network, err = s.openNetwork(ctx, account, o.network); err != nil {
			return err
		}
		defer network.Close()
	}
	observed, err := s.observe(ctx, account.engine, relays.Configs()...)
	if err != nil {
		return err
	}
	if len(observed.Relays) > 1 && o.to != "" {
		return problem.Usage("rollback-to-many", "value", o.to)
	}
	rollbacks, skipped := s.planRollbacks(ctx, account.engine, observed.Relays, o.to)
	if len(rollbacks) == 0 {
		return skipped[0].Err
	}
	if err := s.confirmRollbacks(ctx, relays, rollbacks, o.yes); err != nil {
		return err
	}
	done, failed := s.applyRollbacks(ctx, account.engine, rollbacks, o.force)
	if len(done) == 0 {
		return failed[0].Err
	}
	out := result{RolledBack: done}
	skipped = slices.Concat(observed.Skipped, skipped, failed)
	if network != nil {
		out.Verify = s.runVerifyJobs(ctx, rollbackJobs(relays, network, done), o.network.timeout)
		err = s.verifyError(ctx, out.Verify)
	}
	return s.finishRollback(relays, out, skipped, err)
}

// planRollbacks finds the version that every Worker is rolled back to. The hosts of a Worker without one are returned with the
// reason; the others proceed.
func (s *session) planRollbacks(ctx context.Context, engine *provision.Engine, relays []plan.Relay, to string) ([]rollbackView, []plan.HostError) {
	progress := s.engineProgress()
	defer progress.close()
	var rollbacks []rollbackView
	var skipped []plan.HostError
	for _, relay := range relays {
		versions, err := engine.Versions(ctx, relay, progress.show)
		var target plan.Version
		if err == nil {
			target, err = plan.PreviousVersion(versions, to)
		}
		if err != nil {
			skipped = append(skipped, hostErrors(relay, err)...)
			continue
		}
		rollbacks = append(rollbacks, rollbackView{relay, relay.Account, relay.Worker, plan.Serving(versions), target})
	}
	return rollbacks, skipped
}

// hostErrors returns the error of a Worker for every host of its relay. The Worker is added to the details of the error.
func hostErrors(relay plan.Relay, err error) []plan.HostError {
	if e, ok := errors.AsType[*errcode.Error](err); ok {
		e.Details["worker"] = relay.Worker
	}
	var hosts []plan.HostError
	for _, host := range relay.Hosts() {
		hosts = append(hosts, plan.HostError{Host: host, Err: err})
	}
	return hosts
}

// confirmRollbacks prints which versions will serve and asks for confirmation.
func (s *session) confirmRollbacks(ctx context.Context, relays config.Relays, rollbacks []rollbackView, yes bool) error {
	for _, r := range rollbacks {
		s.errf("rollback.title", "worker", r.Worker, "host", title(displayNames(r.relay.Hosts())))
		s.view.Versions(s.stderr, []plan.Version{r.From, r.To})
		if r.relay.Deployed().Settings.Managed {
			s.errf("rollback.managed")
		}
	}
	if yes {
		return nil
	}
	if !s.terminal {
		return problem.Usage("yes-missing", "command", s.inv.rerun("rollback", relays.Domains()...)+" --yes")
	}
	return s.askToProceed(ctx, s.text.T("ask.rollback.title"), prompt.Yes)
}

// applyRollbacks rolls back one Worker after the other. One that fails does not stop the others.
func (s *session) applyRollbacks(ctx context.Context, engine *provision.Engine, rollbacks []rollbackView, force bool) (done []rollbackView, failed []plan.HostError) {
	progress := s.engineProgress()
	defer progress.close()
	for _, r := range rollbacks {
		if err := engine.Rollback(ctx, r.relay, r.To, force, progress.show); err != nil {
			failed = append(failed, hostErrors(r.relay, err)...)
			continue
		}
		progress.close()
		s.printRollback(provision.Rollback{Relay: r.relay, To: r.To})
		done = append(done, r)
	}
	return done, failed
}

// rollbackJobs returns the verification of the hosts of Workers that were rolled back. The providers are those that the version
// lists.
func rollbackJobs(relays config.Relays, network *network, rollbacks []rollbackView) []verifyJob {
	var jobs []verifyJob
	for _, r := range rollbacks {
		for _, site := range r.relay.Sites {
			origin := relays.ForHost(site.Host).Origin
			target := verifyTarget(config.Relay{Config: plan.Config{Origin: origin}}, site.Host, false)
			target.Build = r.To.Build
			jobs = append(jobs, network.jobFor(site, relays.ForHost(site.Host), target))
		}
	}
	return jobs
}

// finishRollback prints the reports, the next command and the hosts that were left out.
func (s *session) finishRollback(relays config.Relays, out result, skipped []plan.HostError, unverified error) error {
	out.HostErrors = s.hostErrorViews(skipped)
	end := cmp.Or(unverified, s.skippedError(skipped))
	if s.json {
		return errors.Join(s.writeJSON(out), end)
	}
	s.printReports(relays, out.Verify)
	s.outf("rollback.next", "command", s.inv.rerun("deploy", relays.Domains()...))
	s.printHostErrors(skipped)
	return end
}

// printRollback prints whether the engine has rolled back a Worker.
func (c *console) printRollback(r provision.Rollback) {
	hosts := r.Relay.Hosts()
	switch {
	case r.Withheld:
		c.errf("rollback.kept", "command", c.inv.rerunFor("rollback", hosts...))
	case errcode.Of(r.Err) == errcode.NoVersion:
		c.errf("rollback.none", "command", c.inv.rerunFor("versions", hosts...))
	case r.Err != nil:
		c.printError(hostErrors(r.Relay, r.Err)[0].Err)
	default:
		c.errf("rollback.done", append(versionPairs(r.To), "worker", r.Relay.Worker)...)
	}
}
