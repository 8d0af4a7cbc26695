package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/verify"
)

func (p *program) deployCommand() *cli.Command {
	return &cli.Command{Name: "deploy", Flags: p.deployFlags(), Action: p.deploy}
}

func (p *program) deployFlags() []cli.Flag {
	return append(append(p.settingFlags(), p.verifyFlags()...), p.adoptFlag(), p.yesFlag(), p.jsonFlag(),
		&cli.BoolFlag{Name: "no-verify", Usage: p.text.T("flag.no-verify"), DisableDefaultText: true})
}

// deploy makes the account match, then proves that the relay works.
func (p *program) deploy(c *cli.Context) error {
	release, err := p.holdFile(c)
	if err != nil {
		return err
	}
	defer release()
	r, account, err := p.open(c)
	if err != nil {
		return err
	}
	way, err := p.wayToProve(c, account)
	if err != nil {
		return err
	}
	defer way.Close()
	receipt, err := p.carryOut(c, r, account)
	if err != nil {
		return err
	}
	release()
	return p.prove(c, r, way, receipt)
}

// wayToProve opens the verifier's way to the relay, before anything is changed, so that a mistake in how to get there is
// found in time. It is nil if nothing is to be proved.
func (p *program) wayToProve(c *cli.Context, account *account) (*network, error) {
	if c.Bool("no-verify") {
		return nil, nil
	}
	return p.network(c, account)
}

// carryOut plans, asks for a yes, and applies.
func (p *program) carryOut(c *cli.Context, r relay, account *account) (provision.Receipt, error) {
	observed, err := p.observe(c.Context, account.engine, r.Config)
	if err == nil {
		err = p.checkAccess(c, r, observed)
	}
	if err != nil {
		return provision.Receipt{}, err
	}
	plan, err := p.settle(c, r, observed, c.Command.Name)
	if err != nil {
		return provision.Receipt{}, err
	}
	return p.apply(c, account.engine, plan)
}

// settle plans, asks for the keys that the plan lacks, shows it, and asks for a yes. Nothing is written yet.
func (p *program) settle(c *cli.Context, r relay, observed provision.Observed, command string) (provision.Plan, error) {
	plan, err := planFor(r, observed)
	if err != nil {
		return provision.Plan{}, err
	}
	if missing := provision.MissingKeys(r.Config, observed); len(missing) > 0 {
		typed, err := p.askOwnerKeys(c.Context, r, missing)
		if err != nil {
			return provision.Plan{}, err
		}
		r.Keys = merged(r.Keys, typed)
		if plan, err = planFor(r, observed); err != nil {
			return provision.Plan{}, err
		}
	}
	fmt.Fprintln(p.stderr)
	p.note("plan.title", "host", hostsOf(plan), "zone", zonesOf(plan))
	p.view.Plan(p.stderr, plan)
	if len(plan.Changes()) > 0 {
		fmt.Fprintln(p.stderr) // before the question, or the steps
	}
	return plan, p.confirm(c, plan, command)
}

func merged(a, b map[string]provision.Secret) map[string]provision.Secret {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// prove verifies what was deployed, if there is a way, and prints the result: what the user needs next, or what is wrong.
func (p *program) prove(c *cli.Context, r relay, way *network, receipt provision.Receipt) error {
	clients, err := clientsOf(r, receipt.Plan)
	if err != nil {
		return err
	}
	out, unproved := p.outcome(c, r, way, receipt)
	out.Clients = clients
	if p.json {
		return errors.Join(p.writeJSON(out), unproved)
	}
	for _, report := range out.Verify {
		p.tellReport(c, r, report)
	}
	if unproved != nil {
		p.note("deploy.unverified", "command", p.again(c, "verify", r.Domains...))
		return unproved
	}
	for _, client := range out.Clients {
		p.tellClient(client, way != nil)
	}
	if r.Settings.Managed {
		p.answer("client.managed")
	}
	if file, _ := sandboxFile(c); file != "" {
		p.note("notice.sandbox", "file", file)
	}
	return nil
}

// outcome is what was done and, if there is a way, what of it is proved; unproved is the end of a run that did not prove all.
func (p *program) outcome(c *cli.Context, r relay, way *network, receipt provision.Receipt) (out result, unproved error) {
	out = planResult(receipt.Plan)
	out.Done, out.Token = receipt.Done, p.issued.view()
	if way != nil {
		out.Verify = p.verifyPlan(c, r, way, receipt.Plan)
		unproved = p.unproved(c, out.Verify)
	}
	return out, unproved
}

// verifyPlan asks every host of a plan for the build that the plan gave it.
func (p *program) verifyPlan(c *cli.Context, r relay, way *network, plan provision.Plan) []verify.Report {
	var reports []verify.Report
	for _, site := range plan.Sites {
		target := r.deployed(site.Host, plan)
		way.expect(site)
		reports = append(reports, p.probe(c, r, target, way, way.settles(site)))
	}
	return reports
}

func hostsOf(plan provision.Plan) string {
	var hosts []string
	for _, site := range plan.Sites {
		hosts = append(hosts, provision.DisplayName(site.Host))
	}
	return strings.Join(hosts, ", ")
}

func zonesOf(plan provision.Plan) string {
	var zones []string
	for _, site := range plan.Sites {
		if name := provision.DisplayName(site.Zone.Name); !slices.Contains(zones, name) {
			zones = append(zones, name)
		}
	}
	return strings.Join(zones, ", ")
}

func asciiHosts(plan provision.Plan) []string {
	var hosts []string
	for _, site := range plan.Sites {
		hosts = append(hosts, site.Host)
	}
	return hosts
}
