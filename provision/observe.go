package provision

import (
	"context"
	"slices"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// Observe finds the zone of every host and reads what exists at its addresses. It usually takes two round trips: one
// for the zones, one for everything else. There is a third if an existing route or record points to an unexpected
// Worker, or if a Worker also serves other zones.
//
// A host that cannot be served is in Observed.Skipped. If there is no other host, it is the error.
func (e *Engine) Observe(ctx context.Context, configs []plan.Config, onEvent func(Event)) (plan.Observed, error) {
	o, _, err := e.begin(onEvent).observe(ctx, configs)
	return o, err
}

// observe also returns the snapshot, for findDependents.
func (op *operation) observe(ctx context.Context, configs []plan.Config) (plan.Observed, *plan.Snapshot, error) {
	op.emit(Event{Type: EventObserve})
	zones, err := op.zonesFor(ctx, configs)
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
	found, err := op.fetchSnapshot(ctx, relays, zones)
	if err != nil {
		return plan.Observed{}, nil, err
	}
	o := plan.NewObserved(relays, skipped, found)
	err = op.addSuperseded(ctx, &o, found)
	return o, found, err
}

// zonesFor lists the zones of the configured account, or of all accounts if none or several are configured. If a host
// is in no zone of the configured account but in one of another account, it lists all, so that the error can name that
// account.
func (op *operation) zonesFor(ctx context.Context, configs []plan.Config) ([]plan.Zone, error) {
	account := configs[0].Account
	if slices.ContainsFunc(configs, func(c plan.Config) bool { return c.Account != account }) {
		account = ""
	}
	zones, err := op.zones(ctx, account)
	if account == "" && errcode.Of(err) == errcode.AccountRequired {
		return op.zonesOfAccounts(ctx, configs, err)
	}
	if err != nil || account == "" {
		return zones, err
	}
	anyHost := func(zones []plan.Zone, test func(error) bool) bool {
		index := plan.NewZoneIndex(zones)
		return slices.ContainsFunc(configs, func(c plan.Config) bool {
			return slices.ContainsFunc(c.Domains, func(host string) bool { _, err := index.Lookup(host, account); return test(err) })
		})
	}
	if !anyHost(zones, func(err error) bool { return err != nil }) {
		return zones, nil
	}
	all, err := op.zones(ctx, "")
	switch {
	case err != nil && errcode.Of(err) != errcode.AccountRequired: // the account is named already
		return nil, err
	case anyHost(all, func(err error) bool { return errcode.Of(err) == errcode.ZoneElsewhere }):
		return all, nil
	case len(zones) == 0:
		return nil, errcode.New(errcode.AccountEmpty, "account", account)
	}
	return zones, nil
}

// zonesOfAccounts lists the zones of each configured account, for a token that sees too many accounts to list those of all.
// refused is that error, which it returns if a relay has no configured account.
func (op *operation) zonesOfAccounts(ctx context.Context, configs []plan.Config, refused error) ([]plan.Zone, error) {
	var accounts []string
	for _, config := range configs {
		if config.Account == "" {
			return nil, refused
		}
		accounts = append(accounts, config.Account)
	}
	slices.Sort(accounts)
	zones, err := parallelMap(ctx, slices.Compact(accounts), op.zones)
	return slices.Concat(zones...), err
}

// addSuperseded adds to o the Workers of ours that have served its sites and no longer will, so that they are deleted,
// except those that other routes need.
func (op *operation) addSuperseded(ctx context.Context, o *plan.Observed, found *plan.Snapshot) error {
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
			others, err := op.dependentsOf(ctx, found, *script, o.Sites())
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

// findDependents sets the Dependents of every relay: the routes of other hosts, in all zones that the token can read,
// and the custom domains that point to its Worker, and, as "zone:ID", zones that the Worker serves and that the token
// cannot read. Deleting the Worker would break these hosts and let requests through to the addresses of their records.
func (op *operation) findDependents(ctx context.Context, o *plan.Observed, found *plan.Snapshot) error {
	for i := range o.Relays {
		var err error
		if o.Relays[i].Dependents, err = op.dependentsOf(ctx, found, o.Relays[i].Script, o.Sites()); err != nil {
			return err
		}
	}
	return nil
}
