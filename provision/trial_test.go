package provision_test

import (
	"context"
	"encoding/json"
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

// trial is an account on a bad day: after every write that reaches it, what must hold of it is looked at. Time is virtual.
type trial struct {
	t       testing.TB
	store   *sandbox.Store
	handler http.Handler
	engine  *provision.Engine
	hosts   []string
	// silent makes of a connection that is cut one from which nothing comes for as long as a call may take.
	silent bool
	// around makes a call, or does something else, before or after; nil for the call alone.
	around func(r *http.Request, call func() (*http.Response, error)) (*http.Response, error)
	// mayBe is true for a breach that is not the engine's, but somebody else's doing.
	mayBe func(breach) bool

	foreign map[string]string // what is nobody's but others', as it must stay
	turn    sync.Mutex        // one call at a time
	calls   []string
	now     time.Time
	// isOver says that the engine has exceeded a limit: it may not sleep any more, so it does not retry either.
	isOver bool
}

// What the engine may use up in one trial: far more than any needs, and little enough that an endless loop ends soon.
const (
	maxVirtualTime = 24 * time.Hour
	maxCalls       = 10_000
)

// theirs surround our relays in every trial: things of others at our hosts and beside them.
const theirs = `{"clock": "2026-11-20T12:00:00Z", "accounts": [{"name": "Acme",
	"scripts": [{"name": "theirs", "modules": [{"name": "a.js", "text": "export default {fetch() {}}"}]}],
	"zones": [{"name": "example.com", "records": [
		{"type": "TXT", "name": "gptapi.example.com", "content": "v=spf1 -all"},
		{"type": "MX", "name": "gptapi.example.com", "content": "mail.example.net", "priority": 10},
		{"type": "A", "name": "www.example.com", "content": "192.0.2.1", "proxied": true, "comment": "mine"}%s],
		"routes": [{"pattern": "www.example.com/*", "script": "theirs"}%s]},
	{"name": "example.org", "records": [{"type": "CNAME", "name": "blog.example.org", "content": "a.example.net"}],
		"routes": [{"pattern": "blog.example.org/x/*"}]}]}]}`

// account gives the text of an account with more records and routes in example.com, each after a comma.
func account(records, routes string) string { return fmt.Sprintf(theirs, records, routes) }

func newTrial(t testing.TB, text string, hosts ...string) *trial {
	t.Helper()
	store, err := sandbox.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return newTrialOn(t, store, hosts...)
}

func newTrialOn(t testing.TB, store *sandbox.Store, hosts ...string) *trial {
	tr := &trial{
		t: t, store: store, handler: sandbox.Handler(store), hosts: hosts,
		now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
	}
	deadline := tr.now.Add(maxVirtualTime)
	tr.foreign = tr.look().foreign(hosts)
	tr.engine = &provision.Engine{
		API: cloudflare.New(cloudflare.Options{Token: store.Token(), Transport: tr}),
		Sleep: func(ctx context.Context, d time.Duration) error {
			tr.pass(d)
			tr.turn.Lock()
			defer tr.turn.Unlock()
			if tr.now.After(deadline) {
				tr.exceeds("takes too long")
			}
			if tr.isOver {
				return context.Canceled
			}
			return ctx.Err()
		},
		Now:         func() time.Time { return tr.pass(0) },
		Jitter:      func() float64 { return 0.5 },
		CallTimeout: time.Minute, // of real time, which nothing here takes
		Rate:        provision.APIRate,
	}
	return tr
}

// silence is how long a call takes from which nothing comes.
const silence = 15 * time.Second

func (tr *trial) pass(d time.Duration) time.Time {
	tr.turn.Lock()
	defer tr.turn.Unlock()
	tr.now = tr.now.Add(d)
	return tr.now
}

// RoundTrip implements http.RoundTripper, one call at a time.
func (tr *trial) RoundTrip(r *http.Request) (*http.Response, error) {
	tr.turn.Lock()
	defer tr.turn.Unlock()
	tr.calls = append(tr.calls, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/client/v4"))
	if len(tr.calls) > maxCalls {
		tr.exceeds("makes too many calls")
	}
	call := func() (*http.Response, error) {
		res, err := sandbox.Transport(tr.handler).RoundTrip(r)
		if r.Method != http.MethodGet {
			tr.check(r.Method + " " + r.URL.Path)
		}
		return res, err
	}
	if tr.around != nil {
		return tr.around(r, call)
	}
	res, err := call()
	if tr.silent && errors.Is(err, io.ErrUnexpectedEOF) {
		tr.now = tr.now.Add(silence)
		return nil, context.DeadlineExceeded
	}
	return res, err
}

// exceeds fails the test, once, for an engine that goes on without end. The caller holds the lock.
func (tr *trial) exceeds(what string) {
	if !tr.isOver {
		tr.t.Errorf("the engine %s: %d calls, %s in virtual time", what, len(tr.calls), tr.now)
	}
	tr.isOver = true
}

func (tr *trial) check(when string) {
	here := tr.look()
	for _, b := range here.breaches() {
		if tr.mayBe == nil || !tr.mayBe(b) {
			tr.t.Errorf("after %s: %s: %s", when, b.what, b.host)
		}
	}
	if foreign := here.foreign(tr.hosts); !maps.Equal(tr.foreign, foreign) {
		tr.t.Errorf("after %s: what is not ours has changed:\n%s", when, cmp.Diff(tr.foreign, foreign))
	}
}

// smallBundle stands for the Worker, whose size only costs time here.
func smallBundle() worker.Bundle {
	return worker.Bundle{
		Main: "index.js", CompatibilityDate: "2026-06-01",
		Modules: []worker.Module{{Name: "index.js", Type: "application/javascript+module", Source: []byte("export default {fetch() {}}")}},
	}
}

// command is how a run is called.
type command struct {
	destroy, noVerify, keepPartial bool
}

// plan plans a run.
func (tr *trial) plan(ctx context.Context, c command, configs ...plan.Config) (plan.Plan, error) {
	if c.destroy {
		return tr.engine.PlanDestroy(ctx, configs, nil)
	}
	observed, err := tr.engine.Observe(ctx, configs, nil)
	if err != nil {
		return plan.Plan{}, err
	}
	return provision.PlanDeploy(observed, smallBundle(), configs[0].Adopt)
}

// result is how a run ended.
type result struct {
	receipt provision.Receipt
	touched map[string]bool // what the run reports to have changed, or may have, by the names of likeness
	undone  bool            // what the run created was removed after a failure
	err     error           // the first error of the command, of any host, or of reconciling
}

func (r *result) touch(receipts ...provision.Receipt) {
	r.touched = map[string]bool{}
	for _, receipt := range receipts {
		for _, step := range slices.Concat(receipt.Done, receipt.Unknown) {
			r.touched[step.Address.Kind.String()+" "+step.Address.Name] = true
		}
	}
}

// execute executes a plan.
func (tr *trial) execute(ctx context.Context, p plan.Plan, c command) result {
	var r result
	if c.destroy {
		r.receipt, r.err = tr.engine.Destroy(ctx, p, nil)
		r.touch(r.receipt)
		return r
	}
	options := provision.DeployOptions{KeepPartial: c.keepPartial}
	if !c.noVerify {
		options.Verify = func(provision.Receipt) {}
	}
	out, err := tr.engine.Deploy(ctx, p, options, nil)
	r.receipt = out.Receipt
	r.touch(out.Receipt, out.Undo, provision.Receipt{Done: out.Reconciled})
	if err == nil && len(out.Receipt.Failed) > 0 {
		err = out.Receipt.Failed[0].Err
	}
	r.undone = err != nil && !c.keepPartial && ctx.Err() == nil && len(r.touched) > 0 && out.UndoErr == nil
	r.err = errors.Join(err, out.ReconcileErr)
	return r
}

// run plans a run and executes the plan.
func (tr *trial) run(ctx context.Context, c command, configs ...plan.Config) result {
	p, err := tr.plan(ctx, c, configs...)
	if err != nil {
		return result{err: err}
	}
	return tr.execute(ctx, p, c)
}

// text gives the account as it stands, without what is to happen to it.
func (tr *trial) text(without ...string) string {
	tr.t.Helper()
	data, err := tr.store.Bytes()
	if err != nil {
		tr.t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		tr.t.Fatal(err)
	}
	for _, name := range without {
		delete(all, name)
	}
	data, err = json.Marshal(all)
	if err != nil {
		tr.t.Fatal(err)
	}
	return string(data)
}

// holdings is what accounts hold, as their text says.
type holdings struct {
	Accounts []struct {
		ID      string
		Scripts []json.RawMessage
		Zones   []struct {
			ID      string
			Name    string
			Records []json.RawMessage
			Routes  []json.RawMessage
		}
	}
}

// held is any of a record, a route, a script.
type held struct {
	ID, Type, Name, Content, Comment, Pattern, Script string
	Proxied                                           bool
	Tags                                              []string
}

func (tr *trial) look() holdings {
	data, err := tr.store.Bytes()
	var h holdings
	if err == nil {
		err = json.Unmarshal(data, &h)
	}
	if err != nil {
		tr.t.Error(err)
	}
	return h
}

// all gives everything with its text, and with the path of what holds it.
func (h holdings) all(each func(in, kind string, x held, text string)) {
	list := func(in, kind string, texts []json.RawMessage) {
		for _, text := range texts {
			var x held
			if err := json.Unmarshal(text, &x); err != nil {
				panic(err)
			}
			each(in, kind, x, string(text))
		}
	}
	for _, a := range h.Accounts {
		list("/accounts/"+a.ID, "script", a.Scripts)
		for _, z := range a.Zones {
			list("/zones/"+z.ID, "record", z.Records)
			list("/zones/"+z.ID, "route", z.Routes)
		}
	}
}

// foreign gives the text of everything that is no matter of the hosts' relays.
func (h holdings) foreign(hosts []string) map[string]string {
	out := map[string]string{}
	h.all(func(_, kind string, x held, text string) {
		isOurs := kind == "script" && slices.Contains(x.Tags, plan.OwnerTag) ||
			kind == "route" && slices.Contains(hosts, hostOf(x.Pattern)) ||
			kind == "record" && slices.Contains(hosts, x.Name) && isAddress(x)
		if !isOurs {
			out[kind+" "+x.ID+x.Name+x.Pattern] = text
		}
	})
	return out
}

func isAddress(x held) bool { return slices.Contains([]string{"A", "AAAA", "CNAME"}, x.Type) }

func hostOf(pattern string) string {
	host, _, _ := strings.Cut(pattern, "/")
	return host
}

// breach is something that must never be.
type breach struct{ what, host string }

const (
	breachOpen  = "a proxied record of ours without its route"
	breachDead  = "a proxied record of ours whose route leads to no Worker"
	breachTwice = "two records of ours"
	breachRoute = "two routes"
)

func (h holdings) breaches() []breach {
	routes, scripts, records := map[string]string{}, map[string]bool{}, map[string]int{}
	var found []breach
	h.all(func(_, kind string, x held, _ string) {
		switch kind {
		case "script":
			scripts[x.Name] = true
		case "route":
			if _, twice := routes[x.Pattern]; twice {
				found = append(found, breach{breachRoute, hostOf(x.Pattern)})
			}
			routes[x.Pattern] = x.Script
		}
	})
	h.all(func(_, kind string, x held, _ string) {
		if kind != "record" || !plan.OwnsComment(x.Comment) {
			return
		}
		if records[x.Name]++; records[x.Name] == 2 {
			found = append(found, breach{breachTwice, x.Name})
		}
		script, stands := routes[x.Name+"/*"]
		switch {
		case !x.Proxied:
		case !stands:
			found = append(found, breach{breachOpen, x.Name})
		case !scripts[script]:
			found = append(found, breach{breachDead, x.Name})
		}
	})
	return found
}

// likeness gives what accounts hold but for ids, times and what was deployed before, one line a thing, by what it is.
func (h holdings) likeness() map[string]string {
	out := map[string]string{}
	h.all(func(_, kind string, x held, text string) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(text), &fields); err != nil {
			panic(err)
		}
		maps.DeleteFunc(fields, func(name string, _ any) bool {
			return strings.HasSuffix(name, "_on") || slices.Contains([]string{"id", "tag", "version", "versions", "deployments", "number", "unseen"}, name)
		})
		data, _ := json.Marshal(fields) // what was JSON is JSON again
		out[kind+" "+x.Name+x.Pattern] += string(data)
	})
	return out
}

func (tr *trial) config(hosts ...string) plan.Config {
	tr.t.Helper()
	config, err := plan.Config{
		Domains:   hosts,
		Providers: []worker.Provider{{ID: "openai", Origin: "https://api.openai.com"}},
		Version:   "1.2.3",
	}.Normalize()
	if err != nil {
		tr.t.Fatal(err)
	}
	return config
}
