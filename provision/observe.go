package provision

import (
	"context"
	"slices"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// Observe finds the zone of every host and reads what stands there. Two round trips deep: the zones, then everything
// else at once; a third only where an existing route or record leads to a Worker that we did not expect, or where one serves other
// zones as well. A single host that cannot be served is an error, one of several a Refusal.
func (e *Engine) Observe(ctx context.Context, configs []plan.Config, observe func(Event)) (plan.Observed, error) {
	o, _, err := e.session(observe).observe(ctx, configs)
	return o, err
}

// observe also returns the snapshot that the result was made of, for findDependents.
func (s *session) observe(ctx context.Context, configs []plan.Config) (plan.Observed, *plan.Snapshot, error) {
	s.emit(Event{Type: EventObserve})
	zones, err := s.zonesFor(ctx, configs)
	if err != nil {
		return plan.Observed{}, nil, err
	}
	relays, skipped, err := plan.GroupRelays(configs, zones)
	if err == nil && len(relays) == 0 {
		err = plan.JoinHostErrors(skipped)
	}
	if err != nil {
		return plan.Observed{}, nil, err
	}
	found, err := s.fetchSnapshot(ctx, relays, zones)
	if err != nil {
		return plan.Observed{}, nil, err
	}
	o := plan.NewObserved(relays, skipped, found)
	return o, found, s.addSuperseded(ctx, &o, found)
}

// zonesFor lists the zones that the token sees: of the one account that is chosen, or of all. Where a host is in none of the
// chosen account's, all are looked through, so that it can be said whose the zone is.
func (s *session) zonesFor(ctx context.Context, configs []plan.Config) ([]plan.Zone, error) {
	account := configs[0].Account
	if slices.ContainsFunc(configs, func(c plan.Config) bool { return c.Account != account }) {
		account = ""
	}
	zones, err := s.zones(ctx, account)
	if err != nil || account == "" {
		return zones, err
	}
	anyHost := func(zones []plan.Zone, test func(error) bool) bool {
		find := plan.NewZoneIndex(zones)
		return slices.ContainsFunc(configs, func(c plan.Config) bool {
			return slices.ContainsFunc(c.Domains, func(host string) bool { _, err := find.Lookup(host, account); return test(err) })
		})
	}
	if !anyHost(zones, func(err error) bool { return err != nil }) {
		return zones, nil
	}
	all, err := s.zones(ctx, "")
	switch {
	case err != nil:
		return nil, err
	case anyHost(all, func(err error) bool { return errcode.Of(err) == errcode.ZoneElsewhere }):
		return all, nil
	case len(zones) == 0:
		return nil, errcode.New(errcode.AccountEmpty, "account", account)
	}
	return zones, nil
}

// addSuperseded adds the Workers of ours that served the sites and will not do so any more, unless other routes need them.
func (s *session) addSuperseded(ctx context.Context, o *plan.Observed, found *plan.Snapshot) error {
	inUse := map[plan.Address]bool{}
	for _, relay := range o.Relays {
		inUse[relay.ScriptAddress()] = true
	}
	for _, relay := range o.Relays {
		for _, name := range append(found.ServingWorkers(relay), relay.ExpectedWorker()) {
			address := plan.ScriptAddress(relay.Account, name)
			script := found.Scripts[address]
			if script == nil || !script.Owned || inUse[address] {
				continue
			}
			inUse[address] = true
			others, err := s.routesTo(ctx, found, *script, o.Sites())
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

// findDependents looks through every zone that the token sees for routes of other hosts that lead to the relays' Workers, and for
// custom domains that do. Removing a script while such a route stands would break that host and open its record to the address
// behind it. A zone that a Worker is known to serve and that the token does not see counts as well, as "zone:ID".
func (s *session) findDependents(ctx context.Context, o *plan.Observed, found *plan.Snapshot) error {
	for i := range o.Relays {
		var err error
		if o.Relays[i].Dependents, err = s.routesTo(ctx, found, o.Relays[i].Script, o.Sites()); err != nil {
			return err
		}
	}
	return nil
}
