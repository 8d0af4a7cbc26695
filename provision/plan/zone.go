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
	Status      string   `json:"status"`         // such as "active" or "pending"
	Paused      bool     `json:"paused"`         // Cloudflare answers DNS queries for the zone and proxies nothing
	Type        string   `json:"type,omitempty"` // "full", "partial" or "secondary"; "" if it is not known
	Account     string   `json:"account"`        // id of the account
	AccountName string   `json:"account_name,omitempty"`
	NameServers []string `json:"name_servers,omitempty"` // assigned by Cloudflare
	// Plan is the API's name of the zone's plan, such as "free"; "" if it is not known.
	Plan string `json:"plan,omitempty"`
	// VerificationKey is the content of the TXT record that activates a partial zone; "" if it is not known.
	VerificationKey string `json:"-"`
	// Created is when the zone was added to Cloudflare; the zero time if it is not known.
	Created time.Time `json:"-"`
}

// Types of zones that are served differently from a full one.
const (
	zonePartial   = "partial"   // CNAME setup: other nameservers answer for the zone
	zoneSecondary = "secondary" // the records are those of a primary nameserver
)

// Active reports whether Cloudflare has activated the zone, which it does once its nameservers are set.
func (z Zone) Active() bool { return z.Status == "active" }

// Proxies reports whether the zone receives traffic: it is active and not paused.
func (z Zone) Proxies() bool { return z.Active() && !z.Paused }

// Site is one host of a relay, with its zone and the name of the Worker that serves it.
type Site struct {
	Host   string `json:"host"`
	Zone   Zone   `json:"zone"`
	Worker string `json:"worker"`
}

// SubdomainLevel returns how many labels the host has below its zone: 0 for the apex. Universal SSL certificates cover
// levels 0 and 1 only. https://developers.cloudflare.com/ssl/edge-certificates/universal-ssl/limitations/
func (s Site) SubdomainLevel() int {
	return strings.Count(s.Host, ".") - strings.Count(s.Zone.Name, ".")
}

// ZoneIndex finds the zones of hosts.
type ZoneIndex struct {
	zones  []Zone
	byName map[string][]Zone
}

// NewZoneIndex returns an index of zones.
func NewZoneIndex(zones []Zone) ZoneIndex {
	index := ZoneIndex{zones: zones, byName: map[string][]Zone{}}
	for _, zone := range zones {
		index.byName[zone.Name] = append(index.byName[zone.Name], zone)
	}
	return index
}

// Lookup returns the zone of a host in an account, or in any account if account is "". If zones are nested it is the
// longest one, and if several accounts have it, it is the active one. Errors are of type *errcode.Error, with the codes
// NoZones, ZoneNotFound, ZoneElsewhere if only other accounts have the zone, or ZoneAmbiguous if not exactly one of
// several zones is active.
func (index ZoneIndex) Lookup(host, account string) (Zone, error) {
	if len(index.zones) == 0 {
		return Zone{}, errcode.New(errcode.NoZones, "host", host)
	}
	var elsewhere []Zone
	for name := host; name != ""; _, name, _ = strings.Cut(name, ".") {
		var here []Zone
		for _, zone := range index.byName[name] {
			if account == "" || zone.Account == account {
				here = append(here, zone)
			} else {
				elsewhere = append(elsewhere, zone)
			}
		}
		switch len(here) {
		case 0:
		case 1:
			return here[0], nil
		default:
			return activeZone(host, here)
		}
	}
	if len(elsewhere) > 0 {
		return Zone{}, zoneElsewhereError(host, account, elsewhere[0])
	}
	return Zone{}, errcode.New(errcode.ZoneNotFound, "host", host, "zones", zoneNames(index.zones))
}

// zoneElsewhereError returns the error for a host whose zone is in another account than the chosen one.
func zoneElsewhereError(host, account string, zone Zone) *errcode.Error {
	return errcode.New(errcode.ZoneElsewhere, "host", host, "zone", zone.Name, "account", account,
		"other", zone.Account, "owner", cmp.Or(zone.AccountName, zone.Account))
}

// activeZone returns the active one of the zones that several accounts have for a host.
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

// zoneNames returns the names of zones for an error message, abbreviated if there are many.
func zoneNames(zones []Zone) string {
	var names []string
	for _, zone := range zones {
		names = append(names, zone.Name)
	}
	slices.Sort(names)
	return errcode.Abbreviate(slices.Compact(names))
}

// ZonesOf returns the zones of sites without duplicates, sorted by name.
func ZonesOf(sites []Site) []Zone {
	var zones []Zone
	for _, site := range sites {
		zones = append(zones, site.Zone)
	}
	slices.SortFunc(zones, func(a, b Zone) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return slices.CompactFunc(zones, func(a, b Zone) bool { return a.ID == b.ID })
}
