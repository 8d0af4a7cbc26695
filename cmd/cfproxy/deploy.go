package main

import (
	"errors"
	"fmt"
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
	r, account, err := p.open(c)
	if err != nil {
		return err
	}
	receipt, err := p.carryOut(c, r, account)
	if err != nil {
		return err
	}
	return p.prove(c, r, account, receipt)
}

// carryOut plans, asks for a yes, and applies.
func (p *program) carryOut(c *cli.Context, r relay, account *account) (provision.Receipt, error) {
	plan, err := p.makePlan(c.Context, account.engine, r)
	if err != nil {
		return provision.Receipt{}, err
	}
	p.sayPlan(plan)
	if err := p.confirm(c, plan, c.Command.Name); err != nil {
		return provision.Receipt{}, err
	}
	return p.apply(c, account.engine, plan)
}

// prove verifies what was deployed, unless it is not wanted, and prints the result: what the user needs next, or what is
// wrong.
func (p *program) prove(c *cli.Context, r relay, account *account, receipt provision.Receipt) error {
	out := planResult(receipt.Plan)
	out.Done = receipt.Done
	var err error
	if out.Clients, err = clientsOf(r, receipt.Plan); err != nil {
		return err
	}
	var unverified error
	if !c.Bool("no-verify") {
		if out.Verify, unverified = p.verifyPlan(c, r, account, receipt.Plan); unverified != nil && !errors.As(unverified, new(silent)) {
			return unverified
		}
	}
	if p.json {
		return errors.Join(p.writeJSON(out), unverified)
	}
	p.tellResult(r, out, unverified)
	return unverified
}

func (p *program) tellResult(r relay, out result, unverified error) {
	for _, report := range out.Verify {
		p.tellReport(report, r.providers[0].Name)
	}
	if unverified != nil {
		p.say("deploy.unverified", "command", commandLine("verify", out.Plan.Sites))
		return
	}
	for _, client := range out.Clients {
		p.tellClient(client, len(out.Verify) > 0)
	}
}

func (p *program) sayPlan(plan provision.Plan) {
	fmt.Fprintln(p.stderr)
	p.say("plan.title", "host", hostsOf(plan), "zone", plan.Sites[0].Zone.Name)
	p.view.Plan(p.stderr, plan)
	fmt.Fprintln(p.stderr)
}

// apply carries the plan out and tells of it. What an account lacks for its first Worker is mended on the way, as part of
// the same yes.
func (p *program) apply(c *cli.Context, engine *provision.Engine, plan provision.Plan) (provision.Receipt, error) {
	receipt, err := p.applyOnce(c, engine, plan)
	if provision.CodeOf(err) == provision.CodeSubdomainMissing {
		p.say("notice.subdomain", "name", provision.SubdomainName(plan))
		if _, err = engine.RegisterSubdomain(c.Context, plan); err == nil {
			receipt, err = p.applyOnce(c, engine, plan)
		}
	}
	if err != nil && !p.takenBack(c, engine, receipt, err) {
		p.sayWhatStands(c.Command.Name, receipt)
	}
	return receipt, err
}

func (p *program) applyOnce(c *cli.Context, engine *provision.Engine, plan provision.Plan) (provision.Receipt, error) {
	progress := p.progress()
	defer progress.Close()
	engine.Observer = progress.Engine
	return engine.Apply(c.Context, plan)
}

// takenBack undoes a first deploy that failed for good: whatever of ours stands now was made by it. It looks first, since
// a call whose answer was lost may have taken effect. An update that failed is left alone, and so is an interrupted run.
func (p *program) takenBack(c *cli.Context, engine *provision.Engine, receipt provision.Receipt, cause error) bool {
	if !receipt.Plan.IsFirst() || len(receipt.Done) == 0 || provision.CodeOf(cause) == provision.CodeInterrupted {
		return false
	}
	p.say("undo.begin")
	removal, err := p.makeRemoval(c.Context, engine, receipt.Plan.Config())
	if err == nil {
		_, err = p.applyOnce(c, engine, removal)
	}
	if err == nil {
		p.say("undo.done")
	}
	return err == nil
}

// sayWhatStands follows a run that was cut short: what was done before it, and the command that goes on.
func (p *program) sayWhatStands(command string, receipt provision.Receipt) {
	switch {
	case len(receipt.Done) > 0:
		p.say("stands.some", "done", itoa(len(receipt.Done)), "all", itoa(len(receipt.Plan.Changes())))
	case len(receipt.Unknown) == 0:
		p.say("stands.nothing")
	}
	for _, step := range receipt.Unknown {
		p.say("stands.unknown", "name", step.Address.Name)
	}
	p.say("stands.next", "command", commandLine(command, receipt.Plan.Sites))
}

func commandLine(command string, sites []provision.Site) string {
	parts := []string{"cfproxy", command}
	for _, site := range sites {
		parts = append(parts, "--domain", site.Host)
	}
	return strings.Join(parts, " ")
}

func hostsOf(plan provision.Plan) string {
	var hosts []string
	for _, site := range plan.Sites {
		hosts = append(hosts, provision.DisplayName(site.Host))
	}
	return strings.Join(hosts, ", ")
}

// verifyPlan asks every host of a plan for the build that the plan gave it. A zone that is not active yet cannot answer,
// so it is not waited for.
func (p *program) verifyPlan(c *cli.Context, r relay, account *account, plan provision.Plan) ([]verify.Report, error) {
	network, err := p.network(c, account)
	if err != nil {
		return nil, err
	}
	defer network.Close()
	var reports []verify.Report
	for _, site := range plan.Sites {
		target := targetOf(r, site.Host)
		target.Build = plan.Build()
		network.expect(site)
		reports = append(reports, p.probe(c, r, target, network, site.Zone.Active()))
	}
	return reports, unverified(c, reports)
}
