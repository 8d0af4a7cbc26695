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

// relayTo writes a relay in one line: its hosts, the provider behind it, and the Worker's name, "" for whatever it will be.
func relayTo(provider, name string, hosts ...string) plan.Config {
	return plan.Config{
		Domains: hosts, Worker: name, Origin: plan.DefaultOrigin, Version: "1.2.3",
		Providers: []worker.Provider{{ID: provider, Origin: "https://" + provider + ".example.net"}},
	}
}

// However relays, hosts and names are dealt out anew between two runs of a file, every host ends at a Worker with its own
// relay's settings, and the next run has nothing to do.
func TestRelaysThatAreDealtOutAnew(t *testing.T) {
	t.Parallel()
	const a, b, c = "a.example.com", "b.example.com", "c.example.com"
	nameOfA := plan.WorkerName(a)
	for name, runs := range map[string][2][]plan.Config{
		"a name that is another's own": {
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
		"two swap their settings": {
			{relayTo("one", "", a), relayTo("two", "", b)},
			{relayTo("two", "", a), relayTo("one", "", b)}},
		"two swap their names": {
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
				f.wantServed(configs)
			}
			for _, host := range []string{a, b} {
				if !strings.Contains(f.bytes(), `"pattern": "`+host+`/*"`) {
					t.Errorf("%s has lost its route", host)
				}
			}
			f.wantNoLooseEnds()
		})
	}
}

// wantServed checks that every host leads to a Worker with the provider of its relay, and that nothing is left to do.
func (f *fixture) wantServed(configs []plan.Config) {
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
		f.t.Errorf("not settled: %v, %v", plan.Changes(), err)
	}
}

// wantNoLooseEnds checks that every route leads to a Worker that is there, and that every Worker has one.
func (f *fixture) wantNoLooseEnds() {
	f.t.Helper()
	var here accountState
	if err := json.Unmarshal([]byte(f.bytes()), &here); err != nil {
		f.t.Fatal(err)
	}
	led, there := map[string]bool{}, map[string]bool{}
	here.each(func(_, kind string, x resource, _ string) {
		switch kind {
		case "script":
			there[x.Name] = true
		case "route":
			led[x.Script] = true
		}
	})
	if diff := cmp.Diff(led, there); diff != "" {
		f.t.Errorf("Workers that routes lead to (-), and that are there (+):\n%s", diff)
	}
}

// A call that many records ride in is one call, so a zone that refuses it is no reason to give up the other zones.
func TestAZoneThatRefusesIsNoMatterOfTheOthers(t *testing.T) {
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
				t.Errorf("the run was ended early, or was none: %v", err)
			}
			if got := receipt.Unserved(); !slices.Equal(got, bad) {
				t.Errorf("not served are %v", got)
			}
		})
	}
}

// A wider route of others is in the way of every host that is new, and of none that stands.
func TestAWiderRouteIsInTheWayOfEveryNewHost(t *testing.T) {
	t.Parallel()
	const wide = `"zones": [{"name": "example.com", "routes": [{"pattern": "*.example.com/*", "script": "theirs"}]}, {"name": "example.org"}]`
	const theirs = `"scripts": [{"name": "theirs", "modules": [{"name": "a.js", "text": "export default {fetch() {}}"}]}], `
	f := newFixture(t, `{"accounts": [{"name": "Acme", `+theirs+wide+`}]}`)
	config := f.config()
	config.Domains = []string{"b.example.com", "a.example.com", "c.example.org"}
	p, err := f.plan(config)
	if err != nil || len(p.Skipped) != 2 || len(p.Sites) != 1 || p.Sites[0].Host != "c.example.org" {
		t.Fatalf("refused %v of %v, %v", p.Skipped, p.Sites, err)
	}
	for _, refusal := range p.Skipped {
		if e := (*plan.ConflictError)(nil); !errors.As(refusal.Err, &e) || e.Objects[0].Conflict != plan.ConflictWiderRoute || e.Objects[0].ConflictHosts[0] != refusal.Host {
			t.Errorf("%s: %v", refusal.Host, refusal.Err)
		}
	}
	config.Adopt = true
	f.mustDeploy(config)
	config.Adopt = false
	if plan, err := f.plan(config); err != nil || len(plan.Skipped) > 0 || len(plan.Changes()) > 0 {
		t.Errorf("after taking over: refused %v, changes %v, %v", plan.Skipped, plan.Changes(), err)
	}
	if !strings.Contains(f.bytes(), `"pattern": "*.example.com/*"`) {
		t.Error("the wider route is gone")
	}
}

// A Worker that serves a host of another zone as well, or a custom domain that somebody has given it, is said to before it
// changes, and does not go.
func TestAWorkerIsSharedBeyondTheZone(t *testing.T) {
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
		t.Errorf("the custom domain has lost its Worker, or the route stays:\n%s", text)
	}
}

// A custom domain that is to be taken over and does not go keeps its place: our record is not tried.
func TestARecordWaitsForTheCustomDomainToGo(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}],
		"scripts": [{"name": "theirs", "modules": [{"name": "a.js", "text": "export default {fetch() {}}"}]}],
		"domains": [{"hostname": "a.example.com", "service": "theirs"}]}],
		"faults": [{"method": "DELETE", "path": "/accounts/**", "times": -1, "status": 400, "code": 9999}]}`)
	config := relayTo("one", "", "a.example.com")
	config.Adopt = true
	receipt, err := f.deploy(config)
	if err == nil || len(receipt.Failed) != 1 || receipt.Failed[0].Step.Address.Kind != plan.KindDomain {
		t.Errorf("failed are %v, %v", receipt.Failed, err)
	}
}

// A record that somebody has removed since it was seen spoils nothing for the others of its batch.
func TestARecordThatIsGoneSpoilsNoBatch(t *testing.T) {
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
		t.Errorf("the account is not as it was (%v):\n%s", err, cmp.Diff(empty, f.bytes()))
	}
}
