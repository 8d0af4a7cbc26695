package plan

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

// Zone is a domain in an account. https://developers.cloudflare.com/api/resources/zones/
type Zone struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Status      string   `json:"status"`
	Account     string   `json:"account"`
	AccountName string   `json:"account_name,omitempty"`
	NameServers []string `json:"name_servers,omitempty"`
	// Plan is the plan's own name for itself, such as "free"; "" where the API did not say.
	Plan string `json:"plan,omitempty"`
	// Created is when the zone came to Cloudflare; zero where the API did not say.
	Created time.Time `json:"-"`
}

// Active tells whether traffic reaches the zone.
func (z Zone) Active() bool { return z.Status == "active" }

// Site is one host of a relay, the zone that holds it, and the Worker that serves it.
type Site struct {
	Host   string `json:"host"`
	Zone   Zone   `json:"zone"`
	Worker string `json:"worker"`
}

// Depth counts the labels between the zone and the host: 0 for the zone's own name. Universal SSL has a certificate for
// depths 0 and 1 alone. https://developers.cloudflare.com/ssl/edge-certificates/universal-ssl/limitations/
func (s Site) SubdomainLevel() int {
	return strings.Count(s.Host, ".") - strings.Count(s.Zone.Name, ".")
}

// HostError is a host that a run leaves alone, and why. The other hosts go on without it.
type HostError struct {
	Host string
	Err  error
}

// HostErrors is the error of a run in which none of several hosts can be served. It has the code of the first one.
type HostErrors []HostError

// Error gives each host's own error.
func (r HostErrors) Error() string {
	var texts []string
	for _, refusal := range r {
		texts = append(texts, refusal.Host+": "+refusal.Err.Error())
	}
	return strings.Join(texts, "; ")
}

// Unwrap gives the first host's error.
func (r HostErrors) Unwrap() error { return r[0].Err }

// JoinHostErrors makes one error of refusals. A token that sees no zone at all is no matter of single hosts.
func JoinHostErrors(refused []HostError) error {
	if len(refused) == 1 || errcode.Of(refused[0].Err) == errcode.NoZones {
		return refused[0].Err
	}
	return HostErrors(refused)
}

// locator finds zones by the names that lie in them.
type ZoneIndex struct {
	zones  []Zone
	byName map[string][]Zone
}

func NewZoneIndex(zones []Zone) ZoneIndex {
	l := ZoneIndex{zones: zones, byName: map[string][]Zone{}}
	for _, zone := range zones {
		l.byName[zone.Name] = append(l.byName[zone.Name], zone)
	}
	return l
}

// ZoneOf gives the longest of the zones that a host lies in, of one account or of any ("").
func (l ZoneIndex) Lookup(host, account string) (Zone, error) {
	if len(l.zones) == 0 {
		return Zone{}, errcode.New(errcode.NoZones, "host", host)
	}
	var elsewhere []Zone
	for name := host; name != ""; _, name, _ = strings.Cut(name, ".") {
		found := slices.Clone(l.byName[name])
		here := slices.DeleteFunc(slices.Clone(found), func(z Zone) bool { return account != "" && z.Account != account })
		if len(here) == 1 {
			return here[0], nil
		}
		if len(here) > 1 {
			return activeZone(host, here)
		}
		elsewhere = append(elsewhere, found...)
	}
	if len(elsewhere) > 0 {
		return Zone{}, zoneElsewhereError(host, account, elsewhere[0])
	}
	return Zone{}, errcode.New(errcode.ZoneNotFound, "host", host, "zones", zoneNames(l.zones))
}

// zoneElsewhere is a host whose zone is another account's than the chosen one: somebody else's, as far as this run goes.
func zoneElsewhereError(host, account string, zone Zone) *errcode.Error {
	return errcode.New(errcode.ZoneElsewhere, "host", host, "zone", zone.Name, "account", account,
		"other", zone.Account, "owner", cmp.Or(zone.AccountName, zone.Account))
}

// activeZone settles a name that several accounts hold: only one of them can be active.
func activeZone(host string, zones []Zone) (Zone, error) {
	active := slices.DeleteFunc(slices.Clone(zones), func(z Zone) bool { return !z.Active() })
	if len(active) == 1 {
		return active[0], nil
	}
	var accounts []string
	for _, zone := range zones {
		accounts = append(accounts, zone.Account)
	}
	slices.Sort(accounts)
	return Zone{}, errcode.New(errcode.ZoneAmbiguous, "host", host, "accounts", strings.Join(accounts, ", "))
}

// zoneNames lists zones, enough to see a typing error and few enough to read.
func zoneNames(zones []Zone) string {
	var names []string
	for _, zone := range zones {
		names = append(names, zone.Name)
	}
	slices.Sort(names)
	return errcode.Abbreviate(slices.Compact(names))
}

// ZonesOf gives the zones of sites, each once, by name.
func ZonesOf(sites []Site) []Zone {
	var zones []Zone
	for _, site := range sites {
		zones = append(zones, site.Zone)
	}
	slices.SortFunc(zones, func(a, b Zone) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return slices.CompactFunc(zones, func(a, b Zone) bool { return a.ID == b.ID })
}
