package main

import (
	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

// standingBelow fills in what nobody has chosen from our own relay as it stands, its tokens included, so that init neither
// undoes nor asks what is there. A file that is in use has the say by itself.
func (p *program) standingBelow(c *cli.Context, account *account, chosen config.Settings) (config.Settings, error) {
	if chosen.HasFile() || len(chosen.Domains) == 0 {
		return chosen, nil
	}
	wanted, err := plan.Config{
		Domains: chosen.Domains, Worker: chosen.Worker, Account: chosen.Account,
	}.Normalize()
	if err != nil {
		return chosen, err
	}
	observed, err := p.observe(c, account.engine, wanted)
	if err != nil || !observed.Relays[0].Exists() {
		return chosen, err
	}
	here := observed.Relays[0]
	p.note("init.stands", "worker", here.Worker)
	standing := here.Deployed()
	chosen = chosen.FillFrom(config.FromDeployed(standing))
	if !standing.Settings.Managed || chosen.Access != binding.AccessManaged {
		return chosen, nil
	}
	here.Config.Settings.Managed = true
	completed, err := here.CompleteConfig()
	if err != nil {
		return chosen, err
	}
	chosen.Tokens = append([]worker.Token{}, completed.Tokens...)
	return chosen, nil
}
