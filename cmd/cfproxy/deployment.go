package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/verify"
	"github.com/cfproxy/cfproxy/worker"
)

// deployment is a run that deploys: deploy, init or key. See deploy.go for its course.
type deployment struct {
	*session
	options deployOptions
	relays  config.Relays
	account *account
	network *network // nil with --no-verify
	unlock  func()   // releases the lock of cfproxy.toml; may be called more than once
	// newToken was made in this run; its secret is empty if there is none.
	newToken config.NewToken

	outcome provision.Outcome
	reports []verify.Report
}

// newDeployment opens the network to the relay before anything is changed, so that a mistake in its flags is found in time.
func (s *session) newDeployment(ctx context.Context, o deployOptions, relays config.Relays, account *account, unlock func()) (*deployment, error) {
	d := &deployment{session: s, options: o, relays: relays, account: account, unlock: unlock}
	if o.noVerify {
		return d, nil
	}
	var err error
	d.network, err = s.openNetwork(ctx, account, o.network)
	return d, err
}

// planAndConfirm plans, asks for the provider keys that the plan lacks, prints the plan and asks for confirmation. It writes nothing.
// command is the one that the question is about.
func (d *deployment) planAndConfirm(ctx context.Context, observed plan.Observed, command string) (plan.Plan, error) {
	p, err := provision.PlanDeploy(observed, worker.Load(), d.options.adopt)
	if err != nil {
		return plan.Plan{}, err
	}
	if missing := plan.MissingKeys(observed); len(missing) > 0 {
		typed, err := d.askProviderKeys(ctx, d.relays[0], missing)
		if err != nil {
			return plan.Plan{}, err
		}
		for i := range observed.Relays {
			keys := maps.Clone(observed.Relays[i].Config.Keys)
			maps.Copy(keys, typed)
			observed.Relays[i].Config.Keys = keys
		}
		if p, err = provision.PlanDeploy(observed, worker.Load(), d.options.adopt); err != nil {
			return plan.Plan{}, err
		}
	}
	fmt.Fprintln(d.stderr)
	d.errf("plan.title", "host", hostTitle(p), "zone", zoneTitle(p))
	d.view.Plan(d.stderr, p)
	d.printHostErrors(p.Skipped)
	if len(p.Changes()) > 0 {
		fmt.Fprintln(d.stderr) // before the question, or the steps
	}
	return p, d.confirm(ctx, p, command, d.options.yes)
}

// verifyHosts probes every host that was deployed, and expects the build of the plan.
func (d *deployment) verifyHosts(ctx context.Context, receipt provision.Receipt) []verify.Report {
	isFailed := map[string]bool{}
	for _, failed := range receipt.FailedHosts() {
		isFailed[failed.Host] = true
	}
	var jobs []verifyJob
	for _, site := range receipt.Plan.Sites {
		if !isFailed[site.Host] {
			relay := d.relays.ForHost(site.Host)
			jobs = append(jobs, d.network.jobFor(site, relay, deployedTarget(relay, site.Host, receipt.Plan)))
		}
	}
	return d.runVerifyJobs(ctx, jobs, d.options.network.timeout)
}

// result returns the output for --json, and the error of a run that did not verify all of it or met a concurrent change.
func (d *deployment) result(ctx context.Context) (out result, unverified error) {
	receipt := d.outcome.Receipt
	out = d.planResult(receipt.Plan)
	out.Done, out.Token = receipt.Done, newTokenView(d.newToken)
	out.HostErrors, out.Orphans = d.hostErrorViews(hostErrorsOf(receipt)), d.orphanViews(receipt)
	out.Verify = d.reports
	if d.network != nil {
		unverified = d.verifyError(ctx, d.reports)
	}
	return out, cmp.Or(unverified, d.outcome.ReconcileErr)
}

// report prints the result: what the user needs next, or what is wrong.
func (d *deployment) report(ctx context.Context) error {
	receipt := d.outcome.Receipt
	clients, err := clientsOf(d.relays, receipt, d.text)
	if err != nil {
		return err
	}
	out, unverified := d.result(ctx)
	out.Clients = clients
	end := cmp.Or(unverified, d.unfinishedError(receipt))
	if !d.json {
		d.printReports(d.relays, out.Verify)
	}
	if unverified != nil {
		d.errf("deploy.unverified", "command", d.inv.rerun("verify", d.relays.Domains()...))
		out.RolledBack = d.offerRollback(ctx)
	}
	switch {
	case d.json:
		return errors.Join(d.writeJSON(out), end)
	case unverified != nil:
		return unverified
	}
	d.printClients(d.relays, out.Clients, d.network != nil)
	if file, _ := d.sandboxFile(); file != "" {
		d.errf("notice.sandbox", "file", file)
	}
	d.printHostErrors(hostErrorsOf(receipt))
	d.printOrphanedWorkers(receipt)
	return end
}

// printFailed prints what a deploy that failed at all hosts has left behind.
func (d *deployment) printFailed() {
	if remaining := d.outcome.Remaining(); len(remaining.Done) > 0 || len(d.outcome.Receipt.Done) == 0 {
		d.printRemaining(remaining)
	} else {
		d.printHowToContinue(d.outcome.Receipt)
	}
	if d.outcome.Subdomain != "" {
		d.errf("undo.subdomain", "name", d.outcome.Subdomain)
	}
}

