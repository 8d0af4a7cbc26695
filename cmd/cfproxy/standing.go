package main

import (
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// standingBelow fills in what nobody has chosen from our own relay as it stands, its tokens included, so that init neither
// undoes nor asks what is there. A file that is in use has the say by itself.
func (p *program) standingBelow(c *cli.Context, account *account, chosen settings) (settings, error) {
	if _, inFile := chosen[keyTokens]; inFile || len(chosen[keyDomains]) == 0 {
		return chosen, nil
	}
	config, err := plan.Config{
		Domains: chosen[keyDomains], Worker: chosen.one(keyWorker), Account: chosen.one(keyAccount),
	}.Normalize()
	if err != nil {
		return nil, err
	}
	observed, err := p.observe(c, account.engine, config)
	if err != nil || !observed.Relays[0].Exists() {
		return chosen, err
	}
	here := observed.Relays[0]
	p.note("init.stands", "worker", here.Worker)
	standing := here.Deployed()
	for key, values := range asSettings(standing) {
		if _, given := chosen[key]; !given {
			chosen[key] = values
		}
	}
	if !standing.Settings.Managed || chosen.one(keyAccess) != binding.AccessManaged {
		return chosen, nil
	}
	here.Config.Settings.Managed = true
	if config, err = here.CompleteConfig(); err != nil {
		return nil, err
	}
	chosen[keyTokens] = encodeTokens(config.Tokens)
	return chosen, nil
}

// asSettings writes what stands as an owner would have chosen it.
func asSettings(standing plan.Config) settings {
	s := settings{keyAccess: {binding.AccessPassThrough}, keyPage: {strconv.FormatBool(standing.Settings.Page)}}
	if standing.Settings.Managed {
		s[keyAccess] = []string{binding.AccessManaged}
	}
	for _, provider := range standing.Providers {
		s[keyProviders] = append(s[keyProviders], specOf(provider.ID, provider.Origin))
	}
	if standing.Region != "" {
		s[keyRegion] = []string{standing.Region}
	}
	if len(standing.Settings.Origins) > 0 {
		s[keyAllowOrigins] = standing.Settings.Origins
	}
	return s
}
