package provision

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// survey is what was read of accounts so far, each place once.
type survey struct {
	zones   []Zone
	scripts map[Address]*Object // nil for one that is not there
	routes  map[string][]Object // by zone
	records map[string]RecordList
	domains map[string][]Object // by account
}

func newSurvey(zones []Zone) *survey {
	return &survey{
		zones: zones, scripts: map[Address]*Object{}, routes: map[string][]Object{},
		records: map[string]RecordList{}, domains: map[string][]Object{},
	}
}

func scriptAddress(account, name string) Address { return Address{KindScript, account, name} }

// readRelays reads all that stands at the addresses of relays at once: their scripts under the names that are expected, and
// what their zones and accounts hold.
func (e *Engine) readRelays(ctx context.Context, found *survey, relays []Relay) error {
	var names []Address
	var sites []Site
	var accounts []string
	for i := range relays {
		r := &relays[i]
		names = append(names, scriptAddress(r.Account, r.expectedName()))
		accounts = append(accounts, r.Account)
		sites = append(sites, r.Sites...)
	}
	slices.Sort(accounts)
	accounts = slices.Compact(accounts)
	zones := zonesOf(sites)
	var scripts []*Object
	var routes, domains [][]Object
	var records []RecordList
	err := allOf(
		func() (err error) {
			if scripts, err = inEach(ctx, names, e.script); err == nil {
				err = e.checkRegions(ctx, relays, scripts)
			}
			return err
		},
		func() (err error) { routes, err = inEach(ctx, zones, e.zoneRoutes); return err },
		func() (err error) { records, err = e.records(ctx, zones, sites); return err },
		func() (err error) { domains, err = inEach(ctx, accounts, e.domains); return err },
	)
	if err != nil {
		return err
	}
	for i, name := range names {
		found.scripts[name] = scripts[i]
	}
	for i, zone := range zones {
		found.routes[zone.ID], found.records[zone.ID] = routes[i], records[i]
	}
	for i, account := range accounts {
		found.domains[account] = domains[i]
	}
	return nil
}

// expectedName is where a relay's Worker is looked for first.
func (r Relay) expectedName() string {
	if r.Config.Worker != "" {
		return r.Config.Worker
	}
	return WorkerName(r.Sites[0].Host)
}

// readInService reads the other Workers that serve the relays' hosts: one more round trip, and only where there are any.
func (e *Engine) readInService(ctx context.Context, found *survey, relays []Relay) error {
	var names []Address
	for _, r := range relays {
		for _, name := range found.workersInService(r) {
			names = append(names, scriptAddress(r.Account, name))
		}
	}
	return e.readScripts(ctx, found, names)
}

// readNamed reads the Workers of which the names fell to relays because others hold those that were expected.
func (e *Engine) readNamed(ctx context.Context, found *survey, relays []Relay) error {
	var names []Address
	for _, r := range relays {
		names = append(names, r.scriptAddress())
	}
	return e.readScripts(ctx, found, names)
}

// readScripts reads those of the named Workers that were not read yet.
func (e *Engine) readScripts(ctx context.Context, found *survey, names []Address) error {
	var unread []Address
	for _, name := range names {
		if _, read := found.scripts[name]; !read && !slices.Contains(unread, name) {
			unread = append(unread, name)
		}
	}
	scripts, err := inEach(ctx, unread, e.script)
	for i := range scripts {
		found.scripts[unread[i]] = scripts[i]
	}
	return err
}

// workersInService names the scripts that a relay's own routes lead to, and those that our records name, each once and those
// of the first host first.
func (s *survey) workersInService(r Relay) []string {
	var here []Object
	for _, zone := range zonesOf(r.Sites) {
		here = append(append(here, s.routes[zone.ID]...), s.records[zone.ID].Found...)
	}
	at := byAddress(here)
	var names []string
	for _, site := range r.Sites {
		for _, route := range at[routeAddress(site)] {
			names = append(names, route.Attrs[AttrScript])
		}
		for _, record := range at[recordAddress(site)] {
			names = append(names, workerOfComment(record.Attrs[AttrComment]))
		}
	}
	return unique(names)
}

