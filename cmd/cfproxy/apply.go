package main

import (
	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// apply carries the plan out and tells of it. Where an account lacks the name that it needs before its first Worker, that
// is mended on yes. Of a run that fails the hosts that are made stay, and what was begun of others is taken back. It is an error
// only if no host is served as wanted.
func (p *program) apply(c *cli.Context, engine *provision.Engine, plan plan.Plan) (provision.Receipt, error) {
	receipt, err := p.applyOnce(c, engine, plan)
	registered := ""
	for tried := map[string]bool{}; errcode.Of(err) == errcode.SubdomainMissing; {
		account := accountWithoutName(receipt)
		if tried[account] || !p.mayRegister(c, plan, account) {
			break
		}
		tried[account] = true
		name, wrong := engine.RegisterSubdomain(c.Context, plan, account)
		if wrong != nil {
			err = wrong
			break
		}
		registered = name
		var more provision.Receipt
		more, err = p.applyOnce(c, engine, plan.ForAccount(account))
		receipt = receipt.With(more, account)
		if err == nil && len(receipt.Failed) > 0 {
			err = receipt.Failed[0].Err
		}
	}
	if err == nil {
		return receipt, nil
	}
	standing := p.takenBack(c, engine, receipt)
	p.restored(c, engine, receipt)
	if len(receipt.FailedHosts()) < len(plan.Sites) && !receipt.Stopped {
		return receipt, nil
	}
	if len(standing.Done) > 0 || len(receipt.Done) == 0 {
		p.sayWhatStands(c, standing)
	} else {
		p.sayHowToGoOn(c, receipt)
	}
	if registered != "" {
		p.note("undo.subdomain", "name", registered)
	}
	p.failed = &receipt
	return receipt, err
}

// accountWithoutName finds an account whose Worker was refused for want of its workers.dev name.
func accountWithoutName(receipt provision.Receipt) string {
	for _, failure := range receipt.Failed {
		if errcode.Of(failure.Err) == errcode.SubdomainMissing {
			return failure.Step.Address.Parent
		}
	}
	return ""
}

func (p *program) applyOnce(c *cli.Context, engine *provision.Engine, plan plan.Plan) (provision.Receipt, error) {
	progress := p.progress()
	defer progress.Close()
	engine.Observer = progress.Engine
	return engine.Apply(c.Context, plan)
}

// mayRegister asks before an account gets its workers.dev name, which it keeps for good; --yes is a yes to this as well.
func (p *program) mayRegister(c *cli.Context, planned plan.Plan, account string) bool {
	name := plan.SubdomainName(planned, account)
	p.note("notice.subdomain", "name", name)
	if c.Bool("yes") {
		return true
	}
	answers, err := p.ask().Ask(c.Context, []prompt.Question{{
		Key: "subdomain", Kind: prompt.Confirm, Title: p.text.T("ask.subdomain.title", "name", name), Default: prompt.Yes,
	}})
	return err == nil && answers["subdomain"] == prompt.Yes
}

// takenBack undoes what a run that failed for good has made at hosts at which nothing stood before, and gives the receipt of what is
// left of the run. It looks first, since a call whose answer was lost may have taken effect. An update that failed is left alone,
// and so is an interrupted run, or one that is to be looked into.
func (p *program) takenBack(c *cli.Context, engine *provision.Engine, receipt provision.Receipt) provision.Receipt {
	touched := len(receipt.Done)+len(receipt.Unknown) > 0
	if !touched || c.Context.Err() != nil || c.Bool("keep-partial") {
		return receipt
	}
	undo, err := p.planToUndo(c, engine, receipt)
	if err == nil && len(undo.Changes()) == 0 {
		return receipt
	}
	if failed := len(receipt.Unserved()); failed < len(receipt.Plan.Sites) {
		p.note("undo.begin-some", "count", itoa(failed))
	} else {
		p.note("undo.begin")
	}
	var back provision.Receipt
	if err == nil {
		back, err = p.applyOnce(c, engine, undo)
	}
	if err != nil {
		p.note("undo.failed")
	} else {
		p.note("undo.done")
	}
	return receipt.Without(back.Done)
}

// planToUndo may take its time: what was made may be shown by no list yet.
func (p *program) planToUndo(c *cli.Context, engine *provision.Engine, receipt provision.Receipt) (plan.Plan, error) {
	progress := p.progress()
	defer progress.Close()
	engine.Observer = progress.Engine
	progress.Doing(p.text.T("doing.observe"))
	return engine.PlanUndo(c.Context, receipt)
}

// sayWhatStands follows a run that was cut short: what was done before it, and the command that goes on.
func (p *program) sayWhatStands(c *cli.Context, receipt provision.Receipt) {
	switch {
	case len(receipt.Done) > 0:
		p.note("stands.some", "done", itoa(len(receipt.Done)), "all", itoa(len(receipt.Plan.Changes())))
	case len(receipt.Unknown) == 0 && !isKeyCommand(c): // which changed cfproxy.toml
		p.note("stands.nothing")
	}
	for i, step := range receipt.Unknown {
		if i == mostReports {
			p.note("stands.more", "count", itoa(len(receipt.Unknown)-i))
			break
		}
		p.note("stands.unknown", "name", step.Address.Name)
	}
	p.sayHowToGoOn(c, receipt)
}

// sayHowToGoOn gives the command for it.
func (p *program) sayHowToGoOn(c *cli.Context, receipt provision.Receipt) {
	command := c.Command.Name
	if isKeyCommand(c) {
		command = "deploy" // the file is written, and says the rest
	}
	p.note("stands.next", "command", p.again(c, command, asciiHosts(receipt.Plan)...))
}
