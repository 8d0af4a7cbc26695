package provision_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// failing returns an account in which no record can be written.
func failing(t *testing.T, account string) string {
	t.Helper()
	const faults = `"faults": [
		{"method": "POST", "path": "/zones/*/dns_records", "times": -1, "status": 400, "code": 9999},
		{"method": "PATCH", "path": "/zones/*/dns_records/*", "times": -1, "status": 400, "code": 9999},
		{"method": "PUT", "path": "/zones/*/dns_records/*", "times": -1, "status": 400, "code": 9999}], "accounts"`
	return strings.Replace(account, `"accounts"`, faults, 1)
}

func (f *fixture) mustPlan(config plan.Config) plan.Plan {
	f.t.Helper()
	p, err := f.plan(config)
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}

// With a verification, Deploy reads routes and records again meanwhile. Without one it does not, unless it met a
// concurrent run.
func TestDeployReconcilesWhileItVerifies(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		verify func(provision.Receipt)
		want   []string
	}{
		"verified":   {func(provision.Receipt) {}, []string{"PUT script", "POST route", "POST record", "GET record", "GET route"}},
		"unverified": {nil, []string{"PUT script", "POST route", "POST record"}},
	} {
		f := newFixture(t, "")
		p := f.mustPlan(f.config())
		f.calls = nil
		out, err := f.engine.Deploy(t.Context(), p, provision.DeployOptions{Verify: test.verify}, nil)
		if err != nil || out.ReconcileErr != nil {
			t.Fatal(err, out.ReconcileErr)
		}
		if diff := cmp.Diff(test.want, f.calls); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A failed first deploy leaves nothing, and tells its observer so; with KeepPartial it leaves what was created.
func TestFailedFirstDeployIsUndone(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		f := newFixture(t, failing(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}]}`))
		before := f.bytes()
		var events []provision.EventType
		observe := func(e provision.Event) { events = append(events, e.Type) }
		verify := func(provision.Receipt) { t.Error("verified though no host is served") }
		out, err := f.engine.Deploy(t.Context(), f.mustPlan(f.config()), provision.DeployOptions{KeepPartial: keep, Verify: verify}, observe)
		if errcode.Of(err) != errcode.Rejected || len(out.Receipt.Done) != 2 || out.UndoErr != nil {
			t.Fatalf("keep %v: %v, done %v, undo error %v", keep, err, out.Receipt.Done, out.UndoErr)
		}
		isUndone := slices.Contains(events, provision.EventUndoStart) && slices.Contains(events, provision.EventUndoEnd)
		if remaining := len(out.Remaining().Done); isUndone == keep || (remaining > 0) != keep || (f.bytes() == before) == keep {
			t.Errorf("keep %v: %d steps remain, events %v, account:\n%s", keep, remaining, events, cmp.Diff(before, f.bytes()))
		}
	}
}

// An update that fails at all hosts of a Worker makes its previous version serve again, unless that is to be kept or
// would widen access.
func TestFailedUpdateIsRolledBack(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		keep     bool
		narrow   func(*plan.Config)
		want     string // the provider that is served
		withheld bool
	}{
		"rolled back":        {want: "first"},
		"kept":               {keep: true, want: "second"},
		"would widen access": {narrow: func(c *plan.Config) { c.Settings.Managed = true }, want: "second", withheld: true},
	} {
		f := newFixture(t, "")
		f.deployTo("first")
		f = newFixture(t, failing(t, f.bytes()))
		config := f.config()
		config.Providers[0].ID, config.Providers[0].Origin, config.Origin = "second", "https://second.example.net", "192.0.2.1"
		if test.narrow != nil {
			test.narrow(&config)
		}
		out, err := f.engine.Deploy(context.Background(), f.mustPlan(config), provision.DeployOptions{KeepPartial: test.keep}, nil)
		if errcode.Of(err) != errcode.Rejected {
			t.Fatalf("%s: got %v", name, err)
		}
		if got := f.relayOf(config).Deployed().Providers[0].ID; got != test.want {
			t.Errorf("%s: %s is served", name, got)
		}
		isTried := len(out.Rollbacks) == 1
		if isTried == test.keep || isTried && (out.Rollbacks[0].Withheld != test.withheld || out.Rollbacks[0].Done() == test.withheld) {
			t.Errorf("%s: rollbacks %+v", name, out.Rollbacks)
		}
	}
}
