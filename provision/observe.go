package provision

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Observed is what the account holds at the addresses of a relay.
type Observed struct {
	Sites   []Site
	Account string
	// Worker is the name of the script that serves the sites, or will.
	Worker string
	// Objects stand at our addresses, whoever made them.
	Objects []Object
	// Dependents are the patterns of other routes that lead to Worker, as far as the zones of the sites show.
	Dependents []string
	// RegionUnchecked says that a region was chosen and that the account's list of regions could not be had.
	RegionUnchecked bool
}

func (o Observed) scriptAddress() Address {
	return Address{Kind: KindScript, Parent: o.Account, Name: o.Worker}
}

func routeAddress(s Site) Address {
	return Address{Kind: KindRoute, Parent: s.Zone.ID, Name: RoutePattern(s.Host)}
}

func recordAddress(s Site) Address {
	return Address{Kind: KindRecord, Parent: s.Zone.ID, Name: s.Host}
}

// Observe finds the zone of every host and reads what stands there. Two round trips deep: the zones, then everything
// else at once; a third only where an existing route leads to a Worker that we did not expect.
func (e *Engine) Observe(ctx context.Context, c Config) (Observed, error) {
	zones, err := e.Zones(ctx, c.Account)
	if err != nil {
		return Observed{}, err
	}
	if len(zones) == 0 && c.Account != "" {
		return Observed{}, newError(CodeAccountEmpty, "account", c.Account)
	}
	sites, err := locate(c.Domains, zones)
	if err != nil {
		return Observed{}, err
	}
	o := Observed{Sites: sites, Account: sites[0].Zone.Account, Worker: c.Worker}
	if o.Worker == "" {
		o.Worker = WorkerName(sites[0].Host)
	}
	return e.read(ctx, o, c)
}

// read fills in the objects. Where the owner chose the Worker's name, no other is used.
func (e *Engine) read(ctx context.Context, o Observed, c Config) (Observed, error) {
	named := c.Worker != ""
	var script *Object
	var routes, records []Object
	err := allOf(
		func() (err error) {
			if script, err = e.script(ctx, o.Account, o.Worker); err == nil {
				o.RegionUnchecked, err = e.checkRegion(ctx, o.Account, c.Region, script)
			}
			return err
		},
		func() (err error) { routes, err = e.routes(ctx, zonesOf(o.Sites)); return err },
		func() (err error) { records, err = e.records(ctx, o.Sites); return err },
	)
	if err != nil {
		return Observed{}, err
	}
	scripts := map[string]*Object{o.Worker: script}
	for _, name := range o.workersInService(routes, records) {
		if _, read := scripts[name]; read {
			continue
		}
		if scripts[name], err = e.script(ctx, o.Account, name); err != nil {
			return Observed{}, err
		}
		// The first of ours that serves the sites is the one, unless its owner says otherwise.
		if found := scripts[name]; !named && found != nil && found.Owned {
			o.Worker, named = name, true
		}
	}
	o.collect(scripts, routes, records)
	return o, e.supersede(ctx, &o, scripts)
}

// workersInService names the scripts that the sites' own routes lead to, and those that our records name, each once and
// those of the first site first.
func (o Observed) workersInService(routes, records []Object) []string {
	var names []string
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, site := range o.Sites {
		for _, route := range routes {
			if route.Address == routeAddress(site) {
				add(route.Attrs[AttrScript])
			}
		}
		for _, record := range records {
			if record.Address == recordAddress(site) {
				add(workerOfComment(record.Attrs[AttrComment]))
			}
		}
	}
	return names
}

// supersede adds the Workers of ours that served the sites and will not do so any more, unless other routes need them.
func (e *Engine) supersede(ctx context.Context, o *Observed, scripts map[string]*Object) error {
	for _, name := range slices.Sorted(maps.Keys(scripts)) {
		script := scripts[name]
		if name == o.Worker || script == nil || !script.Owned {
			continue
		}
		others, err := e.routesTo(ctx, *o, *script)
		if err != nil {
			return err
		}
		if len(others) == 0 {
			o.Objects = append(o.Objects, *script)
		}
	}
	return nil
}

// allOf runs the reads side by side to their end and gives the first error in their order, whichever came first in time.
// A token that lacks several permissions is told of all of them at once.
func allOf(reads ...func() error) error {
	errs := make([]error, len(reads))
	var group sync.WaitGroup
	for i, read := range reads {
		group.Go(func() { errs[i] = read() })
	}
	group.Wait()
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 0 {
		return nil
	}
	return withAllPermissions(errs)
}

func withAllPermissions(errs []error) error {
	var missing []string
	for _, err := range errs {
		if e := (*Error)(nil); errors.As(err, &e) && e.Code == CodePermission {
			missing = append(missing, e.Details["permission"])
		}
	}
	if len(missing) < 2 {
		return errs[0]
	}
	return newError(CodePermission, "permission", strings.Join(missing, ","))
}