// unique drops empty names and those that came before.
func unique(names []string) []string {
	seen := map[string]bool{"": true}
	return slices.DeleteFunc(names, func(name string) bool {
		was := seen[name]
		seen[name] = true
		return was
	})
}

// ours tells whether routes that lead to a script are ours: it bears our tag, or it is not there, so that it cannot be
// anybody else's.
func (s *survey) ours(account, name string) bool {
	script, read := s.scripts[scriptAddress(account, name)]
	return read && (script == nil || script.Owned)
}

// routesTo gives the patterns of all routes that lead to a Worker, but for those of the given sites, the custom domains that do, and
// the zones that it is known to serve and that the token does not see, as "zone:ID".
func (e *Engine) routesTo(ctx context.Context, found *survey, script Object, sites []Site) ([]string, error) {
	var patterns []string
	account := script.Address.Parent
	for _, id := range zonesServed(script) {
		if !slices.ContainsFunc(found.zones, func(z Zone) bool { return z.ID == id }) {
			patterns = append(patterns, "zone:"+id)
		}
	}
	if script.ID == "" {
		return patterns, nil // nothing can lead to it that it would break
	}
	if err := e.readRoutes(ctx, found, func(z Zone) bool { return z.Account == account }); err != nil {
		return nil, err
	}
	for _, domain := range found.domains[account] {
		if domain.Attrs[AttrScript] == script.Address.Name {
			patterns = append(patterns, domain.Address.Name)
		}
	}
	isSite := map[Address]bool{}
	for _, site := range sites {
		isSite[routeAddress(site)] = true
	}
	for _, zone := range found.zones {
		if zone.Account != account {
			continue
		}
		for _, route := range found.routes[zone.ID] {
			if route.Attrs[AttrScript] == script.Address.Name && !isSite[route.Address] {
				patterns = append(patterns, route.Address.Name)
			}
		}
	}
	slices.Sort(patterns)
	return patterns, nil
}

// readRoutes reads the routes of those zones that are meant and were not read yet.
func (e *Engine) readRoutes(ctx context.Context, found *survey, isMeant func(Zone) bool) error {
	var zones []Zone
	for _, zone := range found.zones {
		if _, read := found.routes[zone.ID]; !read && isMeant(zone) {
			zones = append(zones, zone)
		}
	}
	routes, err := inEach(ctx, zones, e.zoneRoutes)
	for i := range routes {
		found.routes[zones[i].ID] = routes[i]
	}
	return err
}

// readServed reads the routes of zones that the relays' Workers are known to serve and in which they have no host now: what
// changes about a Worker changes there as well. One more round trip, and only where there are any.
func (e *Engine) readServed(ctx context.Context, found *survey, relays []Relay) error {
	served := map[string]bool{}
	for _, r := range relays {
		if script := found.scripts[r.scriptAddress()]; script != nil && script.Owned {
			for _, id := range zonesServed(*script) {
				served[id] = true
			}
		}
	}
	err := e.readRoutes(ctx, found, func(z Zone) bool { return served[z.ID] })
	if CodeOf(err) == CodePermission {
		return nil // nothing is to change there
	}
	return err
}

// inEach reads from every place at once, a bounded number of them together, and gives what comes back in their order. A token
// that lacks several permissions is told of all of them, so every place is asked.
func inEach[P, T any](ctx context.Context, places []P, read func(context.Context, P) (T, error)) ([]T, error) {
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
		return nil, firstOf(errs)
	}
	return found, nil
}

// allOf runs the reads side by side to their end and gives the first error in their order, whichever came first in time.
func allOf(reads ...func() error) error {
	errs := make([]error, len(reads))
	var group errgroup.Group
	for i, read := range reads {
		group.Go(func() error { errs[i] = read(); return nil })
	}
	_ = group.Wait()
	return firstOf(errs)
}

// firstOf gives the first error, or one that names every permission that is missing.
func firstOf(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 0 {
		return nil
	}
	var missing []string
	for _, err := range errs {
		if e := (*Error)(nil); errors.As(err, &e) && e.Code == CodePermission {
			missing = append(missing, strings.Split(e.Details["permission"], ",")...)
		}
	}
	if missing = unique(missing); len(missing) < 2 {
		return errs[0]
	}
	return newError(CodePermission, "permission", strings.Join(missing, ","))
}
