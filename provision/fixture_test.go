package provision_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/provision/sandbox/schematest"
	"github.com/cfproxy/cfproxy/worker"
)

const host = "gptapi.example.com"

// fixture is an engine that uses the real SDK on a sandbox, and a list of the calls that it makes.
type fixture struct {
	t      *testing.T
	store  *sandbox.Store
	engine *provision.Engine
	mu     sync.Mutex // reads go out together
	calls  []string
	waits  []time.Duration
	adopt  bool // plans take over what conflicts
	// observer is passed to runs that write.
	observer func(provision.Event)
}

// newFixture returns a fixture for an account in JSON; "" has the zone example.com only.
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
			Trace: func(c cloudflare.Call) {
				f.record(func() { f.calls = append(f.calls, c.Method+" "+resourceOf(c.Path)) })
			},
		}),
		Sleep: func(_ context.Context, d time.Duration) error {
			f.record(func() { f.waits = append(f.waits, d) })
			return nil
		},
		Jitter:      func() float64 { return 0.5 },
		CallTimeout: 5 * time.Second,
	}
	return f
}

// record calls f with the lock held.
func (f *fixture) record(update func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	update()
}

// serially makes one call at a time.
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

// resourceOf returns the kind of resource in an API path.
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
		Domains:        []string{host},
		Providers:      []worker.Provider{{ID: "openai", Origin: "https://api.openai.com"}},
		ProgramVersion: "1.2.3",
	}.Normalize()
	if err != nil {
		f.t.Fatal(err)
	}
	return config
}

func (f *fixture) plan(config plan.Config) (plan.Plan, error) {
	return f.planAll(f.adopt, config)
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

// apply deploys a plan without verification. It returns the first error of any host.
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

// writes returns the writes among the calls since the last time, and forgets all calls.
func (f *fixture) writes() []string {
	writes := slices.DeleteFunc(f.calls, func(c string) bool { return strings.HasPrefix(c, "GET ") })
	f.calls = nil
	return writes
}