// confirmSubdomain asks before an account gets its workers.dev subdomain, which it keeps. --yes confirms this as well.
func (d *deployment) confirmSubdomain(ctx context.Context, name string) bool {
	d.errf("notice.subdomain", "name", name)
	if d.options.yes {
		return true
	}
	isYes, err := d.askYesNo(ctx, d.text.T("ask.subdomain.title", "name", name), prompt.Yes)
	return err == nil && isYes
}

// offerRollback rolls back the Workers whose hosts failed verification, if --rollback-on-failure or the user says so. Otherwise it
// prints the command that does.
func (d *deployment) offerRollback(ctx context.Context) []rollbackView {
	receipt := d.outcome.Receipt
	isFailing := func(relay plan.Relay) bool {
		return slices.ContainsFunc(d.reports, func(r verify.Report) bool {
			return !isVerified(r) && slices.Contains(relay.Hosts(), r.Host)
		})
	}
	updated := slices.DeleteFunc(receipt.Updated(), func(r plan.Relay) bool { return !isFailing(r) })
	if len(updated) == 0 || ctx.Err() != nil {
		return nil
	}
	var hosts []string
	for _, relay := range updated {
		hosts = append(hosts, relay.Hosts()...)
	}
	if !d.options.rollbackOnFailure && !d.confirmRollback(ctx) {
		d.errf("rollback.offer", "command", d.inv.rerunFor("rollback", hosts...))
		return nil
	}
	d.errf("rollback.failing")
	progress := d.engineProgress()
	defer progress.close()
	var done []rollbackView
	for _, r := range d.account.engine.RollBackUpdated(ctx, receipt, isFailing, progress.show) {
		if r.Done() {
			done = append(done, rollbackView{r.Relay, r.Relay.Account, r.Relay.Worker, r.From, r.To})
		}
	}
	return done
}

// confirmRollback asks on a terminal whether to roll back.
func (d *deployment) confirmRollback(ctx context.Context) bool {
	if !d.terminal || d.options.yes {
		return false
	}
	isYes, err := d.askYesNo(ctx, d.text.T("ask.rollback.title"), prompt.No)
	return err == nil && isYes
}

// printRemaining prints what a run that was cut short has changed, and the command that continues it.
func (c *console) printRemaining(receipt provision.Receipt) {
	switch {
	case len(receipt.Done) > 0:
		c.errf("remaining.some", "done", strconv.Itoa(len(receipt.Done)), "all", strconv.Itoa(len(receipt.Plan.Changes())))
	case len(receipt.Unknown) == 0 && !c.inv.isKeyCommand(): // key changed cfproxy.toml
		c.errf("remaining.nothing")
	}
	for i, step := range receipt.Unknown {
		if i == maxListed {
			c.errf("remaining.more", "count", strconv.Itoa(len(receipt.Unknown)-i))
			break
		}
		key := "remaining.unknown"
		if receipt.IsHidden(step) {
			key = "remaining.hidden"
		}
		c.errf(key, "name", step.Address.Name)
	}
	c.printHowToContinue(receipt)
}

// printHowToContinue prints the command that continues a run.
func (c *console) printHowToContinue(receipt provision.Receipt) {
	command := c.inv.command
	if c.inv.isKeyCommand() {
		command = "deploy" // the file is written already
	}
	c.errf("remaining.next", "command", c.inv.rerun(command, hostsOf(receipt.Plan)...))
}

// confirm asks before anything is written. A plan without changes needs no confirmation.
func (s *session) confirm(ctx context.Context, p plan.Plan, command string, yes bool) error {
	if len(p.Changes()) == 0 || yes {
		return nil
	}
	if !s.terminal {
		return problem.Usage("yes-missing", "command", s.rerunWith(command, hostsOf(p))+" --yes")
	}
	def := prompt.Yes
	if command == "destroy" {
		def = prompt.No
	}
	return s.askToProceed(ctx, s.text.T("ask."+command+".title"), def)
}

// rerunWith returns the command line of this run, with hosts if the command takes some.
func (s *session) rerunWith(command string, hosts []string) string {
	if s.inv.isKeyCommand() {
		return s.inv.rerunKey()
	}
	return s.inv.rerun(command, hosts...)
}

// hostsOf returns the hosts of a plan, in ASCII.
func hostsOf(p plan.Plan) []string {
	var hosts []string
	for _, site := range p.Sites {
		hosts = append(hosts, site.Host)
	}
	return hosts
}

// hostTitle returns the hosts of a plan for a title.
func hostTitle(p plan.Plan) string { return title(displayNames(hostsOf(p))) }

// zoneTitle returns the zones of a plan for a title.
func zoneTitle(p plan.Plan) string {
	var zones []string
	for _, site := range p.Sites {
		if name := hostname.Display(site.Zone.Name); !slices.Contains(zones, name) {
			zones = append(zones, name)
		}
	}
	return title(zones)
}

// title lists names for a title: all of a few, else some and their number.
func title(names []string) string {
	if len(names) <= maxListed {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:maxListed-2], ", ") + ", … (" + strconv.Itoa(len(names)) + ")"
}

// displayNames returns hosts in Unicode.
func displayNames(hosts []string) []string {
	var names []string
	for _, host := range hosts {
		names = append(names, hostname.Display(host))
	}
	return names
}
