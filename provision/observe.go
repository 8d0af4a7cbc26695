package provision

import (
	"context"
	"slices"
	"strings"
)

// Observed is what accounts hold at the addresses of relays.
type Observed struct {
	Relays []Relay
	// Refused are hosts that cannot be served as things are; the others can.
	Refused []Refusal
	// Objects stand at our addresses or in our way, whoever made them.
	Objects []Object
	// Zones say how full the zones of the relays are, by their ids.
	Zones map[string]ZoneLoad

	found *survey
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

func routeAddress(s Site) Address {
	return Address{Kind: KindRoute, Parent: s.Zone.ID, Name: RoutePattern(s.Host)}
}

func recordAddress(s Site) Address {
	return Address{Kind: KindRecord, Parent: s.Zone.ID, Name: s.Host}
}

// Observe finds the zone of every host and reads what stands there. Two round trips deep: the zones, then everything
// else at once; a third only where an existing route or record leads to a Worker that we did not expect, or where one serves other
// zones as well. A single host that cannot be served is an error, one of several a Refusal.
func (e *Engine) Observe(ctx context.Context, configs ...Config) (Observed, error) {
	zones, err := e.zonesFor(ctx, configs)
	if err != nil {
		return Observed{}, err
	}
	relays, refused, err := group(configs, zones)
	if err != nil {
		return Observed{}, err
	}
	if len(relays) == 0 {
		return Observed{}, together(refused)
	}
	o := Observed{Relays: relays, Refused: refused, found: newSurvey(zones)}
	if err := e.readRelays(ctx, o.found, relays); err != nil {
		return Observed{}, err
	}
	if err := e.readInService(ctx, o.found, relays); err != nil {
		return Observed{}, err
	}
	nameWorkers(relays, o.found)
	if err := e.readNamed(ctx, o.found, relays); err != nil {
		return Observed{}, err
	}
	if err := e.readServed(ctx, o.found, relays); err != nil {
		return Observed{}, err
	}
	o.collect()
	return o, e.supersede(ctx, &o)
}

// zonesFor lists the zones that the token sees: of the one account that is chosen, or of all. Where a host is in none of the
// chosen account's, all are looked through, so that it can be said whose the zone is.
func (e *Engine) zonesFor(ctx context.Context, configs []Config) ([]Zone, error) {
	account := configs[0].Account
	if slices.ContainsFunc(configs, func(c Config) bool { return c.Account != account }) {
		account = ""
	}
	zones, err := e.Zones(ctx, account)
	if err != nil || account == "" {
		return zones, err
	}
	anyHost := func(zones []Zone, test func(error) bool) bool {
		find := newLocator(zones)
		return slices.ContainsFunc(configs, func(c Config) bool {
			return slices.ContainsFunc(c.Domains, func(host string) bool { _, err := find.zoneOf(host, account); return test(err) })
		})
	}
	if !anyHost(zones, func(err error) bool { return err != nil }) {
		return zones, nil
	}
	all, err := e.Zones(ctx, "")
	switch {
	case err != nil:
		return nil, err
	case anyHost(all, func(err error) bool { return CodeOf(err) == CodeZoneElsewhere }):
		return all, nil
	case len(zones) == 0:
		return nil, newError(CodeAccountEmpty, "account", account)
	}
	return zones, nil
}

// collect keeps what stands at our addresses or in our way, and settles whose it is.
func (o *Observed) collect() {
	o.Zones = map[string]ZoneLoad{}
	for i := range o.Relays {
		o.Relays[i].Script = Object{Address: o.Relays[i].scriptAddress()}
		if script := o.found.scripts[o.Relays[i].scriptAddress()]; script != nil {
			here := *script
			if here.Owned {
				o.Relays[i].Script = here
			} else {
				here.Clash = ClashSame
			}
			o.Objects = append(o.Objects, here)
		}
	}
	zones := zonesOf(o.Sites())
	for _, zone := range zones {
		o.collectZone(zone)
	}
	for _, zone := range o.found.zones {
		if !slices.ContainsFunc(zones, func(z Zone) bool { return z.ID == zone.ID }) {
			for _, route := range o.found.routes[zone.ID] {
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
}

// collectZone goes through what one zone holds.
func (o *Observed) collectZone(zone Zone) {
	hosts := map[string]bool{}
	for _, site := range o.Sites() {
		if site.Zone.ID == zone.ID {
			hosts[site.Host] = true
		}
	}
	domains := map[string]bool{}
	for _, domain := range o.found.domains[zone.Account] {
		if hosts[domain.Address.Name] {
			domains[domain.Address.Name] = true
			domain.Clash = ClashDomain
			o.Objects = append(o.Objects, domain)
		}
	}
	marked := o.collectRecords(zone, hosts, domains)
	o.collectRoutes(zone, hosts, marked)
	o.Zones[zone.ID] = ZoneLoad{Zone: zone, Records: o.found.records[zone.ID].Total, Routes: len(o.found.routes[zone.ID])}
}

// collectRecords keeps the records of our hosts, and tells which hosts have one with our mark. A record that a custom domain
// brings with it goes when the domain goes, and cannot be changed by itself.
func (o *Observed) collectRecords(zone Zone, hosts, domains map[string]bool) (marked map[string]bool) {
	marked = map[string]bool{}
	for _, record := range o.found.records[zone.ID].Found {
		host := record.Address.Name
		if !hosts[host] || !isAddressRecord(record) || domains[host] && isDomainsRecord(record) {
			continue
		}
		if record.Owned {
			marked[host] = true
		} else {
			record.Clash = ClashSame
		}
		o.Objects = append(o.Objects, record)
	}
	return marked
}

// collectRoutes keeps the routes at our addresses, whoever made them, and those of others that meet ours. A route of ours
// leads to a Worker of ours; one that was led elsewhere since is known by the record beside it, which bears our mark.
func (o *Observed) collectRoutes(zone Zone, hosts, marked map[string]bool) {
	routes := o.found.routes[zone.ID]
	standing := map[string]bool{}
	for _, route := range routes {
		if host := hostOfPattern(route.Address.Name); hosts[host] && route.Address.Name == RoutePattern(host) {
			standing[host] = o.found.ours(zone.Account, route.Attrs[AttrScript])
		}
	}
	for _, route := range routes {
		route.Owned = o.found.ours(zone.Account, route.Attrs[AttrScript])
		host := hostOfPattern(route.Address.Name)
		isOurAddress := hosts[host] && route.Address.Name == RoutePattern(host)
		switch {
		case isOurAddress:
			if route.Edited = !route.Owned && marked[host]; !route.Owned && !route.Edited {
				route.Clash = ClashSame
			}
			o.Objects = append(o.Objects, route)
			continue
		case route.Owned:
		case hosts[host]:
			route.Clash = ClashWins
			o.Objects = append(o.Objects, route)
			continue
		case strings.HasPrefix(host, "*"):
			// Where our route stands already it takes nothing more from the wider one.
			if at := newlyCovered(hosts, standing, route.Address.Name); len(at) > 0 {
				route.Clash, route.At = ClashShadowed, at
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
		if !standing[host] && isWider(pattern, host) {
			covered = append(covered, host)
		}
	}
	slices.Sort(covered)
	return covered
}

func (o *Observed) addDependent(zone Zone, route Object) {
	for i := range o.Relays {
		r := &o.Relays[i]
		if r.Account == zone.Account && r.Worker == route.Attrs[AttrScript] {
			r.Dependents = append(r.Dependents, route.Address.Name)
			slices.Sort(r.Dependents)
		}
	}
}

// isAddressRecord picks the records that decide where a name leads, or that cannot stand beside ours; TXT, MX and the
// like are no concern of a relay.
func isAddressRecord(record Object) bool {
	return slices.Contains([]string{"A", "AAAA", "CNAME"}, record.Attrs[AttrType])
}

// isDomainsRecord tells the record that Cloudflare makes for a custom domain.
// https://developers.cloudflare.com/workers/configuration/routing/custom-domains/
func isDomainsRecord(record Object) bool {
	return record.Attrs[AttrType] == "AAAA" && record.Attrs[AttrContent] == "100::"
}

// supersede adds the Workers of ours that served the sites and will not do so any more, unless other routes need them.
func (e *Engine) supersede(ctx context.Context, o *Observed) error {
	inUse := map[Address]bool{}
	for _, relay := range o.Relays {
		inUse[relay.scriptAddress()] = true
	}
	for _, relay := range o.Relays {
		for _, name := range append(o.found.workersInService(relay), relay.expectedName()) {
			address := scriptAddress(relay.Account, name)
			script := o.found.scripts[address]
			if script == nil || !script.Owned || inUse[address] {
				continue
			}
			inUse[address] = true
			others, err := e.routesTo(ctx, o.found, *script, o.Sites())
			if err != nil {
				return err
			}
			if len(others) == 0 {
				o.Objects = append(o.Objects, *script)
			}
		}
	}
	return nil
}

// FindDependents looks through every zone that the token sees for routes of other hosts that lead to the relays' Workers, and for
// custom domains that do. Removing a script while such a route stands would break that host and open its record to the address
// behind it. A zone that a Worker is known to serve and that the token does not see counts as well, as "zone:ID".
func (e *Engine) FindDependents(ctx context.Context, o *Observed) error {
	for i := range o.Relays {
		var err error
		if o.Relays[i].Dependents, err = e.routesTo(ctx, o.found, o.Relays[i].Script, o.Sites()); err != nil {
			return err
		}
	}
	return nil
}

// zonesServed gives the ids of the zones for which a Worker of ours was deployed.
func zonesServed(script Object) []string { return strings.Fields(script.Attrs[AttrZones]) }
