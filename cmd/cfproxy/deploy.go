package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/verify"
	"github.com/cfproxy/cfproxy/worker"
)

func (p *program) deployCommand() *cli.Command {
	return &cli.Command{Name: "deploy", Flags: p.deployFlags(), Action: p.deploy}
}

func (p *program) deployFlags() []cli.Flag {
	return append(append(p.settingFlags(), p.verifyFlags()...), p.adoptFlag(), p.yesFlag(), p.jsonFlag(),
		&cli.BoolFlag{Name: "keep-partial", Usage: p.text.T("flag.keep-partial"), DisableDefaultText: true},
		&cli.BoolFlag{Name: "rollback-on-failure", Usage: p.text.T("flag.rollback-on-failure"), DisableDefaultText: true},
		&cli.BoolFlag{Name: "no-verify", Usage: p.text.T("flag.no-verify"), DisableDefaultText: true})
}

// deploy makes the account match, then proves that the relays work.
func (p *program) deploy(c *cli.Context) error {
	unlock, err := p.lockConfig(c)
	if err != nil {
		return err
	}
	defer unlock()
	f, account, network, err := p.openForVerify(c)
	if err != nil {
		return err
	}
	defer network.Close()
	d, err := p.carryOut(c, f, account, network, unlock)
	if err != nil {
		return err
	}
	unlock()
	return p.prove(c, f, account, network, d)
}

// openForVerify opens the account, and the network on which the result is verified.
func (p *program) openForVerify(c *cli.Context) (config.Relays, *account, *verifyNet, error) {
	f, account, err := p.open(c)
	if err != nil {
		return nil, nil, nil, err
	}
	network, err := p.openVerifyNetwork(c, account)
	return f, account, network, err
}

// openVerifyNetwork opens the network for the verification, before anything is changed, so that a wrong flag is found in
// time. It returns nil with --no-verify.
func (p *program) openVerifyNetwork(c *cli.Context, account *account) (*verifyNet, error) {
	if c.Bool("no-verify") {
		return nil, nil
	}
	return p.openNetwork(c, account)
}

// carryOut plans, asks for confirmation, and applies.
func (p *program) carryOut(c *cli.Context, f config.Relays, account *account, network *verifyNet, unlock func()) (deployment, error) {
	observed, err := p.observeToDeploy(c, account.engine, f)
	if err != nil {
		return deployment{}, err
	}
	plan, err := p.settle(c, f, observed, c.Command.Name)
	if err != nil {
		return deployment{}, err
	}
	return p.apply(c, f, account, network, plan, unlock)
}

// settle plans, asks for the keys that the plan lacks, shows it, and asks for a yes. Nothing is written yet.
func (p *program) settle(c *cli.Context, f config.Relays, observed plan.Observed, command string) (plan.Plan, error) {
	planned, err := provision.PlanDeploy(observed, worker.Load(), f[0].Adopt)
	if err != nil {
		return plan.Plan{}, err
	}
	if missing := plan.MissingKeys(observed); len(missing) > 0 {
		typed, err := p.askOwnerKeys(c.Context, f[0], missing)
		if err != nil {
			return plan.Plan{}, err
		}
		for i := range observed.Relays {
			observed.Relays[i].Config.Keys = merged(observed.Relays[i].Config.Keys, typed)
		}
		if planned, err = provision.PlanDeploy(observed, worker.Load(), f[0].Adopt); err != nil {
			return plan.Plan{}, err
		}
	}
	fmt.Fprintln(p.stderr)
	p.note("plan.title", "host", hostsOf(planned), "zone", zonesOf(planned))
	p.view.Plan(p.stderr, planned)
	p.tellRefused(planned.Skipped)
	if len(planned.Changes()) > 0 {
		fmt.Fprintln(p.stderr) // before the question, or the steps
	}
	return planned, p.confirm(c, planned, command)
}

func merged(a, b map[string]binding.Secret) map[string]binding.Secret {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// prove prints the result of a deploy: what the user needs next, or what is wrong.
func (p *program) prove(c *cli.Context, f config.Relays, account *account, network *verifyNet, d deployment) error {
	receipt := d.Receipt
	clients, err := clientsOf(f, receipt, p.text)
	if err != nil {
		return err
	}
	out, unproved := p.outcome(c, network, d)
	out.Clients = clients
	end := cmp.Or(unproved, p.unfinished(receipt))
	if !p.json {
		p.tellReports(c, f, out.Verify)
	}
	if unproved != nil {
		p.note("deploy.unverified", "command", p.again(c, "verify", f.Domains()...))
		out.RolledBack = p.afterFailure(c, f, account, receipt, out.Verify)
	}
	switch {
	case p.json:
		return errors.Join(p.writeJSON(out), end)
	case unproved != nil:
		return unproved
	}
	p.tellClients(f, out.Clients, network != nil)
	if file, _ := sandboxFile(c); file != "" {
		p.note("notice.sandbox", "file", file)
	}
	p.tellRefused(refusalsOf(receipt))
	p.tellLeft(receipt)
	return end
}

// outcome returns the result of a deploy for --json, and as unproved the end of a run that did not verify all of it.
func (p *program) outcome(c *cli.Context, network *verifyNet, d deployment) (out result, unproved error) {
	out = p.planResult(d.Receipt.Plan)
	out.Done, out.Token = d.Receipt.Done, newTokenView(p.newToken)
	out.Refused, out.Left = p.refusalViews(refusalsOf(d.Receipt)), p.leftViews(d.Receipt)
	out.Verify = d.reports
	if network != nil {
		unproved = p.unproved(c, d.reports)
	}
	if unproved == nil {
		unproved = d.ReconcileErr
	}
	return out, unproved
}

// verifyPlan asks every host that was deployed for the build that the plan gave it, several hosts at a time.
func (p *program) verifyPlan(c *cli.Context, f config.Relays, network *verifyNet, receipt provision.Receipt) []verify.Report {
	isFailed := map[string]bool{}
	for _, refusal := range receipt.FailedHosts() {
		isFailed[refusal.Host] = true
	}
	var sites []plan.Site
	for _, site := range receipt.Plan.Sites {
		if !isFailed[site.Host] {
			sites = append(sites, site)
			network.prepareFor(site)
		}
	}
	return p.probeAll(c, f, len(sites), func(i int) proof {
		site := sites[i]
		return proof{deployedTarget(f.ForHost(site.Host), site.Host, receipt.Plan), network, network.canBecomeReady(site)}
	})
}

func hostsOf(plan plan.Plan) string {
	var hosts []string
	for _, site := range plan.Sites {
		hosts = append(hosts, hostname.Display(site.Host))
	}
	return inTitle(hosts)
}

// inTitle lists names for a title: a few, and how many there are.
func inTitle(names []string) string {
	if len(names) <= mostReports {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:mostReports-2], ", ") + ", … (" + itoa(len(names)) + ")"
}

func zonesOf(plan plan.Plan) string {
	var zones []string
	for _, site := range plan.Sites {
		if name := hostname.Display(site.Zone.Name); !slices.Contains(zones, name) {
			zones = append(zones, name)
		}
	}
	return inTitle(zones)
}

func asciiHosts(plan plan.Plan) []string {
	var hosts []string
	for _, site := range plan.Sites {
		hosts = append(hosts, site.Host)
	}
	return hosts
}
