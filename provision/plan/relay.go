package plan

import (
	"reflect"
	"slices"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
)

// Relay is one Worker with the hosts that it serves in one account. A Config with hosts in several accounts becomes a
// Relay in each of them. Configs that differ in nothing but their hosts become one Relay.
type Relay struct {
	// Account is the id of the account.
	Account string `json:"account"`
	// Worker is the name of the script.
	Worker string `json:"worker"`
	Sites  []Site `json:"-"`
	// Dependents are what else uses the Worker, as far as it was read: patterns of other routes and, for a destroy, also
	// custom domains and, as "zone:ID", zones that the Worker serves and that the token cannot read.
	Dependents []string `json:"dependents,omitempty"`
	// RevokedTokens are the names of deployed tokens that the plan revokes. It is empty if the relay becomes
	// pass-through.
	RevokedTokens []string `json:"losing,omitempty"`
	// RegionUnchecked reports whether the configured region could not be checked, because the account's regions could
	// not be read.
	RegionUnchecked bool `json:"region_unchecked,omitempty"`
	// Config is the desired configuration. Callers may complete it after the observation, for example with keys from a
	// prompt.
	Config Config `json:"-"`
	// Script is the deployed Worker. If it does not exist or is not ours, only the address is set.
	Script Object `json:"-"`
}

// ScriptAddress returns the address of the relay's script.
func (r Relay) ScriptAddress() Address { return ScriptAddress(r.Account, r.Worker) }

// Exists reports whether the Worker exists and is ours.
func (r Relay) Exists() bool { return r.Script.ID != "" }

// Deployed returns the configuration with which the Worker was deployed, as far as it can be read back: providers,
// region, settings and tokens. It returns zero values if the Worker does not exist.
func (r Relay) Deployed() Config {
	return Config{
		Providers: binding.ParseProviders(r.Script.Attrs[binding.AttrProviders]),
		Region:    r.Script.Attrs[binding.AttrRegion],
		Settings:  binding.ParseSettings(r.Script.Attrs),
		Tokens:    r.Script.Tokens,
	}
}

// Hosts returns the hostnames of the sites.
func (r Relay) Hosts() []string {
	var hosts []string
	for _, site := range r.Sites {
		hosts = append(hosts, site.Host)
	}
	return hosts
}

// GroupRelays returns the relays of configs: hosts in one account whose settings are equal share a Worker. It also
// returns the hosts to skip, because no zone was found for them. The error is an *errcode.Error, with code
// errcode.HostDuplicate if two configs have the same host, or errcode.WorkerDuplicate if two relays of an account have
// the same configured Worker.
func GroupRelays(configs []Config, zones []Zone) ([]Relay, []HostError, error) {
	var relays []Relay
	var skipped []HostError
	seen := map[string]bool{}
	index := NewZoneIndex(zones)
	for _, config := range configs {
		for _, host := range config.Domains {
			if seen[host] {
				return nil, nil, errcode.New(errcode.HostDuplicate, "host", host)
			}
			seen[host] = true
			zone, err := index.Lookup(host, config.Account)
			if err != nil {
				skipped = append(skipped, HostError{host, err})
				continue
			}
			i := slices.IndexFunc(relays, func(r Relay) bool { return r.Account == zone.Account && sameSettings(r.Config, config) })
			if i < 0 {
				i = len(relays)
				relays = append(relays, Relay{Account: zone.Account, Worker: config.Worker, Config: config})
			}
			relays[i].Sites = append(relays[i].Sites, Site{Host: host, Zone: zone})
		}
	}
	return relays, skipped, checkWorkerNames(relays)
}

// sameSettings reports whether two configs are equal except for their hosts, their account, which follows from the
// hosts, and their keys.
func sameSettings(a, b Config) bool {
	for _, c := range []*Config{&a, &b} {
		c.Domains, c.Account, c.Keys = nil, "", nil
	}
	return reflect.DeepEqual(a, b)
}

// checkWorkerNames returns an error if two relays of an account have the same configured Worker.
func checkWorkerNames(relays []Relay) error {
	for i, relay := range relays {
		for _, other := range relays[:i] {
			if relay.Worker != "" && relay.Worker == other.Worker && relay.Account == other.Account {
				return errcode.New(errcode.WorkerDuplicate, "worker", relay.Worker, "host", other.Sites[0].Host, "other", relay.Sites[0].Host)
			}
		}
	}
	return nil
}

// CompleteConfig returns the relay's config, with the deployed tokens if it is managed and lists none. If the deployed
// tokens could not be read, it returns an *errcode.Error with code errcode.TokensUnreadable, because a deploy would
// revoke all of them.
func (r Relay) CompleteConfig() (Config, error) {
	c := r.Config
	if !c.Settings.Managed || c.Tokens != nil {
		return c, nil
	}
	if r.Script.Tokens == nil && r.Script.Attrs[binding.AttrAccess] == binding.AccessManaged {
		return c, errcode.New(errcode.TokensUnreadable, "worker", r.Worker)
	}
	c.Tokens = binding.SortTokens(r.Script.Tokens)
	return c, nil
}

// ExpectedWorker returns the name under which the relay's Worker is looked up first: the configured or the default one.
func (r Relay) ExpectedWorker() string {
	if r.Config.Worker != "" {
		return r.Config.Worker
	}
	return WorkerName(r.Sites[0].Host)
}
