package provision_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

// relayTo returns the Config of a relay. name is that of the Worker, "" for the default.
func relayTo(provider, name string, hosts ...string) plan.Config {
	return plan.Config{
		Domains: hosts, Worker: name, Origin: plan.DefaultOrigin, ProgramVersion: "1.2.3",
		Providers: []worker.Provider{{ID: provider, Origin: "https://" + provider + ".example.net"}},
	}
}

// However relays, hosts and names change between two runs, every host is served by a Worker with the settings of its
// relay, and the next run has no changes.
func TestRelaysAreRearranged(t *testing.T) {
	t.Parallel()
	const a, b, c = "a.example.com", "b.example.com", "c.example.com"
	nameOfA := plan.WorkerName(a)
	for name, runs := range map[string][2][]plan.Config{
		"a name that is another's default": {
			{relayTo("one", nameOfA, b), relayTo("two", "", a)},
			{relayTo("one", "", b), relayTo("two", "", a)}},
		"one becomes two, the second host first": {
			{relayTo("one", "", a, b)},
			{relayTo("two", "", b), relayTo("one", "", a)}},
		"one becomes three": {
			{relayTo("one", "", a, b, c)},
			{relayTo("two", "", c), relayTo("three", "", b), relayTo("one", "", a)}},
		"two become one": {
			{relayTo("one", "", a), relayTo("two", "", b)},
			{relayTo("two", "", b, a)}},
		"two exchange settings": {
			{relayTo("one", "", a), relayTo("two", "", b)},
			{relayTo("two", "", a), relayTo("one", "", b)}},
		"two exchange names": {
			{relayTo("one", "left", a), relayTo("two", "right", b)},
			{relayTo("one", "right", a), relayTo("two", "left", b)}},
		"a host moves": {
			{relayTo("one", "", a, b), relayTo("two", "", c)},
			{relayTo("two", "", b, c), relayTo("one", "", a)}},
		"a host leaves the file": {
			{relayTo("one", "", a, b), relayTo("two", "", c)},
			{relayTo("two", "", c), relayTo("one", "", b)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}]}`)
			for _, configs := range runs {
				plan, err := f.planAll(false, configs...)
				if err == nil {
					_, err = f.apply(plan)
				}
				if err != nil {
					t.Fatal(err)
				}
				f.checkServed(configs)
			}
			for _, host := range []string{a, b} {
				if !strings.Contains(f.bytes(), `"pattern": "`+host+`/*"`) {
					t.Errorf("%s has lost its route", host)
				}
			}
			f.checkNoOrphans()
		})
	}
}

// checkServed checks that every host is served by a Worker with the provider of its relay, and that another run has no
// changes.
func (f *fixture) checkServed(configs []plan.Config) {
	f.t.Helper()
	again, err := f.engine.Observe(context.Background(), configs, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, config := range configs {
		for _, relay := range again.Relays {
			got := relay.Deployed().Providers
			if slices.Equal(relay.Hosts(), config.Domains) && (len(got) != 1 || got[0] != config.Providers[0]) {
				f.t.Errorf("%v are served by %s with %v, want %v", config.Domains, relay.Worker, got, config.Providers)
			}
		}
	}
	if plan, err := f.planAll(false, configs...); err != nil || len(plan.Changes()) > 0 {
		f.t.Errorf("another run has changes: %v, %v", plan.Changes(), err)
	}
}

// checkNoOrphans checks that every route has its Worker, and every Worker a route.
func (f *fixture) checkNoOrphans() {
	f.t.Helper()
	var state accountState
	if err := json.Unmarshal([]byte(f.bytes()), &state); err != nil {
		f.t.Fatal(err)
	}
	routed, existing := map[string]bool{}, map[string]bool{}
	state.each(func(_, kind string, x resource, _ string) {
		switch kind {
		case "script":
			existing[x.Name] = true
		case "route":
			routed[x.Script] = true
		}
	})
	if diff := cmp.Diff(routed, existing); diff != "" {
		f.t.Errorf("Workers of routes (-), and Workers that exist (+):\n%s", diff)
	}
}

// A batch counts as one call, so a zone that refuses it does not end the run for other zones.
func TestFailingZoneDoesNotStopOthers(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]string{
		"routes":  `{"method": "POST", "path": "/zones/00000000000000000000000000000007/workers/routes", "times": -1, "status": 403, "code": 10000}`,
		"records": `{"method": "POST", "path": "/zones/00000000000000000000000000000007/dns_records/**", "times": -1, "status": 500}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, `{"accounts": [{"name": "Acme", "zones": [
				{"name": "example.com", "id": "00000000000000000000000000000007"}, {"name": "example.org"}]}], "faults": [`+fault+`]}`)
			bad := []string{"a.example.com", "b.example.com", "c.example.com", "d.example.com", "e.example.com", "f.example.com"}
			receipt, err := f.deploy(relayTo("one", "", append(slices.Clone(bad), "g.example.org")...))
			if err == nil || receipt.Stopped {
				t.Errorf("the run was stopped, or did not fail: %v", err)
			}
			if got := receipt.Unserved(); !slices.Equal(got, bad) {
				t.Errorf("unserved: %v", got)
			}
		})
	}
}

