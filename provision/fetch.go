package provision

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"golang.org/x/sync/errgroup"
)

// fetchSnapshot reads what the accounts hold at the addresses of relays, and gives the relays the names of their Workers.
func (s *session) fetchSnapshot(ctx context.Context, relays []plan.Relay, zones []plan.Zone) (*plan.Snapshot, error) {
	found := plan.NewSnapshot(zones)
	if err := s.fetchAll(ctx, found, relays); err != nil {
		return nil, err
	}
	if err := s.fetchServingWorkers(ctx, found, relays); err != nil {
		return nil, err
	}
	plan.AssignWorkerNames(relays, found)
	if err := s.fetchRenamed(ctx, found, relays); err != nil {
		return nil, err
	}
	return found, s.fetchOtherZones(ctx, found, relays)
}

// fetchAll reads all that stands at the addresses of relays at once: their scripts under the names that are expected, and
// what their zones and accounts hold.
func (s *session) fetchAll(ctx context.Context, found *plan.Snapshot, relays []plan.Relay) error {
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
			if scripts, err = parallelMap(ctx, names, s.script); err == nil {
				err = s.checkRegions(ctx, relays, scripts)
			}
			return err
		},
		func() (err error) { routes, err = parallelMap(ctx, zones, s.zoneRoutes); return err },
		func() (err error) { records, err = s.records(ctx, zones, sites); return err },
		func() (err error) { domains, err = parallelMap(ctx, accounts, s.domains); return err },
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

// fetchServingWorkers reads the other Workers that serve the relays' hosts: one more round trip, and only where there are any.
func (s *session) fetchServingWorkers(ctx context.Context, found *plan.Snapshot, relays []plan.Relay) error {
	var names []plan.Address
	for _, r := range relays {
		for _, name := range found.ServingWorkers(r) {
			names = append(names, plan.ScriptAddress(r.Account, name))
		}
	}
	return s.fetchScripts(ctx, found, names)
}

// fetchRenamed reads the Workers of which the names fell to relays because others hold those that were expected.
func (s *session) fetchRenamed(ctx context.Context, found *plan.Snapshot, relays []plan.Relay) error {
	var names []plan.Address
	for _, r := range relays {
		names = append(names, r.ScriptAddress())
	}
	return s.fetchScripts(ctx, found, names)
}

// fetchScripts reads those of the named Workers that were not read yet.
func (s *session) fetchScripts(ctx context.Context, found *plan.Snapshot, names []plan.Address) error {
	var unread []plan.Address
	for _, name := range names {
		if _, read := found.Scripts[name]; !read && !slices.Contains(unread, name) {
			unread = append(unread, name)
		}
	}
	scripts, err := parallelMap(ctx, unread, s.script)
	for i := range scripts {
		found.Scripts[unread[i]] = scripts[i]
	}
	return err
}

// routesTo gives the patterns of all routes that lead to a Worker, but for those of the given sites, the custom domains that do, and
// the zones that it is known to serve and that the token does not see, as "zone:ID".
func (s *session) routesTo(ctx context.Context, found *plan.Snapshot, script plan.Object, sites []plan.Site) ([]string, error) {
	var patterns []string
	account := script.Address.Parent
	for _, id := range plan.ZonesServed(script) {
		if !slices.ContainsFunc(found.Zones, func(z plan.Zone) bool { return z.ID == id }) {
			patterns = append(patterns, "zone:"+id)
		}
	}
	if script.ID == "" {
		return patterns, nil // nothing can lead to it that it would break
	}
	if err := s.fetchRoutes(ctx, found, func(z plan.Zone) bool { return z.Account == account }); err != nil {
		return nil, err
	}
	for _, domain := range found.Domains[account] {
		if domain.Attrs[binding.AttrScript] == script.Address.Name {
			patterns = append(patterns, domain.Address.Name)
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
				patterns = append(patterns, route.Address.Name)
			}
		}
	}
	slices.Sort(patterns)
	return patterns, nil
}

// fetchRoutes reads the routes of those zones that are meant and were not read yet.
func (s *session) fetchRoutes(ctx context.Context, found *plan.Snapshot, isMeant func(plan.Zone) bool) error {
	var zones []plan.Zone
	for _, zone := range found.Zones {
		if _, read := found.Routes[zone.ID]; !read && isMeant(zone) {
			zones = append(zones, zone)
		}
	}
	routes, err := parallelMap(ctx, zones, s.zoneRoutes)
	for i := range routes {
		found.Routes[zones[i].ID] = routes[i]
	}
	return err
}

// fetchOtherZones reads the routes of zones that the relays' Workers are known to serve and in which they have no host now: what
// changes about a Worker changes there as well. One more round trip, and only where there are any.
func (s *session) fetchOtherZones(ctx context.Context, found *plan.Snapshot, relays []plan.Relay) error {
	served := map[string]bool{}
	for _, r := range relays {
		if script := found.Scripts[r.ScriptAddress()]; script != nil && script.Owned {
			for _, id := range plan.ZonesServed(*script) {
				served[id] = true
			}
		}
	}
	err := s.fetchRoutes(ctx, found, func(z plan.Zone) bool { return served[z.ID] })
	if errcode.Of(err) == errcode.PermissionMissing {
		return nil // nothing is to change there
	}
	return err
}

// parallelMap reads from every place at once, a bounded number of them together, and gives what comes back in their order. A token
// that lacks several permissions is told of all of them, so every place is asked.
func parallelMap[P, T any](ctx context.Context, places []P, read func(context.Context, P) (T, error)) ([]T, error) {
	found, errs := make([]T, len(places)), make([]error, len(places))
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, place := range places {
		group.Go(func() error {
			found[i], errs[i] = read(ctx, place)
			return errs[i]
		})
	}
	if group.Wait() != nil {
		return nil, firstError(errs)
	}
	return found, nil
}

// runAll runs the reads side by side to their end and gives the first error in their order, whichever came first in time.
func runAll(reads ...func() error) error {
	errs := make([]error, len(reads))
	var group errgroup.Group
	for i, read := range reads {
		group.Go(func() error { errs[i] = read(); return nil })
	}
	_ = group.Wait()
	return firstError(errs)
}

// firstError gives the first error, or one that names every permission that is missing.
func firstError(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 0 {
		return nil
	}
	var missing []string
	for _, err := range errs {
		if e := (*errcode.Error)(nil); errors.As(err, &e) && e.Code == errcode.PermissionMissing {
			missing = append(missing, strings.Split(e.Details["permission"], ",")...)
		}
	}
	if missing = plan.Unique(missing); len(missing) < 2 {
		return errs[0]
	}
	return errcode.New(errcode.PermissionMissing, "permission", strings.Join(missing, ","))
}
