package config

import (
	"slices"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

// FromDeployed returns the settings that would deploy a relay as it is deployed now, without hosts, names and tokens.
func FromDeployed(deployed plan.Config) Settings {
	page := deployed.Settings.Page
	s := Settings{Access: binding.AccessPassThrough, Page: &page, Region: deployed.Region, AllowOrigins: deployed.Settings.Origins}
	if deployed.Settings.Managed {
		s.Access = binding.AccessManaged
	}
	for _, provider := range deployed.Providers {
		s.Providers = append(s.Providers, Ref(provider.ID, provider.Origin))
	}
	return s
}

// FillFrom returns s with the settings of other in place of those that were not chosen. Tokens stay those of s.
func (s Settings) FillFrom(other Settings) Settings {
	tokens := s.Tokens
	s = other.merge(s)
	s.Tokens = tokens
	return s
}

// WithDeployedDefaults returns config with what was not chosen taken from the deployed relay.
func (s Settings) WithDeployedDefaults(config, deployed plan.Config) plan.Config {
	if len(s.Providers) == 0 && len(deployed.Providers) > 0 {
		config.Providers = completeProviders(deployed.Providers)
	}
	if s.Region == "" {
		config.Region = deployed.Region
	}
	if s.Access == "" {
		config.Settings.Managed = deployed.Settings.Managed
	}
	if s.Page == nil {
		config.Settings.Page = deployed.Settings.Page
	}
	if len(s.AllowOrigins) == 0 {
		config.Settings.Origins = deployed.Settings.Origins
	}
	if !s.HasFile() {
		config.Tokens = deployed.Tokens
	}
	return config
}

// completeProviders fills in what the account does not say of deployed providers, which is all but id and origin. One that this
// version does not know, or knows with another origin, stays as it was read.
func completeProviders(deployed []worker.Provider) []worker.Provider {
	var all []worker.Provider
	for _, provider := range deployed {
		known, err := ResolveProviders([]string{Ref(provider.ID, provider.Origin)})
		if err == nil && known[0].Origin == provider.Origin {
			provider = Upstreams(known)[0]
		}
		all = append(all, provider)
	}
	return all
}

// FlagsFor returns, as flags, the settings of config that were not chosen and are not the defaults, each with a space before it. A
// command that deploys again with them does not reset them.
func (s Settings) FlagsFor(config plan.Config) string {
	var flags string
	isDefault := len(config.Providers) == 1 && config.Providers[0].ID == DefaultProvider
	if len(s.Providers) == 0 && !isDefault {
		for _, provider := range config.Providers {
			flags += " --provider " + Ref(provider.ID, provider.Origin)
		}
	}
	if s.Region == "" && config.Region != "" {
		flags += " --region " + config.Region
	}
	if s.Access == "" && config.Settings.Managed {
		flags += " --access " + binding.AccessManaged
	}
	if s.Page == nil && !config.Settings.Page {
		flags += " --page=false"
	}
	if len(s.AllowOrigins) == 0 {
		for _, origin := range config.Settings.Origins {
			flags += " --allow-origin " + origin
		}
	}
	return flags
}

// NonDefault returns the settings that are neither in given nor what a default would be.
func (s Settings) NonDefault(given Settings) Settings {
	on := true
	defaults := Settings{Providers: []string{DefaultProvider}, Access: binding.AccessPassThrough, Page: &on}
	var rest Settings
	for _, setting := range Table() {
		values := setting.Values(s)
		if len(values) > 0 && len(setting.Values(given)) == 0 && !slices.Equal(values, setting.Values(defaults)) {
			setting.set(&rest, values)
		}
	}
	return rest
}
