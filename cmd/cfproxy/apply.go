package main

import (
	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/verify"
)

// deployment is what a deploy came to: the engine's outcome, and the verifier's reports, none with --no-verify.
type deployment struct {
	provision.Outcome
	reports []verify.Report
}

// apply deploys a plan and, unless network is nil, verifies the hosts that are served. unlock is called before the
// verification. If no host is served as planned, apply prints what was changed and how to continue, and returns the error.
func (p *program) apply(c *cli.Context, f config.Relays, account *account, network *verifyNet, planned plan.Plan, unlock func()) (deployment, error) {
	progress := &engineProgress{program: p, c: c}
	defer progress.close()
	var d deployment
	options := provision.DeployOptions{
		KeepPartial: c.Bool("keep-partial"),
		RegisterSubdomain: func(_, subdomain string) bool {
			progress.close()
			return p.mayRegister(c, subdomain)
		},
	}
	if network != nil {
		options.Verify = func(receipt provision.Receipt) {
			progress.close()
			unlock()
			d.reports = p.verifyPlan(c, f, network, receipt)
		}
	}
	var err error
	d.Outcome, err = account.engine.Deploy(c.Context, planned, options, progress.observe)
	progress.close()
	if err != nil {
		p.tellFailed(c, d.Outcome)
		p.failed = &d.Receipt
	}
	return d, err
}

// tellFailed prints what a deploy that failed at all hosts has left behind.
func (p *program) tellFailed(c *cli.Context, out provision.Outcome) {
	if remaining := out.Remaining(); len(remaining.Done) > 0 || len(out.Receipt.Done) == 0 {
		p.sayWhatStands(c, remaining)
	} else {
		p.sayHowToGoOn(c, out.Receipt)
	}
	if out.Subdomain != "" {
		p.note("undo.subdomain", "name", out.Subdomain)
	}
}

// mayRegister asks before an account gets its workers.dev subdomain, which it keeps. --yes answers this as well.
func (p *program) mayRegister(c *cli.Context, name string) bool {
	p.note("notice.subdomain", "name", name)
	if c.Bool("yes") {
		return true
	}
	answers, err := p.ask().Ask(c.Context, []prompt.Question{{
		Key: "subdomain", Kind: prompt.Confirm, Title: p.text.T("ask.subdomain.title", "name", name), Default: prompt.Yes,
	}})
	return err == nil && answers["subdomain"] == prompt.Yes
}

// engineProgress shows the events of the engine. It is closed before anything else is printed or asked, and opens by itself again.
type engineProgress struct {
	program *program
	c       *cli.Context
	shown   *view.Progress // nil while closed
}

func (e *engineProgress) close() {
	if e.shown != nil {
		e.shown.Close()
		e.shown = nil
	}
}

func (e *engineProgress) observe(event provision.Event) {
	switch event.Type {
	case provision.EventUndoStart, provision.EventUndoEnd, provision.EventRollback:
		e.close()
		e.program.tellReverted(e.c, event)
		return
	}
	if e.shown == nil {
		e.shown = e.program.progress()
	}
	e.shown.Engine(event)
}

// tellReverted tells of the events that follow a failed deploy.
func (p *program) tellReverted(c *cli.Context, event provision.Event) {
	switch {
	case event.Type == provision.EventRollback:
		p.tellRollback(c, event.Rollback)
	case event.Type == provision.EventUndoStart && event.Done > 0:
		p.note("undo.begin-some", "count", itoa(event.All-event.Done))
	case event.Type == provision.EventUndoStart:
		p.note("undo.begin")
	case event.Err != nil:
		p.note("undo.failed")
	default:
		p.note("undo.done")
	}
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
