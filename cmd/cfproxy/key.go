package main

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/worker"
)

func (p *program) keyCommand() *cli.Command {
	config := &cli.StringFlag{Name: "config", Usage: p.text.T("flag.config"), TakesFile: true}
	change := append(p.verifyFlags(), config, p.yesFlag(), p.jsonFlag(),
		&cli.BoolFlag{Name: "no-deploy", Usage: p.text.T("flag.no-deploy"), DisableDefaultText: true},
		&cli.BoolFlag{Name: "no-verify", Usage: p.text.T("flag.no-verify"), DisableDefaultText: true})
	add := append([]cli.Flag{
		&cli.StringFlag{Name: "expires", Usage: p.text.T("flag.expires")},
		&cli.StringSliceFlag{Name: "provider", Usage: p.text.T("flag.token-provider")},
		&cli.StringFlag{Name: "rpm", Usage: p.text.T("flag.rpm")},
	}, change...)
	return &cli.Command{Name: "key", Action: p.keyHelp, Subcommands: []*cli.Command{
		{Name: "add", ArgsUsage: "NAME", Flags: add, Action: p.keyAdd},
		{Name: "list", Flags: []cli.Flag{config, p.jsonFlag()}, Action: p.keyList},
		{Name: "revoke", ArgsUsage: "NAME", Flags: change, Action: p.keyRevoke},
	}}
}

// isKeyCommand tells the commands whose flags mean a token and not the relay.
func isKeyCommand(c *cli.Context) bool {
	return c.Command != nil && strings.HasPrefix(c.Command.HelpName, "cfproxy key ")
}

// sameKeyCommand gives the command line of the run.
func (p *program) sameKeyCommand(c *cli.Context) string {
	line := p.again(c, "key "+c.Command.Name+" "+c.Args().First())
	for _, name := range []string{"expires", "rpm"} {
		if c.IsSet(name) {
			line += " --" + name + " " + c.String(name)
		}
	}
	for _, id := range c.StringSlice("provider") {
		line += " --provider " + id
	}
	return line
}

// keyHelp is for whoever names no subcommand, or none that there is.
func (p *program) keyHelp(c *cli.Context) error {
	if !c.Args().Present() {
		return cli.ShowSubcommandHelp(c)
	}
	wrong := c.Args().First()
	suggestion := suggestCommand(c.Command.Subcommands, wrong)
	if suggestion != "" {
		suggestion = "key " + suggestion
	}
	return usage("command-unknown", "value", "key "+wrong, "suggestion", suggestion)
}

// nameGiven is the one argument that adding and revoking take.
func nameGiven(c *cli.Context) (string, error) {
	switch c.NArg() {
	case 0:
		return "", usage("name-missing", "command", c.Command.HelpName)
	case 1:
		return c.Args().First(), nil
	}
	return "", usage("name-one", "value", c.Args().Get(1))
}

// keyAdd makes a token, writes its digest into cfproxy.toml, and makes it good at the relay.
func (p *program) keyAdd(c *cli.Context) error {
	name, err := nameGiven(c)
	if err == nil {
		err = checkTokenName(name)
	}
	if err != nil {
		return err
	}
	file, err := openTokens(c.String("config"))
	if err != nil {
		return err
	}
	token, err := p.tokenWanted(c, file, name)
	if err != nil {
		return err
	}
	p.issued = issue(token)
	return p.change(c, file, tokenChange{verb: "add", name: name, edit: func(f tokenFile) (tokenFile, error) {
		if f.find(name) >= 0 {
			return f, usage("token-exists", "file", f.path, "name", name)
		}
		return f.with(p.issued.token)
	}})
}

// tokenWanted reads the flags of a new token. A provider must be one that the relay leads to.
func (p *program) tokenWanted(c *cli.Context, file tokenFile, name string) (worker.Token, error) {
	token := worker.Token{Name: name}
	r, err := p.relay(file.settings)
	if err != nil {
		return token, err
	}
	known := map[string]bool{}
	var ids []string
	for _, provider := range r.Providers {
		known[provider.ID], ids = true, append(ids, provider.ID)
	}
	for _, id := range c.StringSlice("provider") {
		if !known[id] {
			return token, usage("provider-not-here", "value", id, "file", file.path, "known", strings.Join(ids, ", "))
		}
		token.Providers = append(token.Providers, id)
	}
	if c.IsSet("rpm") {
		if token.RPM, err = strconv.Atoi(c.String("rpm")); err != nil || !isRPM(token.RPM) {
			return token, usage("rpm-invalid", "value", c.String("rpm"), "most", itoa(mostRequests))
		}
	}
	if c.IsSet("expires") {
		token.Expires, err = parseExpiry(c.String("expires"), time.Now())
	}
	return token, err
}

