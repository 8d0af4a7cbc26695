package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/atomicfile"
	"github.com/cfproxy/cfproxy/provision/binding"
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
	all, err := p.settings(c)
	if err != nil {
		return err
	}
	if len(all) > 1 {
		return problem.Usage("init-many", "file", cmp.Or(c.String("config"), configName), "command", p.again(c, "deploy"))
	}
	chosen := all[0]
	if !p.terminal && len(chosen[keyDomains]) == 0 {
		return problem.Usage("domain-missing")
	}
	if err := checkFolder(); err != nil {
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
	r, err := p.relay(chosen)
	if err != nil {
		return err
	}
	r.Adopt = c.Bool("adopt")
	if r.Keys, err = p.ownerKeys(r); err != nil {
		return err
	}
	way, err := p.wayToProve(c, account)
	if err != nil {
		return err
	}
	defer way.Close()
	d, err := p.carryOut(c, fleet{r}, account, way, unlock)
	if err != nil {
		return err
	}
	unlock()
	p.issued = issued
	unproved := p.prove(c, fleet{r}, account, way, d)
	return cmp.Or(unproved, p.keep(c, r, d.Receipt.Plan.Worker, account))
}

// checkFolder finds out whether cfproxy.toml can be written in the end, unless there is one. Tokens that it cannot list would be
// lost.
func checkFolder() error {
	if _, err := os.Lstat(configName); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := atomicfile.CheckWritable("."); err != nil {
		return problem.Wrap("config-unwritable", err, "file", configName)
	}
	return nil
}

// complete fills in what nobody has chosen: from what stands, and from answers where somebody can be asked.
func (p *program) complete(c *cli.Context, account *account, chosen settings) (settings, issued, error) {
	asks := p.terminal && !c.Bool("yes")
	given, first := maps.Clone(chosen), issued{}
	var err error
	if asks {
		if chosen, err = p.askZone(c.Context, account, chosen); err != nil {
			return nil, first, err
		}
	}
	if chosen, err = p.standingBelow(c, account, chosen); err != nil {
		return nil, first, err
	}
	if asks {
		if chosen, err = p.askProviders(c.Context, chosen); err != nil {
			return nil, first, err
		}
		if chosen, first, err = p.askAccess(c.Context, chosen); err != nil {
			return nil, first, err
		}
	}
	p.answered = unlikeDefaults(chosen, given)
	return chosen, first, nil
}

// unlikeDefaults gives the settings that were not given and that no default says.
func unlikeDefaults(chosen, given settings) settings {
	defaults := settings{keyProviders: {defaultProvider}, keyAccess: {binding.AccessPassThrough}, keyPage: {"true"}}
	unlike := maps.Clone(chosen)
	maps.DeleteFunc(unlike, func(key string, values []string) bool {
		_, was := given[key]
		return was || slices.Equal(values, defaults[key])
	})
	return unlike
}

// keep writes cfproxy.toml, and says so: it is what the next command reads. An error is said here, since the result was
// printed before.
func (p *program) keep(c *cli.Context, r relay, worker string, account *account) error {
	file, written, err := p.writeConfig(r, worker)
	if err != nil {
		code, details, _ := p.classify(err)
		p.show(err, code, details)
		p.hand(p.issued)
		return problem.ExitStatus(problem.ExitFailed)
	}
	listed, err := p.configFile(file, r.Domains)
	fmt.Fprintln(p.stderr)
	switch {
	case written:
		p.note("init.wrote", "file", file)
	case err == nil && len(listed) > 0:
		p.note("init.kept", "file", file)
	default:
		p.note("init.other", "file", file, "command", p.again(c, "status", r.Domains...))
	}
	p.hand(p.issued)
	if p.held.from == fromPrompt {
		p.note("init.token")
	}
	return nil
}

// askAccount opens the account, and asks again, with fewer words, where the token that a person typed is not good.
func (p *program) askAccount(c *cli.Context, chosen settings) (*account, error) {
	token, err := p.askToken(c)
	if err != nil {
		return nil, err
	}
	for {
		account, err := p.openAccount(c, token)
		if err != nil || p.held.from != fromPrompt {
			return account, err
		}
		_, err = p.readZones(c.Context, account, chosen.one(keyAccount))
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
