package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/credential"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/plan"
)

func (p *program) initCommand() *cli.Command {
	return p.command("init", func(c *cli.Context, s *session) error {
		return runInit(c.Context, s, deployOptionsOf(c))
	}, p.deployFlags()...)
}

// runInit goes from nothing to a working relay: it asks for what is missing, and then does what deploy does.
func runInit(ctx context.Context, s *session, o deployOptions) error {
	unlock, err := s.lockConfig(ctx, o.file)
	if err != nil {
		return err
	}
	defer unlock()
	all, err := o.source(s).Load()
	if err != nil {
		return err
	}
	if len(all) > 1 {
		return problem.Usage("init-many", "file", s.inv.fileName(), "command", s.inv.rerun("deploy"))
	}
	if !s.terminal && len(all[0].Domains) == 0 {
		return problem.Usage("domain-missing")
	}
	if err := config.CheckFolder(); err != nil {
		return err
	}
	s.errf("init.welcome")
	account, err := s.askAccount(ctx, all[0].Account)
	if err != nil {
		return err
	}
	chosen, token, err := s.askSettings(ctx, account, all[0], !s.terminal || o.yes)
	if err != nil {
		return err
	}
	relay, err := config.NewRelay(chosen, version())
	s.inv.hosts = relay.Domains
	if err != nil {
		return err
	}
	if relay.Keys, err = config.Keys(relay.Config, s.getenv); err != nil {
		return err
	}
	d, err := s.newDeployment(ctx, o, config.Relays{relay}, account, unlock)
	if err != nil {
		return err
	}
	defer d.network.Close()
	if err := d.planAndApply(ctx); err != nil {
		return err
	}
	d.newToken = token
	unverified := d.report(ctx)
	return cmp.Or(unverified, s.saveConfig(relay, d.outcome.Receipt.Plan.Worker, token))
}

// askSettings fills in what was not chosen: from the deployed relay, and from answers unless isQuiet. It also returns the token that it
// generated for the first caller of a managed relay.
func (s *session) askSettings(ctx context.Context, account *account, chosen config.Settings, isQuiet bool) (config.Settings, config.NewToken, error) {
	given, token := chosen, config.NewToken{}
	var err error
	if !isQuiet {
		if chosen, err = s.askZone(ctx, account, chosen); err != nil {
			return chosen, token, err
		}
	}
	if chosen, err = s.fillFromDeployed(ctx, account, chosen); err != nil {
		return chosen, token, err
	}
	if !isQuiet {
		if chosen, err = s.askProviders(ctx, chosen); err != nil {
			return chosen, token, err
		}
		if chosen, token, err = s.askAccess(ctx, chosen); err != nil {
			return chosen, token, err
		}
	}
	s.inv.answered = chosen.NonDefault(given)
	return chosen, token, nil
}

// fillFromDeployed fills in what was not chosen from our relay as it is deployed, its tokens included, so that init neither resets
// them nor asks for them. If there is a cfproxy.toml, only that counts.
func (s *session) fillFromDeployed(ctx context.Context, account *account, chosen config.Settings) (config.Settings, error) {
	if chosen.HasFile() || len(chosen.Domains) == 0 {
		return chosen, nil
	}
	wanted, err := plan.Config{Domains: chosen.Domains, Worker: chosen.Worker, Account: chosen.Account}.Normalize()
	if err != nil {
		return chosen, err
	}
	observed, err := s.observe(ctx, account.engine, wanted)
	if err != nil || !observed.Relays[0].Exists() {
		return chosen, err
	}
	relay := observed.Relays[0]
	s.errf("init.deployed", "worker", relay.Worker)
	deployed := relay.Deployed()
	chosen = chosen.FillFrom(config.FromDeployed(deployed))
	if !deployed.Settings.Managed || !chosen.IsManaged() {
		return chosen, nil
	}
	relay.Config.Settings.Managed = true
	completed, err := relay.CompleteConfig()
	if err != nil {
		return chosen, err
	}
	return chosen.WithTokens(completed.Tokens), nil
}

// saveConfig writes cfproxy.toml for the next command, and prints the new token. The result is printed already, so it prints its error
// itself.
func (s *session) saveConfig(r config.Relay, worker string, token config.NewToken) error {
	file := config.FileName
	isCreated, err := config.Create(r, worker, s.settingComments())
	if err != nil {
		s.printError(err)
		s.printToken(token)
		return problem.ExitStatus(problem.ExitFailed)
	}
	listed, err := config.ReadFile(file, r.Domains)
	fmt.Fprintln(s.stderr)
	switch {
	case isCreated:
		s.errf("init.wrote", "file", file)
	case err == nil && len(listed) > 0:
		s.errf("init.kept", "file", file)
	default:
		s.errf("init.other", "file", file, "command", s.inv.rerun("status", r.Domains...))
	}
	s.printToken(token)
	if s.token.Source == credential.FromPrompt {
		s.errf("init.token")
	}
	return nil
}

// settingComments returns the comments of a new cfproxy.toml, by the key of their setting.
func (s *session) settingComments() map[string]string {
	comments := map[string]string{config.CommentHead: s.text.T("comment." + config.CommentHead)}
	for _, setting := range config.Table() {
		comments[setting.Key] = s.text.T("comment." + setting.Key)
	}
	return comments
}

// askAccount opens the account. If the user typed a token that is rejected, it asks again.
func (s *session) askAccount(ctx context.Context, id string) (*account, error) {
	if err := s.askToken(ctx); err != nil {
		return nil, err
	}
	if s.token.Source != credential.FromPrompt {
		return s.openAccount()
	}
	account, _, err := s.openWithTypedToken(ctx, func(a *account) ([]plan.Zone, error) { return s.readZones(ctx, a, id) })
	return account, err
}
