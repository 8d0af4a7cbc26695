package provision

import (
	"cmp"
	"slices"
	"strings"
)

// Zone is a domain in an account. https://developers.cloudflare.com/api/resources/zones/
type Zone struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Status      string   `json:"status"`
	Account     string   `json:"account"`
	AccountName string   `json:"account_name,omitempty"`
	NameServers []string `json:"name_servers,omitempty"`
}

// Active tells whether traffic reaches the zone.
func (z Zone) Active() bool { return z.Status == "active" }

// Site is one host of a relay and the zone that holds it.
type Site struct {
	Host string `json:"host"`
	Zone Zone   `json:"zone"`
}

// Depth counts the labels between the zone and the host: 0 for the zone's own name. Universal SSL has a certificate for
// depths 0 and 1 alone. https://developers.cloudflare.com/ssl/edge-certificates/universal-ssl/limitations/
func (s Site) Depth() int {
	return strings.Count(s.Host, ".") - strings.Count(s.Zone.Name, ".")
}

// locate gives each host the longest of the zones that it lies in.
func locate(hosts []string, zones []Zone) ([]Site, error) {
	if len(zones) == 0 {
		return nil, newError(CodeNoZones, "host", hosts[0])
	}
	var sites []Site
	for _, host := range hosts {
		zone, err := zoneOf(host, zones)
		if err != nil {
			return nil, err
		}
		sites = append(sites, Site{Host: host, Zone: zone})
	}
	return sites, oneAccount(sites)
}

func zoneOf(host string, zones []Zone) (Zone, error) {
	var found []Zone
	for _, zone := range zones {
		if host != zone.Name && !strings.HasSuffix(host, "."+zone.Name) {
			continue
		}
		if len(found) > 0 && len(found[0].Name) > len(zone.Name) {
			continue
		}
		if len(found) > 0 && len(found[0].Name) < len(zone.Name) {
			found = nil
		}
		found = append(found, zone)
	}
	switch {
	case len(found) == 0:
		return Zone{}, newError(CodeZoneNotFound, "host", host, "zones", zoneNames(zones))
	case len(found) == 1:
		return found[0], nil
	}
	return theActiveOne(host, found)
}

// theActiveOne settles a name that several accounts hold: only one of them can be active.
func theActiveOne(host string, zones []Zone) (Zone, error) {
	active := slices.DeleteFunc(slices.Clone(zones), func(z Zone) bool { return !z.Active() })
	if len(active) == 1 {
		return active[0], nil
	}
	var accounts []string
	for _, zone := range zones {
		accounts = append(accounts, zone.Account)
	}
	slices.Sort(accounts)
	return Zone{}, newError(CodeZoneAmbiguous, "host", host, "accounts", strings.Join(accounts, ", "))
}

// zoneNames lists zones, enough to see a typing error and few enough to read.
func zoneNames(zones []Zone) string {
	var names []string
	for _, zone := range zones {
		names = append(names, zone.Name)
	}
	slices.Sort(names)
	return Some(slices.Compact(names))
}

// oneAccount holds because one Worker serves all hosts of a relay, and a Worker lives in one account.
func oneAccount(sites []Site) error {
	account := sites[0].Zone.Account
	for _, site := range sites {
		if site.Zone.Account != account {
			return newError(CodeAccountsDiffer, "host", sites[0].Host, "other", site.Host)
		}
	}
	return nil
}

// zonesOf gives the zones of sites, each once, by name.
func zonesOf(sites []Site) []Zone {
	var zones []Zone
	for _, site := range sites {
		zones = append(zones, site.Zone)
	}
	slices.SortFunc(zones, func(a, b Zone) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(zones, func(a, b Zone) bool { return a.ID == b.ID })
}
