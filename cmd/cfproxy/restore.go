package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/verify"
)

// An update that fails keeps the old version serving: where the new one was uploaded already, the old one is deployed again. It is
// not where that would let somebody in who was just shut out.

// afterFailure offers the versions before of relays that do not pass, or brings them back where that was asked for.
func (p *program) afterFailure(c *cli.Context, f config.Relays, account *account, receipt provision.Receipt, reports []verify.Report) []stepBack {
	isBad := func(relay plan.Relay) bool {
		return slices.ContainsFunc(reports, func(r verify.Report) bool {
			return !proved(r) && slices.Contains(relay.Hosts(), r.Host)
		})
	}
	updated := slices.DeleteFunc(receipt.Updated(), func(r plan.Relay) bool { return !isBad(r) })
	if len(updated) == 0 || c.Context.Err() != nil {
		return nil
	}
	var hosts []string
	for _, relay := range updated {
		hosts = append(hosts, relay.Hosts()...)
	}
	if !c.Bool("rollback-on-failure") && !p.wantsBack(c) {
		p.note("rollback.offer", "command", p.againAt(c, "rollback", hosts...))
		return nil
	}
	p.note("rollback.failing")
	progress := &engineProgress{program: p, c: c}
	defer progress.close()
	var done []stepBack
	for _, r := range account.engine.RollBackUpdated(c.Context, receipt, isBad, progress.observe) {
		if r.Done() {
			done = append(done, stepBack{r.Relay, r.Relay.Account, r.Relay.Worker, r.From, r.To})
		}
	}
	return done
}

// wantsBack asks, where somebody can be asked.
func (p *program) wantsBack(c *cli.Context) bool {
	if !p.terminal || c.Bool("yes") {
		return false
	}
	answers, err := p.ask().Ask(c.Context, []prompt.Question{{
		Key: "back", Kind: prompt.Confirm, Title: p.text.T("ask.rollback.title"), Default: prompt.No,
	}})
	return err == nil && answers["back"] == prompt.Yes
}

// tellRollback tells of a Worker that the engine has rolled back, or has not.
func (p *program) tellRollback(c *cli.Context, r provision.Rollback) {
	switch {
	case r.Withheld:
		p.note("rollback.kept", "command", p.againAt(c, "rollback", r.Relay.Hosts()...))
	case r.Err != nil:
		p.tellStuck(c, r.Relay, p.refuseAll(r.Relay, r.Err)[0].Err)
	default:
		p.note("rollback.done", append(shown(r.To), "worker", r.Relay.Worker)...)
	}
}

// tellStuck says why a relay has not gone back.
func (p *program) tellStuck(c *cli.Context, relay plan.Relay, err error) {
	if errcode.Of(err) == errcode.NoVersion {
		p.note("rollback.none", "command", p.againAt(c, "versions", relay.Hosts()...))
		return
	}
	code, details, _ := p.classify(err)
	p.show(err, code, details)
}
