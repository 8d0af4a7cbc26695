package provision_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/provision/sandbox/schematest"
	"github.com/cfproxy/cfproxy/worker"
)

const host = "gptapi.example.com"

// The engine is tried through the real SDK against the sandbox: an account that is a text, and a list of the calls made.
type fixture struct {
	t      *testing.T
	store  *sandbox.Store
	engine *provision.Engine
	mu     sync.Mutex // reads go out together
	calls  []string
	waits  []time.Duration
	// observer is passed to runs that write.
	observer func(provision.Event)
}

// newFixture opens an account from JSON; "" is one with the zone example.com.
func newFixture(t *testing.T, state string) *fixture {
	t.Helper()
	if state == "" {
		state = `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}]}`
	}
	store, err := sandbox.Parse([]byte(state))
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, store: store}
	f.engine = &provision.Engine{
		API: cloudflare.New(cloudflare.Options{
			Token:     store.Token(),
			Transport: schematest.Transport(t, serially(sandbox.Transport(sandbox.Handler(store)))),
			Trace:     func(c cloudflare.Call) { f.note(func() { f.calls = append(f.calls, c.Method+" "+resourceOf(c.Path)) }) },
		}),
		Sleep: func(_ context.Context, d time.Duration) error {
			f.note(func() { f.waits = append(f.waits, d) })
			return nil
		},
		Jitter:      func() float64 { return 0.5 },
		CallTimeout: 5 * time.Second,
	}
	return f
}

func (f *fixture) note(what func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	what()
}

