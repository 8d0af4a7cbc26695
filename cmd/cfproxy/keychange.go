package main

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

// tokenChange is the one thing that a command does to the list of tokens: add this token, or revoke the one of that name.
type tokenChange struct {
	verb  string
	token worker.Token
}

func (x tokenChange) adds() bool { return x.verb == "add" }

// isIn tells whether the file is as the change would have it, by name.
func (x tokenChange) isIn(f config.TokenFile) bool { return f.Find(x.token.Name) >= 0 == x.adds() }

// edit gives the file with the change, which may be in it already.
func (x tokenChange) edit(f config.TokenFile) (config.TokenFile, error) {
	switch {
	case x.isIn(f):
		return f, nil
	case x.adds():
		return f.With(x.token)
	}
	return f.Without(x.token.Name)
}

// refusal is for whoever wants what is so already.
func (x tokenChange) refusal(f config.TokenFile) error {
	switch {
	case x.adds():
		return problem.Usage("token-exists", "file", f.Path, "name", x.token.Name)
	case config.LooksLikeKey(x.token.Name):
		return problem.Usage("name-is-key")
	}
	return problem.Usage("token-not-listed", "file", f.Path, "name", x.token.Name, "names", orDash(f.Names()))
}

// change edits the file and, where access is managed, deploys. What can go wrong before anything is written is found before:
// plan and yes come first, then the file, then the account. unlock lets others have the file.
func (p *program) change(c *cli.Context, file config.TokenFile, change tokenChange, unlock func()) error {
	next, err := change.edit(file)
	if err == nil && !change.isIn(file) {
		err = file.CheckWritable()
	}
	if err != nil {
		return err
	}
	f, err := p.managedRelays(next)
	if err != nil {
		return err
	}
	deploys := len(f) > 0 && !c.Bool("no-deploy")
	switch {
	case change.isIn(file) && !(deploys && p.mayLook(c, change)):
		return change.refusal(file)
	case !deploys:
		return p.changeFile(c, file, next, change, len(f) > 0)
	}
	return p.changeRelays(c, file, next, change, f, unlock)
}

// managedRelays gives the relays of a file for which tokens are good.
func (p *program) managedRelays(file config.TokenFile) (config.Relays, error) {
	var f config.Relays
	for _, s := range file.Relays {
		r, err := config.NewRelay(s.WithEnvironment(p.getenv), version())
		if err != nil {
			return nil, err
		}
		if r.Settings.Managed {
			f = append(f, r)
		}
	}
	p.hosts = f.Domains()
	return f, nil
}

// mayLook tells whether the relay can be asked about a token whose change is in the file already. To be told of a name that is
// taken nobody need paste an API token.
func (p *program) mayLook(c *cli.Context, change tokenChange) bool {
	if sandbox, err := sandboxFile(c); err != nil || sandbox != "" {
		return err == nil
	}
	token, err := p.findToken(c)
	return err != nil || token != "" || p.terminal && !change.adds()
}

// changeRelays changes the file and then the relays.
func (p *program) changeRelays(c *cli.Context, file, next config.TokenFile, change tokenChange, f config.Relays, unlock func()) error {
	token, err := p.askToken(c)
	if err != nil {
		return err
	}
	account, err := p.openAccount(c, token)
	if err != nil {
		return err
	}
	network, err := p.openVerifyNetwork(c, account)
	if err != nil {
		return err
	}
	defer network.Close()
	observed, err := p.observe(c, account.engine, f.Configs()...)
	if err == nil {
		err = p.checkChange(c, file, change, observed)
	}
	if err != nil {
		return err
	}
	plan, err := p.settle(c, f, observed, "deploy")
	if err != nil {
		return err
	}
	if !change.isIn(file) {
		if err := file.Write(next); err != nil {
			return err
		}
		p.note("key.written."+change.verb, "file", file.Path, "name", change.token.Name)
		p.printToken(p.newToken)
	}
	d, err := p.apply(c, f, account, network, plan, unlock)
	if err != nil {
		p.note("key.pending."+change.verb, "name", change.token.Name)
		return err
	}
	unlock()
	return p.proveChange(c, f, network, d, change)
}

