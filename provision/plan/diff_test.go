package plan_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

var exampleZone = plan.Zone{ID: "zone", Name: "example.com", Account: "account", Status: "active", Plan: "free"}

// observe returns what is observed of a relay for the hosts, in an account with the given routes and records in
// exampleZone.
func observe(t *testing.T, routes, records []plan.Object, hosts ...string) plan.Observed {
	t.Helper()
	return observeScripts(t, routes, records, func(name string) *plan.Object {
		return &plan.Object{Address: plan.ScriptAddress("account", name), ID: name}
	}, hosts...)
}

// observeMissing is observe in an account without Workers.
func observeMissing(t *testing.T, routes, records []plan.Object, hosts ...string) plan.Observed {
	t.Helper()
	return observeScripts(t, routes, records, func(string) *plan.Object { return nil }, hosts...)
}

// observeScripts is observe in an account where the routes point to what script returns.
func observeScripts(t *testing.T, routes, records []plan.Object, script func(name string) *plan.Object, hosts ...string) plan.Observed {
	t.Helper()
	config, err := plan.Config{Domains: hosts, Providers: []worker.Provider{{ID: "openai", Origin: "https://api.openai.com"}}}.Normalize()
	if err != nil {
		t.Fatal(err)
	}
	snapshot := plan.NewSnapshot([]plan.Zone{exampleZone})
	snapshot.Routes[exampleZone.ID] = routes
	snapshot.Records[exampleZone.ID] = plan.RecordList{Found: records, Total: len(records)}
	for _, route := range routes {
		name := route.Attrs[binding.AttrScript]
		snapshot.Scripts[plan.ScriptAddress("account", name)] = script(name)
	}
	relays, skipped, err := plan.GroupRelays([]plan.Config{config}, snapshot.Zones)
	if err != nil {
		t.Fatal(err)
	}
	plan.AssignWorkerNames(relays, snapshot)
	return plan.NewObserved(relays, skipped, snapshot)
}

func foreignRoute(pattern string) plan.Object {
	return plan.Object{
		Address: plan.Address{Kind: plan.KindRoute, Parent: exampleZone.ID, Name: pattern},
		ID:      "id of " + pattern, Attrs: binding.Attrs{binding.AttrScript: "other"},
	}
}

func foreignRecord(kind, host string) plan.Object {
	return plan.Object{
		Address: plan.Address{Kind: plan.KindRecord, Parent: exampleZone.ID, Name: host},
		ID:      kind + " of " + host, Attrs: binding.Attrs{binding.AttrType: kind, binding.AttrContent: "192.0.2.1"},
	}
}

func stepTexts(p plan.Plan) []string {
	var texts []string
	for _, step := range p.Steps {
		texts = append(texts, fmt.Sprintf("%s %s %s", step.Action, step.Address.Kind, step.Address.Name))
	}
	return texts
}

func TestDiffWithConflicts(t *testing.T) {
	t.Parallel()
	const a = "a.example.com"
	script := "create script " + plan.WorkerName(a)
	for name, test := range map[string]struct {
		routes, records []plan.Object
		conflict        plan.Conflict
		adopted         []string
	}{
		"route of the host": {
			[]plan.Object{foreignRoute("a.example.com/*")}, nil, plan.ConflictSameAddress,
			[]string{script, "update route a.example.com/*", "create record a.example.com"}},
		"more specific route": {
			[]plan.Object{foreignRoute("a.example.com/v1/*")}, nil, plan.ConflictMoreSpecific,
			[]string{script, "create route a.example.com/*", "delete route a.example.com/v1/*", "create record a.example.com"}},
		"wider route": {
			[]plan.Object{foreignRoute("*.example.com/*")}, nil, plan.ConflictWiderRoute,
			[]string{script, "create route a.example.com/*", "none route *.example.com/*", "create record a.example.com"}},
		"record": {
			nil, []plan.Object{foreignRecord("A", a)}, plan.ConflictSameAddress,
			[]string{script, "create route a.example.com/*", "update record a.example.com"}},
		"record of another type": {
			nil, []plan.Object{foreignRecord("CNAME", a)}, plan.ConflictSameAddress,
			[]string{script, "create route a.example.com/*", "delete record a.example.com", "create record a.example.com"}},
		"unrelated": {
			[]plan.Object{foreignRoute("b.example.com/*")}, []plan.Object{foreignRecord("TXT", a), foreignRecord("A", "b.example.com")}, "",
			[]string{script, "create route a.example.com/*", "create record a.example.com"}},
	} {
		observed := observe(t, test.routes, test.records, a)
		desired := plan.NewDesired(observed, worker.Load())
		_, err := plan.Diff(desired, observed, false)
		var conflict *plan.ConflictError
		switch found := errors.As(err, &conflict); {
		case found != (test.conflict != ""):
			t.Errorf("%s: got %v", name, err)
		case found && (len(conflict.Objects) != 1 || conflict.Objects[0].Conflict != test.conflict || errcode.Of(err) != errcode.Conflict):
			t.Errorf("%s: got %v with %v", name, err, conflict.Objects)
		}
		adopted, err := plan.Diff(desired, observed, true)
		if diff := cmp.Diff(test.adopted, stepTexts(adopted)); diff != "" || err != nil {
			t.Errorf("%s: adopted: %v %s", name, err, diff)
		}
	}
}

