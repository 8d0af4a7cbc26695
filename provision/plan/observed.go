package plan

import (
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/provision/binding"
)

// Observed is the state of the accounts as far as it concerns the relays.
type Observed struct {
	Relays []Relay
	// Skipped are hosts that cannot be served, because their zone could not be determined.
	Skipped []HostError
	// Objects are the objects at the addresses of the relays and those in conflict with them, ours or not. They are
	// sorted by kind, name and id.
	Objects []Object
	// Zones holds how many records and routes the relays' zones have, by zone id.
	Zones map[string]ZoneLoad
}

// ZoneLoad is the number of records and routes in a zone. Records is -1 if only the records of one host were read.
type ZoneLoad struct {
	Zone            Zone
	Records, Routes int
}

// Sites returns the sites of all relays.
func (o Observed) Sites() []Site {
	var sites []Site
	for _, relay := range o.Relays {
		sites = append(sites, relay.Sites...)
	}
	return sites
}

// NewObserved returns what the snapshot holds at the addresses of relays, and what is in conflict with them. The relays
// must have their Worker names; NewObserved sets their Script and Dependents.
func NewObserved(relays []Relay, skipped []HostError, found *Snapshot) Observed {
	o := Observed{Relays: relays, Skipped: skipped, Zones: map[string]ZoneLoad{}}
	for i := range o.Relays {
		o.collectScript(found, &o.Relays[i])
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

// collectScript adds the script at a relay's address. It becomes the relay's Script if it is ours.
func (o *Observed) collectScript(found *Snapshot, relay *Relay) {
	relay.Script = Object{Address: relay.ScriptAddress()}
	deployed := found.Scripts[relay.ScriptAddress()]
	if deployed == nil {
		return
	}
	script := *deployed
	if script.Owned {
		relay.Script = script
	} else {
		script.Conflict = ConflictSameAddress
	}
	o.Objects = append(o.Objects, script)
}

// collectZone adds the custom domains, records and routes of one zone that concern the hosts in it.
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
	owned := o.collectRecords(found, zone, hosts, domains)
	o.collectRoutes(found, zone, hosts, owned)
	o.Zones[zone.ID] = ZoneLoad{Zone: zone, Records: found.Records[zone.ID].Total, Routes: len(found.Routes[zone.ID])}
}

// collectRecords adds the records of hosts and returns the hosts that have a record of ours. The record of a custom
// domain is left out: it is deleted with the domain and cannot be changed otherwise.
func (o *Observed) collectRecords(found *Snapshot, zone Zone, hosts, domains map[string]bool) (owned map[string]bool) {
	owned = map[string]bool{}
	for _, record := range found.Records[zone.ID].Found {
		host := record.Address.Name
		if delegated := delegatedHosts(record, zone, hosts); len(delegated) > 0 {
			record.Conflict, record.ConflictHosts = ConflictDelegation, delegated
			o.Objects = append(o.Objects, record)
			continue
		}
		if !hosts[host] || !IsAddressRecord(record) || domains[host] && isCustomDomainRecord(record) {
			continue
		}
		if record.Owned {
			owned[host] = true
		} else {
			record.Conflict = ConflictSameAddress
		}
		o.Objects = append(o.Objects, record)
	}
	return owned
}

// delegatedHosts returns the hosts that an NS record delegates to other nameservers, sorted: those at its name and below.
func delegatedHosts(record Object, zone Zone, hosts map[string]bool) []string {
	name := record.Address.Name
	if record.Attrs[binding.AttrType] != "NS" || name == zone.Name {
		return nil
	}
	var delegated []string
	for host := range hosts {
		if host == name || strings.HasSuffix(host, "."+name) {
			delegated = append(delegated, host)
		}
	}
	slices.Sort(delegated)
	return delegated
}

// collectRoutes adds the routes of hosts and those in conflict with them. A route to a Worker of ours is ours. A route
// of a host that has a record of ours was ours before it was edited. Other routes to the relays' Workers are
// dependents.
func (o *Observed) collectRoutes(found *Snapshot, zone Zone, hosts, ownedRecords map[string]bool) {
	isSite := func(route Object) bool {
		host := patternHost(route.Address.Name)
		return hosts[host] && route.Address.Name == RoutePattern(host)
	}
	isBesideOurRecord := func(route Object) bool { return isSite(route) && ownedRecords[patternHost(route.Address.Name)] }
	isOwned := func(route Object) bool {
		isOurs, isMissing := found.routeTarget(zone, route)
		return isOurs || isMissing && (isBesideOurRecord(route) || o.isOurName(zone.Account, route.Attrs[binding.AttrScript]))
	}
	routed := map[string]bool{} // hosts that have their route
	for _, route := range found.Routes[zone.ID] {
		if isSite(route) {
			routed[patternHost(route.Address.Name)] = isOwned(route)
		}
	}
	for _, route := range found.Routes[zone.ID] {
		route.Owned = isOwned(route)
		route.Edited = !route.Owned && isBesideOurRecord(route)
		if !route.Owned && !route.Edited {
			route.Conflict, route.ConflictHosts = routeConflict(route.Address.Name, hosts, routed)
		}
		if isSite(route) || route.Conflict != "" {
			o.Objects = append(o.Objects, route)
		}
		if !isSite(route) && route.Conflict != ConflictMoreSpecific {
			o.addDependent(zone, route)
		}
	}
}

// isOurName reports whether a script of this name in the account would be ours: one of the relays uses it, or it has
// the form of our default names.
func (o *Observed) isOurName(account, script string) bool {
	return strings.HasPrefix(script, workerPrefix) ||
		slices.ContainsFunc(o.Relays, func(r Relay) bool { return r.Account == account && r.Worker == script })
}

// addDependent adds the route to the Dependents of the relay whose Worker it uses. The Worker need not be ours:
// adopting it affects all of its routes.
func (o *Observed) addDependent(zone Zone, route Object) {
	for i := range o.Relays {
		r := &o.Relays[i]
		if r.Account == zone.Account && r.Worker == route.Attrs[binding.AttrScript] {
			r.Dependents = append(r.Dependents, route.Address.Name)
			slices.Sort(r.Dependents)
		}
	}
}

// IsAddressRecord reports whether a record decides where a name leads, or excludes ours. Other types, such as TXT and
// MX, do not affect a relay.
func IsAddressRecord(record Object) bool {
	return slices.Contains([]string{"A", "AAAA", "CNAME"}, record.Attrs[binding.AttrType])
}

// isCustomDomainRecord reports whether Cloudflare created the record for a custom domain.
// https://developers.cloudflare.com/workers/configuration/routing/custom-domains/
func isCustomDomainRecord(record Object) bool {
	return record.Attrs[binding.AttrType] == "AAAA" && record.Attrs[binding.AttrContent] == "100::"
}

// ZonesServed returns the ids of the zones for which a Worker of ours was deployed. The token may not see all of them.
func ZonesServed(script Object) []string { return binding.ParseZones(script.Attrs[binding.AttrZones]) }

// HasOwned reports whether an object of ours was observed at an address.
func (o Observed) HasOwned(address Address) bool {
	return slices.ContainsFunc(o.Objects, func(x Object) bool { return x.Address == address && x.Owned })
}
