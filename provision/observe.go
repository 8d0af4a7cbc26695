package provision

import (
	"context"
	"errors"
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
	sites, err := locate(c.Domains, zones)
	if err != nil {
		return Observed{}, err
	}
	o := Observed{Sites: sites, Account: sites[0].Zone.Account, Worker: c.Worker}
	if o.Worker == "" {
		o.Worker = WorkerName(sites[0].Host)
	}
	return e.read(ctx, o, c.Worker != "")
}

// read fills in the objects. named says that the owner chose the Worker's name, so that no other is looked for.
func (e *Engine) read(ctx context.Context, o Observed, named bool) (Observed, error) {
	var script *Object
	var routes, records []Object
	err := allOf(
		func() (err error) { script, err = e.script(ctx, o.Account, o.Worker); return err },
		func() (err error) { routes, err = e.routes(ctx, zonesOf(o.Sites)); return err },
		func() (err error) { records, err = e.records(ctx, o.Sites); return err },
	)
	if err != nil {
		return Observed{}, err
	}
	if other := servedBy(o.Sites[0], routes); !named && other != "" && other != o.Worker {
		theirs, err := e.script(ctx, o.Account, other)
		if err != nil {
			return Observed{}, err
		}
		if theirs != nil && theirs.Owned {
			o.Worker, script = other, theirs
		}
	}
	o.collect(script, routes, records)
	return o, nil
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

// servedBy gives the script that the site's own route leads to, or "".
func servedBy(site Site, routes []Object) string {
	for _, route := range routes {
		if route.Address == routeAddress(site) {
			return route.Attrs[AttrScript]
		}
	}
	return ""
}

// collect keeps what stands at our addresses and settles whose it is: a route is ours if it leads to our Worker, and a
// Worker that is not there cannot be anybody else's.
func (o *Observed) collect(script *Object, routes, records []Object) {
	ours := script == nil || script.Owned
	if script != nil {
		o.Objects = append(o.Objects, *script)
	}
	at := map[Address]bool{}
	for _, site := range o.Sites {
		at[routeAddress(site)], at[recordAddress(site)] = true, true
	}
	for _, route := range routes {
		leadsToUs := ours && route.Attrs[AttrScript] == o.Worker
		switch {
		case at[route.Address] || !leadsToUs && o.shadows(route):
			route.Owned = leadsToUs
			o.Objects = append(o.Objects, route)
		case leadsToUs:
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
		return site.Zone.ID == route.Address.Parent && strings.HasPrefix(route.Address.Name, site.Host+"/")
	})
}

// isAddressRecord picks the records that decide where a name leads, or that cannot stand beside ours; TXT, MX and the
// like are no concern of a relay.
func isAddressRecord(record Object) bool {
	return slices.Contains([]string{"A", "AAAA", "CNAME"}, record.Attrs[AttrType])
}

// Standing gives the providers and the region with which our Worker was deployed; zero values where there is none.
func (o Observed) Standing() Config {
	var c Config
	for _, object := range o.Objects {
		if object.Owned && object.Address.Kind == KindScript {
			c.Providers = parseProviders(object.Attrs[AttrProviders])
			c.Region = object.Attrs[AttrRegion]
		}
	}
	return c
}

// AllDependents looks through every zone that the token sees for routes of other hosts that lead to the Worker. Removing
// a script while such a route stands would break that host and open its record to the address behind it.
func (e *Engine) AllDependents(ctx context.Context, o Observed) ([]string, error) {
	zones, err := e.Zones(ctx, o.Account)
	if err != nil {
		return nil, err
	}
	mine := zonesOf(o.Sites)
	others := slices.DeleteFunc(slices.Clone(zones), func(z Zone) bool {
		return z.Account != o.Account || slices.ContainsFunc(mine, func(m Zone) bool { return m.ID == z.ID })
	})
	routes, err := e.routes(ctx, others)
	if err != nil {
		return nil, err
	}
	dependents := slices.Clone(o.Dependents)
	for _, route := range routes {
		if route.Attrs[AttrScript] == o.Worker {
			dependents = append(dependents, route.Address.Name)
		}
	}
	slices.Sort(dependents)
	return dependents, nil
}
