package plan

import (
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/provision/binding"
)

// Observed is what accounts hold at the addresses of relays.
type Observed struct {
	Relays []Relay
	// Skipped are hosts that cannot be served as things are; the others can.
	Skipped []HostError
	// Objects stand at our addresses or in our way, whoever made them.
	Objects []Object
	// Zones say how full the zones of the relays are, by their ids.
	Zones map[string]ZoneLoad
}

// ZoneLoad counts what a zone holds, as far as was read. Records is -1 where only one host's were asked for.
type ZoneLoad struct {
	Zone            Zone
	Records, Routes int
}

// Sites gives the hosts of all relays.
func (o Observed) Sites() []Site {
	var sites []Site
	for _, relay := range o.Relays {
		sites = append(sites, relay.Sites...)
	}
	return sites
}

func RouteAddress(s Site) Address {
	return Address{Kind: KindRoute, Parent: s.Zone.ID, Name: RoutePattern(s.Host)}
}

func RecordAddress(s Site) Address {
	return Address{Kind: KindRecord, Parent: s.Zone.ID, Name: s.Host}
}

// NewObserved returns what a snapshot holds at the addresses of relays and what conflicts with them. The relays have their Workers'
// names already; their Script and Dependents are filled in.
func NewObserved(relays []Relay, skipped []HostError, found *Snapshot) Observed {
	o := Observed{Relays: relays, Skipped: skipped, Zones: map[string]ZoneLoad{}}
	for i := range o.Relays {
		o.Relays[i].Script = Object{Address: o.Relays[i].ScriptAddress()}
		if script := found.Scripts[o.Relays[i].ScriptAddress()]; script != nil {
			here := *script
			if here.Owned {
				o.Relays[i].Script = here
			} else {
				here.Conflict = ConflictSameAddress
			}
			o.Objects = append(o.Objects, here)
		}
	}
	zones := ZonesOf(o.Sites())
	for _, zone := range zones {
		o.collectZone(found, zone)
	}
	for _, zone := range found.Zones {
		if !slices.ContainsFunc(zones, func(z Zone) bool { return z.ID == zone.ID }) {
			for _, route := range found.Routes[zone.ID] {
				o.addDependent(zone, route)
			}
		}
	}
	slices.SortStableFunc(o.Objects, func(a, b Object) int {
		if a.Address.Kind != b.Address.Kind {
			return int(a.Address.Kind - b.Address.Kind)
		}
		return strings.Compare(a.Address.Name+" "+a.ID, b.Address.Name+" "+b.ID)
	})
	return o
}

// collectZone goes through what one zone holds.
func (o *Observed) collectZone(found *Snapshot, zone Zone) {
	hosts := map[string]bool{}
	for _, site := range o.Sites() {
		if site.Zone.ID == zone.ID {
			hosts[site.Host] = true
		}
	}
	domains := map[string]bool{}
	for _, domain := range found.Domains[zone.Account] {
		if hosts[domain.Address.Name] {
			domains[domain.Address.Name] = true
			domain.Conflict = ConflictCustomDomain
			o.Objects = append(o.Objects, domain)
		}
	}
	marked := o.collectRecords(found, zone, hosts, domains)
	o.collectRoutes(found, zone, hosts, marked)
	o.Zones[zone.ID] = ZoneLoad{Zone: zone, Records: found.Records[zone.ID].Total, Routes: len(found.Routes[zone.ID])}
}

// collectRecords keeps the records of our hosts, and tells which hosts have one with our mark. A record that a custom domain
// brings with it goes when the domain goes, and cannot be changed by itself.
func (o *Observed) collectRecords(found *Snapshot, zone Zone, hosts, domains map[string]bool) (marked map[string]bool) {
	marked = map[string]bool{}
	for _, record := range found.Records[zone.ID].Found {
		host := record.Address.Name
		if !hosts[host] || !IsAddressRecord(record) || domains[host] && isCustomDomainRecord(record) {
			continue
		}
		if record.Owned {
			marked[host] = true
		} else {
			record.Conflict = ConflictSameAddress
		}
		o.Objects = append(o.Objects, record)
	}
	return marked
}

// collectRoutes keeps the routes at our addresses, whoever made them, and those of others that meet ours. A route of ours
// leads to a Worker of ours; one that was led elsewhere since is known by the record beside it, which bears our mark.
func (o *Observed) collectRoutes(found *Snapshot, zone Zone, hosts, marked map[string]bool) {
	routes := found.Routes[zone.ID]
	standing := map[string]bool{}
	for _, route := range routes {
		if host := patternHost(route.Address.Name); hosts[host] && route.Address.Name == RoutePattern(host) {
			standing[host] = found.ownsRoutesTo(zone.Account, route.Attrs[binding.AttrScript])
		}
	}
	for _, route := range routes {
		route.Owned = found.ownsRoutesTo(zone.Account, route.Attrs[binding.AttrScript])
		host := patternHost(route.Address.Name)
		isOurAddress := hosts[host] && route.Address.Name == RoutePattern(host)
		switch {
		case isOurAddress:
			if route.Edited = !route.Owned && marked[host]; !route.Owned && !route.Edited {
				route.Conflict = ConflictSameAddress
			}
			o.Objects = append(o.Objects, route)
			continue
		case route.Owned:
		case hosts[host]:
			route.Conflict = ConflictMoreSpecific
			o.Objects = append(o.Objects, route)
			continue
		case strings.HasPrefix(host, "*"):
			// Where our route stands already it takes nothing more from the wider one.
			if at := newlyCovered(hosts, standing, route.Address.Name); len(at) > 0 {
				route.Conflict, route.ConflictHosts = ConflictWiderRoute, at
				o.Objects = append(o.Objects, route)
			}
		}
		// Of a Worker that is not ours as well: who takes it over takes what it serves.
		o.addDependent(zone, route)
	}
}

// newlyCovered gives the hosts, in their order, whose new route would shadow a wider one.
func newlyCovered(hosts, standing map[string]bool, pattern string) []string {
	var covered []string
	for host := range hosts {
		if !standing[host] && isWiderRoute(pattern, host) {
			covered = append(covered, host)
		}
	}
	slices.Sort(covered)
	return covered
}

func (o *Observed) addDependent(zone Zone, route Object) {
	for i := range o.Relays {
		r := &o.Relays[i]
		if r.Account == zone.Account && r.Worker == route.Attrs[binding.AttrScript] {
			r.Dependents = append(r.Dependents, route.Address.Name)
			slices.Sort(r.Dependents)
		}
	}
}

// IsAddressRecord picks the records that decide where a name leads, or that cannot stand beside ours; TXT, MX and the
// like are no concern of a relay.
func IsAddressRecord(record Object) bool {
	return slices.Contains([]string{"A", "AAAA", "CNAME"}, record.Attrs[binding.AttrType])
}

// isDomainsRecord tells the record that Cloudflare makes for a custom domain.
// https://developers.cloudflare.com/workers/configuration/routing/custom-domains/
func isCustomDomainRecord(record Object) bool {
	return record.Attrs[binding.AttrType] == "AAAA" && record.Attrs[binding.AttrContent] == "100::"
}

// ZonesServed gives the ids of the zones for which a Worker of ours was deployed.
func ZonesServed(script Object) []string { return strings.Fields(script.Attrs[binding.AttrZones]) }

// ShowsOurs tells whether something of ours is seen at an address, whatever else is.
func (o Observed) HasOwned(address Address) bool {
	return slices.ContainsFunc(o.Objects, func(x Object) bool { return x.Address == address && x.Owned })
}
