package main

import (
	"cmp"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/credential"
	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/errcode"
)

func (p *program) initCommand() *cli.Command {
	return &cli.Command{Name: "init", Flags: p.deployFlags(), Action: p.init}
}

// init goes from nothing to a working relay: it asks for what is missing, and then does what deploy does.
func (p *program) init(c *cli.Context) error {
	unlock, err := p.lockConfig(c)
	if err != nil {
		return err
	}
	defer unlock()
	all, err := p.loadSettings(c)
	if err != nil {
		return err
	}
	if len(all) > 1 {
		return problem.Usage("init-many", "file", cmp.Or(c.String("config"), config.FileName), "command", p.again(c, "deploy"))
	}
	chosen := all[0]
	if !p.terminal && len(chosen.Domains) == 0 {
		return problem.Usage("domain-missing")
	}
	if err := config.CheckFolder(); err != nil {
		return err
	}
	p.note("init.welcome")
	account, err := p.askAccount(c, chosen)
	if err != nil {
		return err
	}
	chosen, issued, err := p.complete(c, account, chosen)
	if err != nil {
		return err
	}
	r, err := config.NewRelay(chosen, version())
	if err != nil {
		return err
	}
	r.Adopt = c.Bool("adopt")
	if r.Keys, err = config.Keys(r.Config, p.getenv); err != nil {
		return err
	}
	network, err := p.openVerifyNetwork(c, account)
	if err != nil {
		return err
	}
	defer network.Close()
	d, err := p.carryOut(c, config.Relays{r}, account, network, unlock)
	if err != nil {
		return err
	}
	unlock()
	p.newToken = issued
	unproved := p.prove(c, config.Relays{r}, account, network, d)
	return cmp.Or(unproved, p.saveConfig(c, r, d.Receipt.Plan.Worker, account))
}

// complete fills in what nobody has chosen: from what stands, and from answers where somebody can be asked.
func (p *program) complete(c *cli.Context, account *account, chosen config.Settings) (config.Settings, config.NewToken, error) {
	asks := p.terminal && !c.Bool("yes")
	given, first := chosen, config.NewToken{}
	var err error
	if asks {
		if chosen, err = p.askZone(c.Context, account, chosen); err != nil {
			return chosen, first, err
		}
	}
	if chosen, err = p.standingBelow(c, account, chosen); err != nil {
		return chosen, first, err
	}
	if asks {
		if chosen, err = p.askProviders(c.Context, chosen); err != nil {
			return chosen, first, err
		}
		if chosen, first, err = p.askAccess(c.Context, chosen); err != nil {
			return chosen, first, err
		}
	}
	p.answered = chosen.NonDefault(given)
	return chosen, first, nil
}

// saveConfig writes cfproxy.toml, which the next command reads, and prints that it did. It also prints its error, because the
// result is printed already.
func (p *program) saveConfig(c *cli.Context, r config.Relay, worker string, account *account) error {
	file := config.FileName
	written, err := config.Create(r, worker, p.settingComments())
	if err != nil {
		code, details, _ := p.classify(err)
		p.show(err, code, details)
		p.printToken(p.newToken)
		return problem.ExitStatus(problem.ExitFailed)
	}
	listed, err := config.ReadFile(file, r.Domains)
	fmt.Fprintln(p.stderr)
	switch {
	case written:
		p.note("init.wrote", "file", file)
	case err == nil && len(listed) > 0:
		p.note("init.kept", "file", file)
	default:
		p.note("init.other", "file", file, "command", p.again(c, "status", r.Domains...))
	}
	p.printToken(p.newToken)
	if p.apiToken.Source == credential.FromPrompt {
		p.note("init.token")
	}
	return nil
}

// settingComments returns the comments of a new cfproxy.toml, by the key of their setting.
func (p *program) settingComments() map[string]string {
	comments := map[string]string{}
	for _, key := range append([]string{config.CommentHead}, settingsOf("init")...) {
		comments[key] = p.text.T("comment." + key)
	}
	return comments
}

// askAccount opens the account, and asks again, with fewer words, where the token that a person typed is not good.
func (p *program) askAccount(c *cli.Context, chosen config.Settings) (*account, error) {
	token, err := p.askToken(c)
	if err != nil {
		return nil, err
	}
	for {
		account, err := p.openAccount(c, token)
		if err != nil || p.apiToken.Source != credential.FromPrompt {
			return account, err
		}
		_, err = p.readZones(c.Context, account, chosen.Account)
		if err == nil || statusOf(errcode.Of(err)) != problem.ExitToken {
			return account, err
		}
		code, details, _ := p.classify(err)
		p.note("error."+code, i18n.Pairs(p.readable(details))...)
		if token, err = p.askTokenAgain(c); err != nil {
			return nil, err
		}
	}
}