// keyRevoke takes a token out of cfproxy.toml, and sees to it that the relay refuses it.
func (p *program) keyRevoke(c *cli.Context) error {
	name, err := nameGiven(c)
	if err != nil {
		return err
	}
	file, err := openTokens(c.String("config"))
	if err != nil {
		return err
	}
	return p.change(c, file, tokenChange{verb: "revoke", name: name, edit: func(f tokenFile) (tokenFile, error) {
		if f.find(name) < 0 {
			return f, usage("token-not-listed", "file", f.path, "name", name, "names", f.names())
		}
		return f.without(name)
	}})
}

// tokenChange is what a command does to the file.
type tokenChange struct {
	verb, name string
	edit       func(tokenFile) (tokenFile, error)
}

// change edits the file and, where access is managed, deploys. What can go wrong before anything is written is found before:
// plan and yes come first, then the file, then the account.
func (p *program) change(c *cli.Context, file tokenFile, change tokenChange) error {
	next, err := change.edit(file)
	if err != nil {
		return err
	}
	r, err := p.relay(p.environmentOver(next.settings))
	if err != nil {
		return err
	}
	if c.Bool("no-deploy") || !r.Settings.Managed {
		return p.changeFile(c, file, change, r)
	}
	if r.Keys, err = p.ownerKeys(r); err != nil {
		return err
	}
	token, err := p.askToken(c)
	if err != nil {
		return err
	}
	account, err := p.openAccount(c, token)
	if err != nil {
		return err
	}
	way, err := p.wayToProve(c, account)
	if err != nil {
		return err
	}
	defer way.Close()
	plan, err := p.settle(c, r, account, "deploy")
	if err != nil {
		return err
	}
	if err := file.write(next); err != nil {
		return err
	}
	p.note("key.written."+change.verb, "file", file.path, "name", change.name)
	p.hand(p.issued)
	receipt, err := p.apply(c, account.engine, plan)
	if err != nil {
		p.note("key.pending."+change.verb, "name", change.name)
		return err
	}
	return p.proveChange(c, r, way, receipt, change)
}

// attempts bounds how often a change of the file alone is tried again because somebody else changed it meanwhile.
const attempts = 20

// changeFile changes the file alone.
func (p *program) changeFile(c *cli.Context, file tokenFile, change tokenChange, r relay) error {
	for n := 1; ; n++ {
		next, err := change.edit(file)
		if err == nil {
			err = file.write(next)
		}
		var own *problem
		if err == nil {
			break
		}
		if !errors.As(err, &own) || own.code != "config-changed" || n == attempts {
			return err
		}
		if file, err = openTokens(c.String("config")); err != nil {
			return err
		}
	}
	p.note("key.written."+change.verb, "file", file.path, "name", change.name)
	p.hand(p.issued)
	command := p.again(c, "deploy")
	if r.Settings.Managed {
		p.note("key.pending."+change.verb, "name", change.name)
		p.note("stands.next", "command", command)
	} else {
		p.note("key.open", "file", file.path, "command", command)
	}
	if p.json {
		return p.writeJSON(result{Token: p.issued.view()})
	}
	return nil
}

// proveChange verifies the relay as a deploy does. stdout stays the token's own, so what is found goes to stderr.
func (p *program) proveChange(c *cli.Context, r relay, way *network, receipt provision.Receipt, change tokenChange) error {
	out := planResult(receipt.Plan)
	out.Done, out.Token = receipt.Done, p.issued.view()
	var unproved error
	if way != nil {
		out.Verify = p.verifyPlan(c, r, way, receipt.Plan)
		unproved = p.unproved(c, out.Verify)
	}
	if p.json {
		return errors.Join(p.writeJSON(out), unproved)
	}
	if unproved != nil {
		aside := *p
		aside.stdout = p.stderr
		for _, report := range out.Verify {
			aside.tellReport(c, r, report)
		}
		p.note("deploy.unverified", "command", p.again(c, "verify", r.Domains...))
		return unproved
	}
	if way != nil {
		p.note("key.live."+change.verb, "name", change.name, "host", hostsOf(receipt.Plan))
	}
	return nil
}

// keyList shows who holds a token, and nothing by which one could be used.
func (p *program) keyList(c *cli.Context) error {
	file, err := openTokens(c.String("config"))
	if err != nil {
		return err
	}
	views := []tokenView{}
	for _, token := range file.tokens {
		views = append(views, viewOf(token))
	}
	if p.json {
		return p.writeJSON(struct {
			Tokens []tokenView `json:"tokens"`
		}{views})
	}
	if len(views) == 0 {
		p.note("key.none", "file", file.path)
		return nil
	}
	p.tellTokens(views)
	if file.settings.one(keyAccess) != provision.AccessManaged {
		p.note("key.open", "file", file.path, "command", p.again(c, "deploy"))
	}
	return nil
}
