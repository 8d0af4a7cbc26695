package provision_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/worker"
)

// harness runs the engine on a sandbox whose calls may fail, on a virtual clock. After every write it checks that the
// account violates no invariant and that other people's resources have not changed.
type harness struct {
	t       testing.TB
	store   *sandbox.Store
	handler http.Handler
	engine  *provision.Engine
	hosts   []string
	// hang turns a dropped connection into a call that gets no answer until it times out.
	hang bool
	// intercept makes a call, or does something else, before or after; nil for the call alone.
	intercept func(r *http.Request, call func() (*http.Response, error)) (*http.Response, error)
	// allowed reports whether a violation is not the engine's fault; nil for none.
	allowed func(violation) bool

	foreign map[string]string // other people's resources, as they must stay
	mu      sync.Mutex        // one call at a time
	calls   []string
	now     time.Time
}

// foreignAccount has resources of other people at our hosts and beside them. Its verbs are for more records and routes
// of example.com.
const foreignAccount = `{"clock": "2026-11-20T12:00:00Z", "accounts": [{"name": "Acme",
	"scripts": [{"name": "theirs", "modules": [{"name": "a.js", "text": "export default {fetch() {}}"}]}],
	"zones": [{"name": "example.com", "records": [
		{"type": "TXT", "name": "gptapi.example.com", "content": "v=spf1 -all"},
		{"type": "MX", "name": "gptapi.example.com", "content": "mail.example.net", "priority": 10},
		{"type": "A", "name": "www.example.com", "content": "192.0.2.1", "proxied": true, "comment": "mine"}%s],
		"routes": [{"pattern": "www.example.com/*", "script": "theirs"}%s]},
	{"name": "example.org", "records": [{"type": "CNAME", "name": "blog.example.org", "content": "a.example.net"}],
		"routes": [{"pattern": "blog.example.org/x/*"}]}]}]}`

func newHarness(t testing.TB, account string, hosts ...string) *harness {
	t.Helper()
	store, err := sandbox.Parse([]byte(account))
	if err != nil {
		t.Fatal(err)
	}
	return newHarnessOn(t, store, hosts...)
}

func newHarnessOn(t testing.TB, store *sandbox.Store, hosts ...string) *harness {
	h := &harness{
		t: t, store: store, handler: sandbox.Handler(store), hosts: hosts,
		now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
	}
	h.foreign = h.state().foreignState(hosts)
	h.engine = &provision.Engine{
		API: cloudflare.New(cloudflare.Options{Token: store.Token(), Transport: h}),
		Sleep: func(ctx context.Context, d time.Duration) error {
			h.advance(d)
			return ctx.Err()
		},
		Now:         func() time.Time { return h.advance(0) },
		Jitter:      func() float64 { return 0.5 },
		CallTimeout: time.Minute, // of real time, which no call here takes
		Rate:        provision.APIRate,
	}
	return h
}

// hangTime is how much virtual time a call takes that gets no answer.
const hangTime = 15 * time.Second

func (h *harness) advance(d time.Duration) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
	return h.now
}

// RoundTrip implements http.RoundTripper, one call at a time.
func (h *harness) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/client/v4"))
	call := func() (*http.Response, error) {
		res, err := sandbox.Transport(h.handler).RoundTrip(r)
		if r.Method != http.MethodGet {
			h.checkInvariants(r.Method + " " + r.URL.Path)
		}
		return res, err
	}
	if h.intercept != nil {
		return h.intercept(r, call)
	}
	res, err := call()
	if h.hang && errors.Is(err, io.ErrUnexpectedEOF) {
		h.now = h.now.Add(hangTime)
		return nil, context.DeadlineExceeded
	}
	return res, err
}

func (h *harness) checkInvariants(after string) {
	state := h.state()
	for _, v := range state.violations() {
		if h.allowed == nil || !h.allowed(v) {
			h.t.Errorf("after %s: %s: %s", after, v.what, v.host)
		}
	}
	if foreign := state.foreignState(h.hosts); !maps.Equal(h.foreign, foreign) {
		h.t.Errorf("after %s: other people's resources have changed:\n%s", after, cmp.Diff(h.foreign, foreign))
	}
}

// smallBundle replaces the Worker, whose size makes no difference here.
func smallBundle() worker.Bundle {
	return worker.Bundle{
		Main: "index.js", CompatibilityDate: "2026-06-01",
		Modules: []worker.Module{{Name: "index.js", Type: "application/javascript+module", Source: []byte("export default {fetch() {}}")}},
	}
}

