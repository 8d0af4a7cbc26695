package provision_test

import (
	"context"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

// relayOf observes a config and returns its one relay.
func (f *fixture) relayOf(c plan.Config) plan.Relay {
	f.t.Helper()
	return mustObserve(f, c).Relays[0]
}

// deployTo deploys a version for a provider.
func (f *fixture) deployTo(id string) plan.Config {
	f.t.Helper()
	c := f.config()
	c.Providers = []worker.Provider{{ID: id, Origin: "https://" + id + ".example.net"}}
	f.mustDeploy(c)
	return c
}

// Rolling back is one write, even if its response is lost, and creates no version.
func TestRollbackIsOneCall(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]string{
		"no fault": "", "lost": `"drop": true, "after": true`, "502": `"status": 502, "content_type": "text/html", "body": "<html>"`,
	} {
		f := newFixture(t, "")
		f.deployTo("first")
		second := f.deployTo("second")
		if fault != "" {
			f = newFixture(t, strings.Replace(f.bytes(), `"accounts"`, `"faults": [{"method": "POST", "path": "/accounts/**", `+fault+`}], "accounts"`, 1))
		}
		relay := f.relayOf(second)
		versions, err := f.engine.Versions(context.Background(), relay, nil)
		if err != nil || len(versions) != 2 || versions[0].Build == "" || versions[0].ProgramVersion != "1.2.3" || versions[0].Share != 100 {
			t.Fatalf("%s: versions %+v, %v", name, versions, err)
		}
		to, err := plan.PreviousVersion(versions, "")
		if err != nil {
			t.Fatal(err)
		}
		f.writes()
		if err := f.engine.Rollback(context.Background(), relay, to, false, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if writes := f.writes(); fault == "" && len(writes) != 1 {
			t.Errorf("%s: writes %v", name, writes)
		}
		if deployed := f.relayOf(second).Deployed(); deployed.Providers[0].ID != "first" {
			t.Errorf("%s: serves %v", name, deployed.Providers)
		}
		if versions, err := f.engine.Versions(context.Background(), relay, nil); err != nil || len(versions) != 2 {
			t.Errorf("%s: afterwards %+v, %v", name, versions, err)
		}
	}
}

func TestVersionsOfNoWorker(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	if _, err := f.engine.Versions(context.Background(), f.relayOf(f.config()), nil); errcode.Of(err) != errcode.NoWorker {
		t.Errorf("got %v", err)
	}
}

// Rolling back to an earlier key needs --force.
func TestRollbackOverAChangedKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	c := f.managed()
	f.mustDeploy(c)
	c.Keys = map[string]binding.Secret{"openai": binding.NewSecret("sk-another")}
	p, err := f.plan(c)
	if err != nil || !p.WidensAccess(p.Relays[0]) {
		t.Errorf("rolling back to another key is said not to widen access (%v)", err)
	}
	f.mustDeploy(c)
	relay := f.relayOf(c)
	versions, err := f.engine.Versions(context.Background(), relay, nil)
	if err != nil {
		t.Fatal(err)
	}
	to, err := plan.PreviousVersion(versions, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.engine.Rollback(context.Background(), relay, to, false, nil); errcode.Of(err) != errcode.SecretsChanged {
		t.Errorf("without force: %v", err)
	}
	if err := f.engine.Rollback(context.Background(), relay, to, true, nil); err != nil {
		t.Errorf("with force: %v", err)
	}
	if text := f.bytes(); !strings.Contains(text, ownerKey) {
		t.Error("the earlier key is not used")
	}
}

// Only the version that served before the run is restored. If somebody has edited the Worker since, none is: an older version
// may accept tokens that were revoked.
func TestPriorVersionIsNeverAnOlderOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	alice := f.managed()
	both := f.managed()
	both.Tokens = append(both.Tokens, worker.Token{Name: "bob", SHA256: strings.Repeat("b", 64)})
	f.mustDeploy(both)
	f.mustDeploy(alice)
	before := func(c plan.Config) (plan.Version, error) {
		plan, err := f.plan(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.apply(plan); err != nil {
			t.Fatal(err)
		}
		versions, err := f.engine.Versions(context.Background(), plan.Relays[0], nil)
		if err != nil {
			t.Fatal(err)
		}
		return plan.PriorVersion(plan.Relays[0], versions)
	}
	another := alice
	another.Region = "aws:us-east-1"
	if v, err := before(another); err != nil || v.Number != 2 {
		t.Errorf("got version %d, %v, want version 2", v.Number, err)
	}
	f.mustDeploy(alice)
	f = newFixture(t, strings.Replace(f.bytes(), `"export default { fetch: handle };",`, `"// edited",`, 1))
	if v, err := before(alice); errcode.Of(err) != errcode.NoVersion {
		t.Errorf("after an edit by hand it rolls back to version %d, %v", v.Number, err)
	}
}

// A rollback that gives a caller more access than now is not automatic.
func TestRollbackWidensAccess(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	f.mustDeploy(f.managed())
	narrowed, elsewhere, moved := f.managed(), f.managed(), f.managed()
	narrowed.Tokens[0].Providers = []string{"openai"}
	elsewhere.Settings.Origins = []string{"https://app.example.net"}
	moved.Region = "aws:us-east-1"
	for name, test := range map[string]struct {
		config plan.Config
		want   bool
	}{"a token that may do less": {narrowed, true}, "an origin alone": {elsewhere, true}, "a region": {moved, false}} {
		plan, err := f.plan(test.config)
		if err != nil || plan.WidensAccess(plan.Relays[0]) != test.want {
			t.Errorf("%s: got %v, %v", name, !test.want, err)
		}
	}
}
