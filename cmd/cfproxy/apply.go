package main

import (
	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/provision"
)

// apply carries the plan out and tells of it. Where the account lacks the name that it needs before its first Worker, that
// is mended on yes. A run that fails says what stands.
func (p *program) apply(c *cli.Context, engine *provision.Engine, plan provision.Plan) (provision.Receipt, error) {
	receipt, err := p.applyOnce(c, engine, plan)
	registered := ""
	if provision.CodeOf(err) == provision.CodeSubdomainMissing && p.mayRegister(c, plan) {
		var name string
		if name, err = engine.RegisterSubdomain(c.Context, plan); err == nil {
			registered = name
			receipt, err = p.applyOnce(c, engine, plan)
		}
	}
	if err == nil {
		return receipt, nil
	}
	if !p.takenBack(c, engine, receipt, err) {
		p.sayWhatStands(c, receipt)
	}
	if registered != "" {
		p.note("undo.subdomain", "name", registered)
	}
	p.failed = &receipt
	return receipt, err
}

func (p *program) applyOnce(c *cli.Context, engine *provision.Engine, plan provision.Plan) (provision.Receipt, error) {
	progress := p.progress()
	defer progress.Close()
	engine.Observer = progress.Engine
	return engine.Apply(c.Context, plan)
}

// mayRegister asks before an account gets its workers.dev name, which it keeps for good; --yes is a yes to this as well.
func (p *program) mayRegister(c *cli.Context, plan provision.Plan) bool {
	name := provision.SubdomainName(plan)
	p.note("notice.subdomain", "name", name)
	if c.Bool("yes") {
		return true
	}
	answers, err := p.ask().Ask(c.Context, []prompt.Question{{
		Key: "subdomain", Kind: prompt.Confirm, Title: p.text.T("ask.subdomain.title", "name", name), Default: prompt.Yes,
	}})
	return err == nil && answers["subdomain"] == prompt.Yes
}

// takenBack undoes a first deploy that failed for good: whatever of ours stands now was made by it. It looks first, since
// a call whose answer was lost may have taken effect. An update that failed is left alone, and so is an interrupted run.
func (p *program) takenBack(c *cli.Context, engine *provision.Engine, receipt provision.Receipt, cause error) bool {
	touched := len(receipt.Done)+len(receipt.Unknown) > 0
	if !touched || !receipt.Plan.IsFirst() || provision.CodeOf(cause) == provision.CodeInterrupted {
		return false
	}
	p.note("undo.begin")
	removal, err := p.makeRemoval(c.Context, engine, receipt.Plan.Config())
	if err == nil {
		_, err = p.applyOnce(c, engine, removal)
	}
	if err == nil {
		p.note("undo.done")
	}
	return err == nil
}

// sayWhatStands follows a run that was cut short: what was done before it, and the command that goes on.
func (p *program) sayWhatStands(c *cli.Context, receipt provision.Receipt) {
	switch {
	case len(receipt.Done) > 0:
		p.note("stands.some", "done", itoa(len(receipt.Done)), "all", itoa(len(receipt.Plan.Changes())))
	case len(receipt.Unknown) == 0 && !isKeyCommand(c): // which changed cfproxy.toml
		p.note("stands.nothing")
	}
	for _, step := range receipt.Unknown {
		p.note("stands.unknown", "name", step.Address.Name)
	}
	command := c.Command.Name
	if isKeyCommand(c) {
		command = "deploy" // the file is written, and says the rest
	}
	p.note("stands.next", "command", p.again(c, command, asciiHosts(receipt.Plan)...))
}