// config returns the Config of a relay at hosts.
func (h *harness) config(hosts ...string) plan.Config {
	h.t.Helper()
	config, err := plan.Config{
		Domains:        hosts,
		Providers:      []worker.Provider{{ID: "openai", Origin: "https://api.openai.com"}},
		ProgramVersion: "1.2.3",
	}.Normalize()
	if err != nil {
		h.t.Fatal(err)
	}
	return config
}

// command is a run of the command line: a deploy, with its options, or a destroy.
type command struct {
	destroy, noVerify, keepPartial, adopt bool
}

// plan plans a command.
func (h *harness) plan(ctx context.Context, c command, configs ...plan.Config) (plan.Plan, error) {
	if c.destroy {
		return h.engine.PlanDestroy(ctx, configs, nil)
	}
	observed, err := h.engine.Observe(ctx, configs, nil)
	if err != nil {
		return plan.Plan{}, err
	}
	return provision.PlanDeploy(observed, smallBundle(), c.adopt)
}

// result is how a command ended.
type result struct {
	receipt provision.Receipt
	touched map[string]bool // what it reports to have changed, or may have, by the names of normalized
	undone  bool            // it failed, and what it created was removed
	err     error           // the first error of the run, of any host, or of reconciling
}

func (r *result) touch(receipts ...provision.Receipt) {
	r.touched = map[string]bool{}
	for _, receipt := range receipts {
		for _, step := range slices.Concat(receipt.Done, receipt.Unknown) {
			r.touched[step.Address.Kind.String()+" "+step.Address.Name] = true
		}
	}
}

// execute executes the plan of a command.
func (h *harness) execute(ctx context.Context, p plan.Plan, c command) result {
	var r result
	if c.destroy {
		r.receipt, r.err = h.engine.Destroy(ctx, p, nil)
		r.touch(r.receipt)
		return r
	}
	options := provision.DeployOptions{KeepPartial: c.keepPartial}
	if !c.noVerify {
		options.Verify = func(provision.Receipt) {}
	}
	out, err := h.engine.Deploy(ctx, p, options, nil)
	r.receipt = out.Receipt
	r.touch(out.Receipt, out.Undo, provision.Receipt{Done: out.Reconciled})
	if err == nil && len(out.Receipt.Failed) > 0 {
		err = out.Receipt.Failed[0].Err
	}
	r.undone = err != nil && !c.keepPartial && ctx.Err() == nil && len(r.touched) > 0 && out.UndoErr == nil
	r.err = errors.Join(err, out.ReconcileErr)
	return r
}

// run plans and executes a command.
func (h *harness) run(ctx context.Context, c command, configs ...plan.Config) result {
	p, err := h.plan(ctx, c, configs...)
	if err != nil {
		return result{err: err}
	}
	return h.execute(ctx, p, c)
}

// emptyAccount has nothing of ours.
func emptyAccount(testing.TB) string { return fmt.Sprintf(foreignAccount, "", "") }

// deployedAccount returns an account in which a relay was deployed at hosts.
func deployedAccount(hosts ...string) func(testing.TB) string {
	return func(t testing.TB) string {
		h := newHarness(t, emptyAccount(t), hosts...)
		if r := h.run(t.Context(), command{}, h.config(hosts...)); r.err != nil {
			t.Fatal(r.err)
		}
		return h.account()
	}
}

// conflictingAccount has a record and a route of other people at our host.
func conflictingAccount(testing.TB) string {
	return fmt.Sprintf(foreignAccount, `, {"type": "CNAME", "name": "gptapi.example.com", "content": "a.example.net"}`,
		`, {"pattern": "gptapi.example.com/v1/*", "script": "theirs"}`)
}

// editedAccount has a relay whose record and route were edited by hand.
func editedAccount(t testing.TB) string {
	account := deployedAccount(host)(t)
	for _, edit := range [][2]string{
		{`"content":"2.2.2.2"`, `"content":"192.0.2.9"`},
		{`"pattern":"gptapi.example.com/*","script":"cfproxy-gptapi-example-com"`, `"pattern":"gptapi.example.com/*","script":"theirs"`},
	} {
		if !strings.Contains(account, edit[0]) {
			t.Fatalf("nothing to edit: %s in %s", edit[0], account)
		}
		account = strings.Replace(account, edit[0], edit[1], 1)
	}
	return account
}

// recordlessAccount has a relay whose record was deleted by hand.
func recordlessAccount(t testing.TB) string {
	h := newHarness(t, deployedAccount(host)(t), host)
	p, err := h.plan(t.Context(), command{destroy: true}, h.config(host))
	if err == nil {
		_, err = h.engine.API.ApplyStep(t.Context(), p.Changes()[0])
	}
	if err != nil {
		t.Fatal(err)
	}
	return h.account()
}