// collect keeps what stands at our addresses and settles whose it is: a route is ours if it leads to a Worker of ours, and
// a Worker that is not there cannot be anybody else's.
func (o *Observed) collect(scripts map[string]*Object, routes, records []Object) {
	if script := scripts[o.Worker]; script != nil {
		o.Objects = append(o.Objects, *script)
	}
	ours := func(name string) bool {
		script, read := scripts[name]
		return read && (script == nil || script.Owned)
	}
	at := map[Address]bool{}
	for _, site := range o.Sites {
		at[routeAddress(site)], at[recordAddress(site)] = true, true
	}
	for _, route := range routes {
		leadsToUs := ours(route.Attrs[AttrScript])
		switch {
		case at[route.Address] || !leadsToUs && o.shadows(route):
			route.Owned = leadsToUs
			o.Objects = append(o.Objects, route)
		case route.Attrs[AttrScript] == o.Worker && leadsToUs:
			o.Dependents = append(o.Dependents, route.Address.Name)
		}
	}
	for _, record := range records {
		if at[record.Address] && isAddressRecord(record) {
			record.Owned = OwnsComment(record.Attrs[AttrComment])
			o.Objects = append(o.Objects, record)
		}
	}
	slices.SortStableFunc(o.Objects, func(a, b Object) int {
		if a.Address.Kind != b.Address.Kind {
			return int(a.Address.Kind - b.Address.Kind)
		}
		return strings.Compare(a.Address.Name+" "+a.ID, b.Address.Name+" "+b.ID)
	})
	slices.Sort(o.Dependents)
}

// shadows tells a route that takes some of a site's paths away, since the more specific pattern wins. One without a Worker
// would even send callers' keys to the address behind the record.
// https://developers.cloudflare.com/workers/configuration/routing/routes/#matching-behavior
func (o Observed) shadows(route Object) bool {
	return slices.ContainsFunc(o.Sites, func(site Site) bool {
		return site.Zone.ID == route.Address.Parent && hostOfPattern(route.Address.Name) == site.Host
	})
}

// isAddressRecord picks the records that decide where a name leads, or that cannot stand beside ours; TXT, MX and the
// like are no concern of a relay.
func isAddressRecord(record Object) bool {
	return slices.Contains([]string{"A", "AAAA", "CNAME"}, record.Attrs[AttrType])
}

// Standing gives what our Worker was deployed with, as far as it can be read back; zero values where there is none.
func (o Observed) Standing() Config {
	script := o.script()
	return Config{
		Providers: parseProviders(script.Attrs[AttrProviders]),
		Region:    script.Attrs[AttrRegion],
		Settings:  parseSettings(script.Attrs),
		Tokens:    script.Tokens,
	}
}

// Stands tells whether a Worker of ours is there.
func (o Observed) Stands() bool { return o.script().ID != "" }

// AllDependents looks through every zone that the token sees for routes of other hosts that lead to the Worker. Removing
// a script while such a route stands would break that host and open its record to the address behind it. A zone that the
// Worker is known to serve and that the token does not see counts as well, as "zone:ID".
func (e *Engine) AllDependents(ctx context.Context, o Observed) ([]string, error) {
	return e.routesTo(ctx, o, o.script())
}

// script gives our Worker as it stands, or a bare address where there is none of ours.
func (o Observed) script() Object {
	for _, object := range o.Objects {
		if object.Owned && object.Address == o.scriptAddress() {
			return object
		}
	}
	return Object{Address: o.scriptAddress()}
}

// zonesServed gives the ids of the zones for which a Worker of ours was deployed.
func zonesServed(script Object) []string { return strings.Fields(script.Attrs[AttrZones]) }

// routesTo gives the patterns of all routes that lead to a Worker, the sites' own apart, and the zones that it is known to
// serve and that the token does not see.
func (e *Engine) routesTo(ctx context.Context, o Observed, script Object) ([]string, error) {
	zones, err := e.Zones(ctx, o.Account)
	if err != nil {
		return nil, err
	}
	var patterns []string
	for _, id := range zonesServed(script) {
		if !slices.ContainsFunc(zones, func(z Zone) bool { return z.ID == id }) {
			patterns = append(patterns, "zone:"+id)
		}
	}
	routes, err := e.routes(ctx, slices.DeleteFunc(zones, func(z Zone) bool { return z.Account != o.Account }))
	if err != nil {
		return nil, err
	}
	for _, route := range routes {
		isSite := slices.ContainsFunc(o.Sites, func(site Site) bool { return routeAddress(site) == route.Address })
		if route.Attrs[AttrScript] == script.Address.Name && !isSite {
			patterns = append(patterns, route.Address.Name)
		}
	}
	slices.Sort(patterns)
	return patterns, nil
}
