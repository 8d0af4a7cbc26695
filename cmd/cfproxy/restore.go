package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/verify"
)

// An update that fails keeps the old version serving: where the new one was uploaded already, the old one is deployed again. It is
// not where that would let somebody in who was just shut out.

// restored brings back the versions before of relays of which no host is served as wanted.
func (p *program) restored(c *cli.Context, engine *provision.Engine, receipt provision.Receipt) {
	if c.Context.Err() != nil || c.Bool("keep-partial") {
		return
	}
	unserved := receipt.Unserved()
	p.bringBack(c, engine, receipt, func(relay plan.Relay) bool {
		return !slices.ContainsFunc(relay.Hosts(), func(host string) bool {
			return !slices.Contains(unserved, host)
		})
	})
}

// afterFailure offers the versions before of relays that do not pass, or brings them back where that was asked for.
func (p *program) afterFailure(c *cli.Context, f fleet, account *account, receipt provision.Receipt, reports []verify.Report) []stepBack {
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
	return p.bringBack(c, account.engine, receipt, isBad)
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

// bringBack goes back to the version before with the relays that the run has updated and which are meant. What goes wrong is said
// and ends nothing: the run has failed already.
func (p *program) bringBack(c *cli.Context, engine *provision.Engine, receipt provision.Receipt, isMeant func(plan.Relay) bool) []stepBack {
	var done []stepBack
	for _, relay := range receipt.Updated() {
		if !isMeant(relay) {
			continue
		}
		if receipt.Plan.WidensAccess(relay) {
			p.note("rollback.kept", "command", p.againAt(c, "rollback", relay.Hosts()...))
			continue
		}
		steps, failed := p.stepsBack(c, engine, []plan.Relay{relay}, receipt.Plan.PriorVersion)
		if len(steps) > 0 && steps[0].From.Build == receipt.Plan.Build(relay.Sites[0].Host) {
			steps, failed = p.goBack(c, engine, steps, false)
			done = append(done, steps...)
		} // else the upload did not take effect, so the old version serves
		if len(failed) > 0 {
			p.tellStuck(c, relay, failed[0].Err)
		}
	}
	return done
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
