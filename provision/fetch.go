package provision

import (
	"context"
	"slices"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// fetchSnapshot reads what the accounts have at the addresses of relays, and sets the names of the relays' Workers.
func (op *operation) fetchSnapshot(ctx context.Context, relays []plan.Relay, zones []plan.Zone) (*plan.Snapshot, error) {
	found := plan.NewSnapshot(zones)
	if err := op.fetchAll(ctx, found, relays); err != nil {
		return nil, err
	}
	if err := op.fetchServingWorkers(ctx, found, relays); err != nil {
		return nil, err
	}
	plan.AssignWorkerNames(relays, found)
	if err := op.fetchRenamed(ctx, found, relays); err != nil {
		return nil, err
	}
	return found, op.fetchOtherZones(ctx, found, relays)
}

// fetchAll reads in parallel all that can be read without further knowledge: the scripts that have the expected names,
// and the routes, records and custom domains of all zones and accounts.
func (op *operation) fetchAll(ctx context.Context, found *plan.Snapshot, relays []plan.Relay) error {
	var names []plan.Address
	var sites []plan.Site
	var accounts []string
	for i := range relays {
		r := &relays[i]
		names = append(names, plan.ScriptAddress(r.Account, r.ExpectedWorker()))
		accounts = append(accounts, r.Account)
		sites = append(sites, r.Sites...)
	}
	slices.Sort(accounts)
	accounts = slices.Compact(accounts)
	zones := plan.ZonesOf(sites)
	var scripts []*plan.Object
	var routes, domains [][]plan.Object
	var records []plan.RecordList
	err := runAll(
		func() (err error) {
			if scripts, err = parallelMap(ctx, names, op.script); err == nil {
				err = op.checkRegions(ctx, relays, scripts)
			}
			return err
		},
		func() (err error) { routes, err = parallelMap(ctx, zones, op.zoneRoutes); return err },
		func() (err error) { records, err = op.records(ctx, zones, sites); return err },
		func() (err error) { domains, err = parallelMap(ctx, accounts, op.domains); return err },
	)
	if err != nil {
		return err
	}
	for i, name := range names {
		found.Scripts[name] = scripts[i]
	}
	for i, zone := range zones {
		found.Routes[zone.ID], found.Records[zone.ID] = routes[i], records[i]
	}
	for i, account := range accounts {
		found.Domains[account] = domains[i]
	}
	return nil
}

// fetchServingWorkers reads other Workers that serve the relays' hosts. This is one more round trip, if there are any.
func (op *operation) fetchServingWorkers(ctx context.Context, found *plan.Snapshot, relays []plan.Relay) error {
	var names []plan.Address
	for _, r := range relays {
		for _, name := range found.ServingWorkers(r) {
			names = append(names, plan.ScriptAddress(r.Account, name))
		}
	}
	return op.fetchScripts(ctx, found, names)
}

// fetchRenamed reads the Workers that relays were assigned because their expected ones are used by other relays.
func (op *operation) fetchRenamed(ctx context.Context, found *plan.Snapshot, relays []plan.Relay) error {
	var names []plan.Address
	for _, r := range relays {
		names = append(names, r.ScriptAddress())
	}
	return op.fetchScripts(ctx, found, names)
}

// fetchScripts reads the Workers at addresses that are not in the snapshot yet.
func (op *operation) fetchScripts(ctx context.Context, found *plan.Snapshot, addresses []plan.Address) error {
	var unread []plan.Address
	for _, address := range addresses {
		if _, isRead := found.Scripts[address]; !isRead && !slices.Contains(unread, address) {
			unread = append(unread, address)
		}
	}
	scripts, err := parallelMap(ctx, unread, op.script)
	for i := range scripts {
		found.Scripts[unread[i]] = scripts[i]
	}
	return err
}

// dependentsOf returns, sorted, what else uses a Worker: the patterns of its routes except those of sites, its custom
// domains, and, as "zone:ID", the zones that it serves and that the token cannot read.
func (op *operation) dependentsOf(ctx context.Context, found *plan.Snapshot, script plan.Object, sites []plan.Site) ([]string, error) {
	var dependents []string
	account := script.Address.Parent
	for _, id := range plan.ZonesServed(script) {
		if !slices.ContainsFunc(found.Zones, func(z plan.Zone) bool { return z.ID == id }) {
			dependents = append(dependents, "zone:"+id)
		}
	}
	if script.ID == "" {
		return dependents, nil // there is no Worker
	}
	if err := op.fetchRoutes(ctx, found, func(z plan.Zone) bool { return z.Account == account }); err != nil {
		return nil, err
	}
	for _, domain := range found.Domains[account] {
		if domain.Attrs[binding.AttrScript] == script.Address.Name {
			dependents = append(dependents, domain.Address.Name)
		}
	}
	isSite := map[plan.Address]bool{}
	for _, site := range sites {
		isSite[plan.RouteAddress(site)] = true
	}
	for _, zone := range found.Zones {
		if zone.Account != account {
			continue
		}
		for _, route := range found.Routes[zone.ID] {
			if route.Attrs[binding.AttrScript] == script.Address.Name && !isSite[route.Address] {
				dependents = append(dependents, route.Address.Name)
			}
		}
	}
	slices.Sort(dependents)
	return dependents, nil
}

// fetchRoutes reads the routes of the zones for which include returns true and that are not in the snapshot yet.
func (op *operation) fetchRoutes(ctx context.Context, found *plan.Snapshot, include func(plan.Zone) bool) error {
	var zones []plan.Zone
	for _, zone := range found.Zones {
		if _, isRead := found.Routes[zone.ID]; !isRead && include(zone) {
			zones = append(zones, zone)
		}
	}
	routes, err := parallelMap(ctx, zones, op.zoneRoutes)
	for i := range routes {
		found.Routes[zones[i].ID] = routes[i]
	}
	return err
}

// fetchOtherZones reads the routes of zones that the relays' Workers also serve, according to their settings: a change
// of the Worker affects these hosts too. This is one more round trip, if there are any.
func (op *operation) fetchOtherZones(ctx context.Context, found *plan.Snapshot, relays []plan.Relay) error {
	served := map[string]bool{}
	for _, r := range relays {
		if script := found.Scripts[r.ScriptAddress()]; script != nil && script.Owned {
			for _, id := range plan.ZonesServed(*script) {
				served[id] = true
			}
		}
	}
	err := op.fetchRoutes(ctx, found, func(z plan.Zone) bool { return served[z.ID] })
	if errcode.Of(err) == errcode.PermissionMissing {
		return nil // nothing is going to change there
	}
	return err
}
