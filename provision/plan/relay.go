package plan

import (
	"reflect"
	"slices"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
)

// Relay is one Worker with the hosts that it serves in one account. A Config that names hosts of several accounts becomes a
// Relay in each of them, and several Configs that differ in nothing but their hosts become one.
type Relay struct {
	Account string `json:"account"`
	// Worker is the name of the script that serves the sites, or will.
	Worker string `json:"worker"`
	Sites  []Site `json:"-"`
	// Dependents are the patterns of other routes that lead to Worker, as far as was looked.
	Dependents []string `json:"dependents,omitempty"`
	// RevokedTokens are those whose tokens stand and will not any more, where the relay stays managed.
	RevokedTokens []string `json:"losing,omitempty"`
	// RegionUnchecked says that a region was chosen and that the account's list of regions could not be had.
	RegionUnchecked bool `json:"region_unchecked,omitempty"`
	// Config is what the owner wants of it. Who knows more than Observe did, such as keys that were typed, puts it in there.
	Config Config `json:"-"`
	// Script is the Worker as it stands if it is ours, else a bare address.
	Script Object `json:"-"`
}

func (r Relay) ScriptAddress() Address { return ScriptAddress(r.Account, r.Worker) }

// Exists tells whether a Worker of ours is there.
func (r Relay) Exists() bool { return r.Script.ID != "" }

// Deployed gives what our Worker was deployed with, as far as it can be read back; zero values where there is none.
func (r Relay) Deployed() Config {
	return Config{
		Providers: binding.ParseProviders(r.Script.Attrs[binding.AttrProviders]),
		Region:    r.Script.Attrs[binding.AttrRegion],
		Settings:  binding.ParseSettings(r.Script.Attrs),
		Tokens:    r.Script.Tokens,
	}
}

// Hosts gives the names of the sites.
func (r Relay) Hosts() []string { return hostsOf(r.Sites) }

func hostsOf(sites []Site) []string {
	var hosts []string
	for _, site := range sites {
		hosts = append(hosts, site.Host)
	}
	return hosts
}

// GroupRelays makes relays of configs: hosts of one account whose settings are the same share a Worker. Hosts whose zone cannot
// be told are refused; a host that two configs claim is an error.
func GroupRelays(configs []Config, zones []Zone) ([]Relay, []HostError, error) {
	var relays []Relay
	var refused []HostError
	claimed := map[string]bool{}
	find := NewZoneIndex(zones)
	for _, config := range configs {
		for _, host := range config.Domains {
			if claimed[host] {
				return nil, nil, errcode.New(errcode.HostDuplicate, "host", host)
			}
			claimed[host] = true
			zone, err := find.Lookup(host, config.Account)
			if err != nil {
				refused = append(refused, HostError{host, err})
				continue
			}
			at := slices.IndexFunc(relays, func(r Relay) bool { return r.Account == zone.Account && sameSettings(r.Config, config) })
			if at < 0 {
				at = len(relays)
				relays = append(relays, Relay{Account: zone.Account, Worker: config.Worker, Config: config})
			}
			relays[at].Sites = append(relays[at].Sites, Site{Host: host, Zone: zone})
		}
	}
	return relays, refused, checkWorkerNames(relays)
}

// sameSettings compares all but the hosts, and the account, which the hosts decide.
func sameSettings(a, b Config) bool {
	for _, c := range []*Config{&a, &b} {
		c.Domains, c.Account, c.Keys = nil, "", nil
	}
	return reflect.DeepEqual(a, b)
}

// sameName refuses one name for Workers that are to be different.
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

// AssignWorkerNames settles which script serves each relay: the one that the owner names, else one of ours that serves its hosts
// already and that no other relay has, else one named after one of its hosts. No two relays of an account get the same: each
// would undo what the other does. Of relays that were one before, the one whose host the Worker is named after keeps it.
func AssignWorkerNames(relays []Relay, found *Snapshot) {
	taken := map[Address]bool{}
	take := func(r *Relay, name string) {
		if address := ScriptAddress(r.Account, name); r.Worker == "" && name != "" && !taken[address] {
			r.Worker, taken[address] = name, true
		}
	}
	for i := range relays {
		relays[i].Worker = ""
		take(&relays[i], relays[i].Config.Worker)
	}
	for i := range relays {
		r := &relays[i]
		if serving := found.ownedServingWorkers(*r); len(serving) > 0 && slices.Contains(workerNames(r.Hosts()), serving[0]) {
			take(r, serving[0])
		}
	}
	for i := range relays {
		r := &relays[i]
		for _, name := range found.ownedServingWorkers(*r) {
			take(r, name)
		}
	}
	for i := range relays {
		r := &relays[i]
		for _, name := range workerNames(r.Hosts()) {
			take(r, name)
		}
		for n := 2; r.Worker == ""; n++ {
			take(r, numberedWorkerName(r.Sites[0].Host, n))
		}
		for j := range r.Sites {
			r.Sites[j].Worker = r.Worker
		}
	}
}

func workerNames(hosts []string) []string {
	var names []string
	for _, host := range hosts {
		names = append(names, WorkerName(host))
	}
	return names
}

// CompleteConfig takes what the owner has not said from what stands: without a file that lists them, the tokens that the Worker
// lets in go on. It is an *Error if they cannot be read, since to go on would lock everybody out.
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

// ExpectedName is where a relay's Worker is looked for first.
func (r Relay) ExpectedWorker() string {
	if r.Config.Worker != "" {
		return r.Config.Worker
	}
	return WorkerName(r.Sites[0].Host)
}