// A wider route that is not ours conflicts with new hosts, and not with deployed ones.
func TestWiderRouteConflictsWithNewHosts(t *testing.T) {
	t.Parallel()
	const wide = `"zones": [{"name": "example.com", "routes": [{"pattern": "*.example.com/*", "script": "theirs"}]}, {"name": "example.org"}]`
	const theirs = `"scripts": [{"name": "theirs", "modules": [{"name": "a.js", "text": "export default {fetch() {}}"}]}], `
	f := newFixture(t, `{"accounts": [{"name": "Acme", `+theirs+wide+`}]}`)
	config := f.config()
	config.Domains = []string{"b.example.com", "a.example.com", "c.example.org"}
	p, err := f.plan(config)
	if err != nil || len(p.Skipped) != 2 || len(p.Sites) != 1 || p.Sites[0].Host != "c.example.org" {
		t.Fatalf("skipped %v of %v, %v", p.Skipped, p.Sites, err)
	}
	for _, skipped := range p.Skipped {
		if e := (*plan.ConflictError)(nil); !errors.As(skipped.Err, &e) || e.Objects[0].Conflict != plan.ConflictWiderRoute || e.Objects[0].ConflictHosts[0] != skipped.Host {
			t.Errorf("%s: %v", skipped.Host, skipped.Err)
		}
	}
	f.adopt = true
	f.mustDeploy(config)
	f.adopt = false
	if plan, err := f.plan(config); err != nil || len(plan.Skipped) > 0 || len(plan.Changes()) > 0 {
		t.Errorf("after --adopt: skipped %v, changes %v, %v", plan.Skipped, plan.Changes(), err)
	}
	if !strings.Contains(f.bytes(), `"pattern": "*.example.com/*"`) {
		t.Error("the wider route is deleted")
	}
}

// A Worker that also serves a host of another zone, or a custom domain, has these as dependents and is not deleted.
func TestDependentsOfOtherZonesAndCustomDomains(t *testing.T) {
	t.Parallel()
	const account = `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}, {"name": "example.org"}]}]}`
	f := newFixture(t, account)
	f.mustDeploy(relayTo("one", "", "a.example.com", "b.example.org"))
	p, err := f.plan(relayTo("two", "", "a.example.com"))
	if err != nil || !slices.Equal(p.Relays[0].Dependents, []string{"b.example.org/*"}) {
		t.Errorf("another zone: got %v, %v", p.Relays[0].Dependents, err)
	}

	f = newFixture(t, account)
	alone := relayTo("one", "", "a.example.com")
	f.mustDeploy(alone)
	worker := plan.WorkerName("a.example.com")
	f = newFixture(t, strings.Replace(f.bytes(), `"name": "Acme",`,
		`"name": "Acme", "domains": [{"hostname": "shop.example.com", "service": "`+worker+`"}],`, 1))
	if _, err := f.destroy(alone); err != nil {
		t.Fatal(err)
	}
	if text := f.bytes(); !strings.Contains(text, `"name": "`+worker+`"`) || !strings.Contains(text, "shop.example.com") ||
		strings.Contains(text, `"a.example.com/*"`) {
		t.Errorf("the custom domain has lost its Worker, or the route still exists:\n%s", text)
	}
}

// If a custom domain that is adopted cannot be deleted, our record is not created.
func TestNoRecordIfTheCustomDomainRemains(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}],
		"scripts": [{"name": "theirs", "modules": [{"name": "a.js", "text": "export default {fetch() {}}"}]}],
		"domains": [{"hostname": "a.example.com", "service": "theirs"}]}],
		"faults": [{"method": "DELETE", "path": "/accounts/**", "times": -1, "status": 400, "code": 9999}]}`)
	config := relayTo("one", "", "a.example.com")
	f.adopt = true
	receipt, err := f.deploy(config)
	if err == nil || len(receipt.Failed) != 1 || receipt.Failed[0].Step.Address.Kind != plan.KindDomain {
		t.Errorf("failed: %v, %v", receipt.Failed, err)
	}
}

// A record that somebody has deleted since the plan does not prevent the deletion of the others in its batch.
func TestDeletedRecordDoesNotFailItsBatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	empty := f.bytes()
	config := relayTo("one", "", "a.example.com", "b.example.com", "c.example.com")
	f.mustDeploy(config)
	plan, err := f.engine.PlanDestroy(context.Background(), []plan.Config{config}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.engine.API.ApplyStep(context.Background(), plan.Steps[1]); err != nil {
		t.Fatal(err)
	}
	if _, err := f.engine.Destroy(context.Background(), plan, nil); err != nil || f.bytes() != empty {
		t.Errorf("the account has changed (%v):\n%s", err, cmp.Diff(empty, f.bytes()))
	}
}