// Of several hosts, those without conflicts are deployed and the others are skipped.
func TestDiffSkipsHostsWithConflicts(t *testing.T) {
	t.Parallel()
	observed := observe(t, []plan.Object{foreignRoute("b.example.com/v1/*")}, nil, "a.example.com", "b.example.com")
	planned, err := plan.Diff(plan.NewDesired(observed, worker.Load()), observed, false)
	if err != nil || len(planned.Skipped) != 1 || planned.Skipped[0].Host != "b.example.com" || errcode.Of(planned.Skipped[0].Err) != errcode.Conflict {
		t.Errorf("skipped %v, %v", planned.Skipped, err)
	}
	want := []string{"create script " + plan.WorkerName("a.example.com"), "create route a.example.com/*", "create record a.example.com"}
	if diff := cmp.Diff(want, stepTexts(planned)); diff != "" {
		t.Error(diff)
	}
}

// A deploy fails before the first write if a zone cannot hold its records.
func TestDiffChecksQuotas(t *testing.T) {
	t.Parallel()
	records := slices.Repeat([]plan.Object{foreignRecord("TXT", "other.example.com")}, 199)
	for n, want := range map[int]errcode.Code{1: "", 2: errcode.ZoneFull} {
		observed := observe(t, nil, records, []string{"a.example.com", "b.example.com"}[:n]...)
		_, err := plan.Diff(plan.NewDesired(observed, worker.Load()), observed, false)
		if errcode.Of(err) != want {
			t.Errorf("%d hosts: got %v", n, err)
		}
	}
}

func TestZoneIndex(t *testing.T) {
	t.Parallel()
	zone := func(name, account, status string) plan.Zone {
		return plan.Zone{Name: name, Account: account, Status: status}
	}
	index := plan.NewZoneIndex([]plan.Zone{
		zone("example.com", "one", "active"), zone("api.example.com", "one", "active"),
		zone("example.net", "one", "pending"), zone("example.net", "two", "active"),
		zone("example.org", "one", "pending"), zone("example.org", "two", "pending"),
	})
	for _, test := range []struct {
		host, account, want string
		code                errcode.Code
	}{
		{"example.com", "", "example.com one", ""},
		{"a.example.com", "", "example.com one", ""},
		{"a.api.example.com", "", "api.example.com one", ""},
		{"a.example.net", "", "example.net two", ""},
		{"a.example.net", "one", "example.net one", ""},
		{"a.example.com", "two", "", errcode.ZoneElsewhere},
		{"a.example.org", "", "", errcode.ZoneAmbiguous},
		{"a.example.edu", "", "", errcode.ZoneNotFound},
	} {
		zone, err := index.Lookup(test.host, test.account)
		if got := strings.TrimSpace(zone.Name + " " + zone.Account); got != test.want || errcode.Of(err) != test.code {
			t.Errorf("%s in %q: got %q, %v", test.host, test.account, got, err)
		}
	}
	if _, err := plan.NewZoneIndex(nil).Lookup("example.com", ""); errcode.Of(err) != errcode.NoZones {
		t.Errorf("no zones: got %v", err)
	}
}