// checkChange refuses what would do more than the one change, or nothing.
func (p *program) checkChange(c *cli.Context, file config.TokenFile, change tokenChange, observed plan.Observed) error {
	var standing []worker.Token
	for _, relay := range observed.Relays {
		standing = append(standing, relay.Deployed().Tokens...)
	}
	if change.isIn(file) {
		if err := p.checkUnfinished(c, file, change, standing); err != nil {
			return err
		}
	}
	others := slices.Compact(slices.DeleteFunc(binding.MissingTokens(standing, file.Tokens), func(name string) bool {
		return !change.adds() && name == change.token.Name
	}))
	if len(others) > 0 {
		var hosts []string
		for _, site := range observed.Sites() {
			hosts = append(hosts, site.Host)
		}
		return problem.Usage("tokens-differ", "file", file.Path, "names", errcode.Abbreviate(others), "count", itoa(len(others)),
			"command", p.again(c, "deploy"), "init", p.commandLine(c, "init", hosts...))
	}
	if missing := plan.MissingKeys(observed); len(missing) > 0 {
		return problem.Usage("owner-key-first", "name", config.KeyVariable(missing[0]), "names", strings.Join(config.KeyVariables(missing), ", "),
			"command", p.again(c, "deploy"))
	}
	return nil
}

// checkUnfinished looks at a change that is in the file already: an earlier run wrote it there, and may not have reached the
// relay. A revocation goes on from there. A token's text is shown once, so adding cannot.
func (p *program) checkUnfinished(c *cli.Context, file config.TokenFile, change tokenChange, standing []worker.Token) error {
	name := change.token.Name
	stands := slices.ContainsFunc(standing, func(t worker.Token) bool {
		return t.Name == name && (!change.adds() || t.SHA256 == file.Tokens[file.Find(name)].SHA256)
	})
	switch {
	case stands == change.adds():
		return change.refusal(file)
	case change.adds():
		return problem.Usage("token-undeployed", "file", file.Path, "name", name, "command", p.again(c, "deploy"))
	}
	return nil
}

// changeFile changes the file alone.
func (p *program) changeFile(c *cli.Context, file, next config.TokenFile, change tokenChange, isManaged bool) error {
	if err := file.Write(next); err != nil {
		return err
	}
	p.note("key.written."+change.verb, "file", file.Path, "name", change.token.Name)
	p.printToken(p.newToken)
	command := p.again(c, "deploy")
	if isManaged {
		p.note("key.pending."+change.verb, "name", change.token.Name)
		p.note("stands.next", "command", command)
	} else {
		p.note("key.open", "file", file.Path, "command", command)
	}
	if p.json {
		return p.writeJSON(result{Token: newTokenView(p.newToken)})
	}
	return nil
}

// proveChange verifies the relay as a deploy does. stdout stays the token's own, so what is found goes to stderr.
func (p *program) proveChange(c *cli.Context, f config.Relays, network *verifyNet, d deployment, change tokenChange) error {
	receipt := d.Receipt
	out, unproved := p.outcome(c, network, d)
	unproved = cmp.Or(unproved, p.unfinished(receipt))
	if p.json {
		return errors.Join(p.writeJSON(out), unproved)
	}
	if unproved != nil {
		aside := *p
		aside.stdout = p.stderr
		aside.tellReports(c, f, out.Verify)
		aside.tellRefused(refusalsOf(receipt))
		// Only a deploy asks for this very build; verify would be content with the one before.
		p.note("key.pending."+change.verb, "name", change.token.Name)
		p.note("deploy.unverified", "command", p.again(c, "deploy"))
		return unproved
	}
	if network != nil {
		p.note("key.live."+change.verb, "name", change.token.Name, "host", hostsOf(receipt.Plan))
	}
	return nil
}
