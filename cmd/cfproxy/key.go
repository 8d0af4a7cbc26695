package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/provision/binding"
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
	return problem.Usage("command-unknown", "value", "key "+redactArg(wrong), "suggestion", suggestion)
}

// nameGiven is the one argument that adding and revoking take.
func nameGiven(c *cli.Context) (string, error) {
	switch c.NArg() {
	case 0:
		return "", problem.Usage("name-missing", "command", c.Command.HelpName)
	case 1:
		return c.Args().First(), nil
	}
	if config.LooksLikeKey(c.Args().Get(1)) {
		return "", problem.Usage("name-is-key")
	}
	return "", problem.Usage("name-one", "value", c.Args().Get(1))
}

// keyAdd makes a token, writes its digest into cfproxy.toml, and makes it good at the relay.
func (p *program) keyAdd(c *cli.Context) error {
	name, err := nameGiven(c)
	if err == nil {
		err = config.CheckTokenName(name)
	}
	if err != nil {
		return err
	}
	file, unlock, err := p.lockTokens(c)
	if err != nil {
		return err
	}
	defer unlock()
	token, err := p.tokenWanted(c, file, name)
	if err != nil {
		return err
	}
	p.newToken = config.GenerateToken(token)
	return p.change(c, file, tokenChange{verb: "add", token: p.newToken.Token}, unlock)
}

// lockTokens takes the turn to change the file, and reads it as whoever had the turn before left it.
func (p *program) lockTokens(c *cli.Context) (config.TokenFile, func(), error) {
	unlock, err := p.lockConfig(c)
	if err != nil {
		return config.TokenFile{}, nil, err
	}
	file, err := config.OpenTokens(c.String("config"))
	if err != nil {
		unlock()
	}
	return file, unlock, err
}

// tokenWanted reads the flags of a new token. A provider must be one that the relay leads to.
func (p *program) tokenWanted(c *cli.Context, file config.TokenFile, name string) (worker.Token, error) {
	token := worker.Token{Name: name}
	f, err := p.newRelays(file.Relays)
	if err != nil {
		return token, err
	}
	var ids []string
	for _, r := range f {
		for _, id := range config.ProviderIDs(r.ProviderInfo) {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	for _, id := range c.StringSlice("provider") {
		if !slices.Contains(ids, id) {
			return token, problem.Usage("provider-not-here", "value", id, "file", file.Path, "known", strings.Join(ids, ", "))
		}
		token.Providers = append(token.Providers, id)
	}
	if c.IsSet("rpm") {
		if token.RPM, err = strconv.Atoi(c.String("rpm")); err != nil || !config.IsRPM(token.RPM) {
			return token, problem.Usage("rpm-invalid", "value", c.String("rpm"), "most", itoa(config.MaxRPM))
		}
	}
	if c.IsSet("expires") {
		token.Expires, err = config.ParseExpiry(c.String("expires"), time.Now())
	}
	return token, err
}

// keyRevoke takes a token out of cfproxy.toml, and sees to it that the relay refuses it.
func (p *program) keyRevoke(c *cli.Context) error {
	name, err := nameGiven(c)
	if err != nil {
		return err
	}
	file, unlock, err := p.lockTokens(c)
	if err != nil {
		return err
	}
	defer unlock()
	return p.change(c, file, tokenChange{verb: "revoke", token: worker.Token{Name: name}}, unlock)
}

// keyList shows who holds a token, and nothing by which one could be used.
func (p *program) keyList(c *cli.Context) error {
	file, err := config.OpenTokens(c.String("config"))
	if err != nil {
		return err
	}
	views := []view.Token{}
	for _, token := range file.Tokens {
		views = append(views, viewOf(token))
	}
	if p.json {
		return p.writeJSON(struct {
			Tokens []view.Token `json:"tokens"`
		}{views})
	}
	if len(views) == 0 {
		p.note("key.none", "file", file.Path)
		return nil
	}
	p.view.Tokens(p.stdout, views)
	if !slices.ContainsFunc(file.Relays, func(s config.Settings) bool { return s.Access == binding.AccessManaged }) {
		p.note("key.open", "file", file.Path, "command", p.again(c, "deploy"))
	}
	return nil
}
