package main

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/view"
	"github.com/cfproxy/cfproxy/worker"
)

// keyOptions are the flags and the argument of key add and key revoke.
type keyOptions struct {
	deployOptions
	names    []string // the arguments, of which there must be one
	noDeploy bool
	// The following are of key add. Empty texts were not given.
	expires, rpm   string
	tokenProviders []string
}

func keyOptionsOf(c *cli.Context) keyOptions {
	return keyOptions{
		deployOptions: deployOptions{
			relayOptions: relayOptions{file: c.String("config")}, network: networkOptionsOf(c), yes: c.Bool("yes"), noVerify: c.Bool("no-verify"),
		},
		names: c.Args().Slice(), noDeploy: c.Bool("no-deploy"),
		expires: c.String("expires"), rpm: c.String("rpm"), tokenProviders: listOf(c, "provider"),
	}
}

// tokenFlagsOf returns the flags of key add that describe the token, as they are repeated on a command line.
func tokenFlagsOf(c *cli.Context) []string {
	var flags []string
	for _, name := range []string{"expires", "rpm"} {
		if c.IsSet(name) {
			flags = append(flags, "--"+name, c.String(name))
		}
	}
	for _, id := range listOf(c, "provider") {
		flags = append(flags, "--provider", id)
	}
	return flags
}

func (p *program) keyCommand() *cli.Command {
	change := append(p.networkFlags(), p.configFlag(), p.yesFlag(), p.boolFlag("json"), p.boolFlag("no-deploy"), p.boolFlag("no-verify"))
	addFlags := append([]cli.Flag{
		p.stringFlag("expires"),
		&cli.StringSliceFlag{Name: "provider", Usage: p.text.T("flag.token-provider")},
		p.stringFlag("rpm"),
	}, change...)
	add := p.keySubcommand("add", runKeyAdd, addFlags)
	revoke := p.keySubcommand("revoke", runKeyRevoke, change)
	list := p.command("list", func(c *cli.Context, s *session) error {
		return runKeyList(s, c.String("config"))
	}, p.configFlag(), p.boolFlag("json"))
	key := p.command("key", keyHelp)
	key.Subcommands = []*cli.Command{add, list, revoke}
	return key
}

// keySubcommand returns a subcommand that takes the name of a token.
func (p *program) keySubcommand(name string, run func(context.Context, *session, keyOptions) error, flags []cli.Flag) *cli.Command {
	command := p.command(name, func(c *cli.Context, s *session) error { return run(c.Context, s, keyOptionsOf(c)) }, flags...)
	command.ArgsUsage = "NAME"
	return command
}

// keyHelp runs where no subcommand is named, or none that exists.
func keyHelp(c *cli.Context, _ *session) error {
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

// name returns the one argument.
func (o keyOptions) name(command string) (string, error) {
	switch {
	case len(o.names) == 0:
		return "", problem.Usage("name-missing", "command", "cfproxy "+command)
	case len(o.names) == 1:
		return o.names[0], nil
	case config.LooksLikeKey(o.names[1]):
		return "", problem.Usage("name-is-key")
	}
	return "", problem.Usage("name-one", "value", o.names[1])
}

// runKeyAdd makes a token, writes its digest into cfproxy.toml, and deploys.
func runKeyAdd(ctx context.Context, s *session, o keyOptions) error {
	name, err := o.name(s.inv.command)
	if err == nil {
		err = config.CheckTokenName(name)
	}
	if err != nil {
		return err
	}
	file, unlock, err := s.lockTokens(ctx, o.file)
	if err != nil {
		return err
	}
	defer unlock()
	token, err := newTokenOf(o, file, name)
	if err != nil {
		return err
	}
	generated := s.generateToken(token)
	change := tokenChange{verb: "add", token: generated.Token}
	return s.runTokenChange(ctx, o, file, change, generated, unlock)
}

// runKeyRevoke removes a token from cfproxy.toml, and deploys.
func runKeyRevoke(ctx context.Context, s *session, o keyOptions) error {
	name, err := o.name(s.inv.command)
	if err != nil {
		return err
	}
	file, unlock, err := s.lockTokens(ctx, o.file)
	if err != nil {
		return err
	}
	defer unlock()
	change := tokenChange{verb: "revoke", token: worker.Token{Name: name}}
	return s.runTokenChange(ctx, o, file, change, config.NewToken{}, unlock)
}

// lockTokens locks the file with the tokens and then reads it.
func (s *session) lockTokens(ctx context.Context, path string) (config.TokenFile, func(), error) {
	unlock, err := s.lockConfig(ctx, path)
	if err != nil {
		return config.TokenFile{}, nil, err
	}
	file, err := config.OpenTokens(path)
	if err != nil {
		unlock()
	}
	return file, unlock, err
}

// newTokenOf returns a token with the properties of the flags. Its providers must be among those of the relays.
func newTokenOf(o keyOptions, file config.TokenFile, name string) (worker.Token, error) {
	token := worker.Token{Name: name}
	relays, err := config.NewRelays(file.Relays, version())
	if err != nil {
		return token, err
	}
	var ids []string
	for _, r := range relays {
		for _, id := range config.ProviderIDs(r.ProviderInfo) {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	for _, id := range o.tokenProviders {
		if !slices.Contains(ids, id) {
			return token, problem.Usage("provider-not-here", "value", id, "file", file.Path, "known", strings.Join(ids, ", "))
		}
		token.Providers = append(token.Providers, id)
	}
	if o.rpm != "" {
		if token.RPM, err = strconv.Atoi(o.rpm); err != nil || !config.IsRPM(token.RPM) {
			return token, problem.Usage("rpm-invalid", "value", o.rpm, "most", strconv.Itoa(config.MaxRPM))
		}
	}
	if o.expires != "" {
		token.Expires, err = config.ParseExpiry(o.expires, time.Now())
	}
	return token, err
}

// runKeyList prints who holds a token. It prints no secret.
func runKeyList(s *session, path string) error {
	file, err := config.OpenTokens(path)
	if err != nil {
		return err
	}
	views := []view.Token{}
	for _, token := range file.Tokens {
		views = append(views, tokenView(token))
	}
	if s.json {
		return s.writeJSON(struct {
			Tokens []view.Token `json:"tokens"`
		}{views})
	}
	if len(views) == 0 {
		s.errf("key.none", "file", file.Path)
		return nil
	}
	s.view.Tokens(s.stdout, views)
	if !slices.ContainsFunc(file.Relays, config.Settings.IsManaged) {
		s.errf("key.open", "file", file.Path, "command", s.inv.rerun("deploy"))
	}
	return nil
}

// tokenView returns what may be shown of a token.
func tokenView(token worker.Token) view.Token {
	v := view.Token{Name: token.Name, Providers: token.Providers, RPM: token.RPM}
	if token.Expires > 0 {
		v.Expires, v.Expired = config.LastDay(token), token.Expires <= time.Now().Unix()
	}
	return v
}

// newTokenView returns what --json shows of a token that was made in this run, nil for none.
func newTokenView(t config.NewToken) *view.Token {
	if t.Secret == "" {
		return nil
	}
	v := tokenView(t.Token)
	v.Secret = t.Secret
	return &v
}