// serially makes one call at a time, so that the order of calls, and the trace, are the same in every run.
func serially(next http.RoundTripper) http.RoundTripper {
	turn := make(chan struct{}, 1)
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		turn <- struct{}{}
		defer func() { <-turn }()
		return next.RoundTrip(r)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// resourceOf shortens a path to what it is about: zones, script, routes, records.
func resourceOf(path string) string {
	path, _, _ = strings.Cut(path, "?")
	for _, part := range []struct{ in, name string }{
		{"/dns_records", "record"}, {"/workers/routes", "route"}, {"/workers/scripts", "script"}, {"/subdomain", "subdomain"},
		{"/placement/regions", "regions"}, {"/workers/domains", "domains"},
	} {
		if strings.Contains(path, part.in) {
			return part.name
		}
	}
	return "zones"
}

func (f *fixture) config() plan.Config {
	f.t.Helper()
	config, err := plan.Config{
		Domains:   []string{host},
		Providers: []worker.Provider{{ID: "openai", Origin: "https://api.openai.com"}},
		Version:   "1.2.3",
	}.Normalize()
	if err != nil {
		f.t.Fatal(err)
	}
	return config
}

func (f *fixture) plan(config plan.Config) (plan.Plan, error) {
	return f.planAll(config.Adopt, config)
}

func (f *fixture) planAll(adopt bool, configs ...plan.Config) (plan.Plan, error) {
	observed, err := f.engine.Observe(context.Background(), configs, nil)
	if err != nil {
		return plan.Plan{}, err
	}
	return provision.PlanDeploy(observed, worker.Load(), adopt)
}

func (f *fixture) deploy(config plan.Config) (provision.Receipt, error) {
	plan, err := f.plan(config)
	if err != nil {
		return provision.Receipt{}, err
	}
	return f.apply(plan)
}

// apply deploys a plan without verification. Its error is the first of any host.
func (f *fixture) apply(p plan.Plan) (provision.Receipt, error) {
	out, err := f.engine.Deploy(context.Background(), p, provision.DeployOptions{}, f.observer)
	if err == nil && len(out.Receipt.Failed) > 0 {
		err = out.Receipt.Failed[0].Err
	}
	return out.Receipt, err
}

func (f *fixture) mustDeploy(config plan.Config) {
	f.t.Helper()
	if _, err := f.deploy(config); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) destroy(config plan.Config) (provision.Receipt, error) {
	ctx := context.Background()
	plan, err := f.engine.PlanDestroy(ctx, []plan.Config{config}, nil)
	if err != nil {
		return provision.Receipt{}, err
	}
	return f.engine.Destroy(ctx, plan, f.observer)
}

func (f *fixture) bytes() string {
	f.t.Helper()
	text, err := f.store.Bytes()
	if err != nil {
		f.t.Fatal(err)
	}
	return string(text)
}

// writes gives the calls since the last look that were no reads.
func (f *fixture) writes() []string {
	writes := slices.DeleteFunc(f.calls, func(c string) bool { return strings.HasPrefix(c, "GET ") })
	f.calls = nil
	return writes
}

func TestDeployMakesScriptThenRouteThenRecord(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	before := f.bytes()
	f.mustDeploy(f.config())
	if diff := cmp.Diff([]string{"PUT script", "POST route", "POST record"}, f.writes()); diff != "" {
		t.Error(diff)
	}
	text := f.bytes()
	for _, want := range []string{
		`"pattern": "gptapi.example.com/*"`, `"script": "cfproxy-gptapi-example-com"`, `"content": "2.2.2.2"`, `"proxied": true`,
		`"comment": "managed-by=cfproxy worker=cfproxy-gptapi-example-com"`, `"managed-by=cfproxy"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the account has no %s", want)
		}
	}
	f.mustDeploy(f.config())
	if writes := f.writes(); len(writes) > 0 {
		t.Errorf("deploying again writes: %v", writes)
	}
	if _, err := f.destroy(f.config()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"DELETE record", "DELETE route", "DELETE script"}, f.writes()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, f.bytes()); diff != "" {
		t.Errorf("destroy leaves the account changed:\n%s", diff)
	}
}

func TestUnchangedDeployReadsSixTimes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	f.mustDeploy(f.config())
	f.calls = nil
	f.mustDeploy(f.config())
	slices.Sort(f.calls)
	if diff := cmp.Diff([]string{"GET domains", "GET record", "GET route", "GET script", "GET script", "GET zones"}, f.calls); diff != "" {
		t.Error(diff)
	}
}

func TestChangedSettingIsAnUpdateInPlace(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	f.mustDeploy(f.config())
	f.calls = nil
	config := f.config()
	config.Region = "aws:us-east-1"
	config.Origin = "192.0.2.1"
	f.mustDeploy(config)
	if diff := cmp.Diff([]string{"PUT script", "PUT record"}, f.writes()); diff != "" {
		t.Error(diff)
	}
	plan, err := f.plan(config)
	if err != nil || len(plan.Changes()) > 0 {
		t.Errorf("after the update: %v, %v", plan.Changes(), err)
	}
}

func TestLongestZoneWins(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `{"accounts": [{"name": "Acme", "zones": [
		{"name": "example.co.uk"}, {"name": "b.example.co.uk"}, {"name": "ple.co.uk"}, {"name": "other.com"}]}]}`)
	config := f.config()
	config.Domains = []string{"a.b.example.co.uk"}
	plan, err := f.plan(config)
	if err != nil || plan.Sites[0].Zone.Name != "b.example.co.uk" {
		t.Errorf("got %+v, %v", plan.Sites, err)
	}
	config.Domains = []string{"x.example.co.uk"}
	plan, err = f.plan(config)
	if err != nil || plan.Sites[0].Zone.Name != "example.co.uk" {
		t.Errorf("got %+v, %v", plan.Sites, err)
	}
	config.Domains = []string{"x.elsewhere.com"}
	_, err = f.plan(config)
	var e *errcode.Error
	if !errors.As(err, &e) || e.Code != errcode.ZoneNotFound || !strings.Contains(e.Details["zones"], "other.com") {
		t.Errorf("got %v", err)
	}
}

func TestZonesAreFoundBeyondTheFirstPage(t *testing.T) {
	t.Parallel()
	var zones []map[string]string
	for i := range 120 {
		zones = append(zones, map[string]string{"name": "zone" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + ".com"})
	}
	text, err := json.Marshal(map[string]any{"accounts": []any{map[string]any{"name": "Acme", "zones": zones}}})
	if err != nil {
		t.Fatal(err)
	}
	f := newFixture(t, string(text))
	for _, zone := range zones {
		config := f.config()
		config.Domains = []string{"gptapi." + zone["name"]}
		if _, err := f.plan(config); err != nil {
			t.Fatal(err)
		}
	}
}

func TestForeignThingsAreAConflictAndStay(t *testing.T) {
	t.Parallel()
	for name, zone := range map[string]string{
		"an A record":       `"zones": [{"name": "example.com", "records": [{"type": "A", "name": "gptapi.example.com", "content": "2.2.2.2", "proxied": true}]}]`,
		"an AAAA record":    `"zones": [{"name": "example.com", "records": [{"type": "AAAA", "name": "gptapi.example.com", "content": "100::", "proxied": true}]}]`,
		"a CNAME record":    `"zones": [{"name": "example.com", "records": [{"type": "CNAME", "name": "gptapi.example.com", "content": "a.example.net"}]}]`,
		"a route":           `"scripts": [{"name": "theirs", "modules": [{"name": "a.js", "text": "export default {fetch() {}}"}]}], "zones": [{"name": "example.com", "routes": [{"pattern": "GPTapi.example.com/*", "script": "theirs"}]}]`,
		"a route for none":  `"zones": [{"name": "example.com", "routes": [{"pattern": "gptapi.example.com/*"}]}]`,
		"a route by scheme": `"zones": [{"name": "example.com", "routes": [{"pattern": "HTTPS://gptapi.example.com/*"}]}]`,
		"a route for /":     `"zones": [{"name": "example.com", "routes": [{"pattern": "gptapi.example.com"}]}]`,
		"a route for some":  `"zones": [{"name": "example.com", "routes": [{"pattern": "gptapi.example.com/v1/*"}]}]`,
		"a Worker":          `"scripts": [{"name": "cfproxy-gptapi-example-com", "modules": [{"name": "a.js", "text": "export default {fetch() {}}"}]}], "zones": [{"name": "example.com"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, `{"accounts": [{"name": "Acme", `+zone+`}]}`)
			before := f.bytes()
			_, err := f.deploy(f.config())
			var e *plan.ConflictError
			if !errors.As(err, &e) || e.Code != errcode.Conflict || len(e.Objects) != 1 {
				t.Fatalf("got %v, want one conflict", err)
			}
			if writes := f.writes(); len(writes) > 0 || f.bytes() != before {
				t.Errorf("something was written: %v", writes)
			}
			if _, err := f.destroy(f.config()); err != nil || f.bytes() != before {
				t.Errorf("destroy touched what is not ours (%v)", err)
			}
			config := f.config()
			config.Adopt = true
			f.mustDeploy(config)
			if plan, err := f.plan(f.config()); err != nil || len(plan.Changes()) > 0 {
				t.Errorf("after --adopt: %v, %v", plan.Changes(), err)
			}
		})
	}
}

func TestOtherRecordsAreNoConflict(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com", "records": [
		{"type": "TXT", "name": "gptapi.example.com", "content": "v=spf1 -all"},
		{"type": "A", "name": "www.example.com", "content": "192.0.2.1"}],
		"routes": [{"pattern": "www.example.com/*"}]}]}]}`)
	before := f.bytes()
	f.mustDeploy(f.config())
	if _, err := f.destroy(f.config()); err != nil || f.bytes() != before {
		t.Errorf("neighbours did not survive (%v):\n%s", err, cmp.Diff(before, f.bytes()))
	}
}
