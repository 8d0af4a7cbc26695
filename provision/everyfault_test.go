package provision_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

// A scenario is a run of a command, and the account before it.
type scenario struct {
	name    string
	hosts   []string
	before  func(t testing.TB) string
	change  func(*plan.Config)
	command command
	// updates says that the relay stands and has to go on serving, whatever happens.
	updates bool
}

const (
	second = "two.example.com"
	third  = "api.example.org"
)

var scenarios = []scenario{
	{name: "first deploy", hosts: []string{host}, before: empty},
	{name: "first deploy of three", hosts: []string{host, second, third}, before: empty},
	{name: "update", hosts: []string{host}, before: edited, change: otherProvider, updates: true},
	{name: "renamed Worker", hosts: []string{host}, before: standing(host), change: renamed, updates: true},
	{name: "two more hosts", hosts: []string{host, second, third}, before: standing(host)},
	{name: "adopt", hosts: []string{host}, before: inTheWay, change: adopting},
	{name: "destroy", hosts: []string{host}, before: standing(host), command: command{destroy: true}},
	{name: "destroy of three", hosts: []string{host, second, third}, before: standing(host, second, third), command: command{destroy: true}},
}

func empty(testing.TB) string { return account("", "") }

func inTheWay(testing.TB) string {
	return account(`, {"type": "CNAME", "name": "gptapi.example.com", "content": "a.example.net"}`,
		`, {"pattern": "gptapi.example.com/v1/*", "script": "theirs"}`)
}

// standing is an account in which relays were deployed.
func standing(hosts ...string) func(testing.TB) string {
	return func(t testing.TB) string {
		tr := newTrial(t, empty(t), hosts...)
		if end := tr.run(context.Background(), command{}, tr.config(hosts...)); end.err != nil {
			t.Fatal(end.err)
		}
		return tr.text()
	}
}

// edited is one in which somebody has changed the record since, and led the route elsewhere.
func edited(t testing.TB) string {
	text := standing(host)(t)
	for _, edit := range [][2]string{
		{`"content":"2.2.2.2"`, `"content":"192.0.2.9"`},
		{`"pattern":"gptapi.example.com/*","script":"cfproxy-gptapi-example-com"`, `"pattern":"gptapi.example.com/*","script":"theirs"`},
	} {
		if !strings.Contains(text, edit[0]) {
			t.Fatalf("nothing to edit: %s in %s", edit[0], text)
		}
		text = strings.Replace(text, edit[0], edit[1], 1)
	}
	return text
}

func otherProvider(c *plan.Config) {
	c.Providers = []worker.Provider{{ID: "deepseek", Origin: "https://api.deepseek.com"}}
}
func renamed(c *plan.Config)  { c.Worker = "relay" }
func adopting(c *plan.Config) { c.Adopt = true }

func (s scenario) config(tr *trial) plan.Config {
	config := tr.config(s.hosts...)
	if s.change != nil {
		s.change(&config)
	}
	return config
}

// faultsOfCalls are what can happen to a call, in the sandbox's words.
var faultsOfCalls = []struct {
	name, what string
	silent     bool
	ends       bool // is tried at all later calls as well; the others of its kind would show nothing new
}{
	{name: "500", what: `"status": 500`, ends: true},
	{name: "502 in HTML", what: `"status": 502, "content_type": "text/html", "body": "<html>Bad gateway</html>"`},
	{name: "500 though done", what: `"status": 500, "after": true`},
	{name: "429", what: `"retry_after": "30"`, ends: true},
	{name: "dropped before", what: `"drop": true`},
	{name: "dropped after", what: `"drop": true, "after": true`, ends: true},
	{name: "silent before", what: `"drop": true`, silent: true},
	{name: "silent after", what: `"drop": true, "after": true`, silent: true},
}

// Bounds of a run in which everything fails from some call on.
const (
	mostCalls  = 150
	longestRun = 15 * time.Minute // of virtual time, which passes where the API asks for a wait, or is silent
)

// TestEveryFaultAtEveryCall goes through all calls that a run makes, and all that can happen to each: once, to every later call
// like it, and to every later call at all. The order of reads that go out together is not the same in every run, so a call is
// named by its method and path, and by how many of these went before.
func TestEveryFaultAtEveryCall(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			before := s.before(t)
			clean := newTrial(t, before, s.hosts...)
			if end := clean.run(context.Background(), s.command, s.config(clean)); end.err != nil {
				t.Fatal(end.err)
			}
			want := clean.look().likeness()
			count := 0
			for i, places := range placesOf(clean.calls) {
				for _, fault := range faultsOfCalls {
					for k, place := range places {
						isRead := strings.HasPrefix(clean.calls[i], "GET ")
						if k == 2 && !fault.ends || isRead && strings.Contains(fault.what, "after\"") {
							continue // a read that was done and one that was not are the same
						}
						if count++; testing.Short() && count%17 != 0 {
							continue
						}
						name := fmt.Sprintf("%s, %s %s", clean.calls[i], fault.name, [...]string{"once", "from then on", "with all after it"}[k])
						struck := withFault(t, before, fmt.Sprintf("{%s, %s}", place, fault.what))
						t.Run(name, func(t *testing.T) {
							t.Parallel()
							s.suffer(t, before, struck, fault.silent, k == 0, want)
						})
					}
				}
			}
		})
	}
}

// placesOf gives for each call how a fault says: at this one, at this one and those like it, and at all from here on.
func placesOf(calls []string) [][3]string {
	var places [][3]string
	seen := map[string]int{}
	for i, call := range calls {
		method, path, _ := strings.Cut(call, " ")
		at := fmt.Sprintf(`"method": %q, "path": %q, "skip": %d`, method, path, seen[call])
		places = append(places, [3]string{at, at + `, "times": -1`, fmt.Sprintf(`"skip": %d, "times": -1`, i)})
		seen[call]++
	}
	return places
}

func withFault(t *testing.T, text, fault string) string {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	all["faults"] = json.RawMessage("[" + fault + "]")
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// suffer runs the scenario with a fault, and again without it.
func (s scenario) suffer(t *testing.T, before, struck string, silent, passes bool, want map[string]string) {
	tr := newTrial(t, struck, s.hosts...)
	tr.silent = silent
	start, began := tr.look().likeness(), tr.now
	end := tr.run(context.Background(), s.command, s.config(tr))
	after := tr.look().likeness()
	if len(tr.calls) > mostCalls || tr.now.Sub(began) > longestRun {
		t.Errorf("%d calls in %s", len(tr.calls), tr.now.Sub(began))
	}
	if passes && strings.Contains(tr.text(), `"faults"`) {
		t.Error("the fault did not strike")
	}
	switch {
	case end.err == nil:
		if diff := cmp.Diff(want, after); diff != "" {
			t.Errorf("it says that all is well, but:\n%s", diff)
		}
	case passes:
		t.Errorf("a fault that passes is not ridden out: %v", end.err)
	case errcode.Of(end.err) == "":
		t.Errorf("an error without a code: %v", end.err)
	}
	for thing := range changed(start, after) {
		if !end.touched[thing] {
			t.Errorf("%s has changed, and the receipt does not know", thing)
		}
	}
	if s.updates {
		for _, call := range tr.calls {
			if strings.HasPrefix(call, "DELETE") && end.err != nil && !strings.Contains(call, "/workers/scripts/") {
				t.Errorf("a relay that serves has lost something by %s", call)
			}
		}
	}
	if end.undone {
		s.checkTakenBack(t, end, start, after)
	}
	again := newTrial(t, tr.text("faults"), s.hosts...)
	if end := again.run(context.Background(), s.command, s.config(again)); end.err != nil {
		t.Fatalf("the next run fails: %v", end.err)
	}
	if diff := cmp.Diff(want, again.look().likeness()); diff != "" {
		t.Errorf("the next run does not converge:\n%s", diff)
	}
	if plan, err := again.plan(context.Background(), s.command, s.config(again)); err != nil || len(plan.Changes()) > 0 {
		t.Errorf("then: %v, %v", plan.Changes(), err)
	}
}

// checkTakenBack: of hosts at which nothing stood and that were not finished, nothing stands.
func (s scenario) checkTakenBack(t *testing.T, end result, start, after map[string]string) {
	failed := end.receipt.FailedHosts()
	for _, refusal := range failed {
		for _, thing := range []string{"route " + plan.RoutePattern(refusal.Host), "record " + refusal.Host} {
			if start[thing] == "" && after[thing] != "" && start["record "+refusal.Host] == "" {
				t.Errorf("%s is not taken back", thing)
			}
		}
	}
	isFirst := start["script cfproxy-gptapi-example-com"] == "" && len(failed) == len(s.hosts)
	if diff := cmp.Diff(start, after); isFirst && !strings.Contains(s.name, "adopt") && diff != "" {
		t.Errorf("a first deploy that failed has left something:\n%s", diff)
	}
}

// changed names what differs.
func changed(a, b map[string]string) map[string]bool {
	out := map[string]bool{}
	for name := range a {
		out[name] = out[name] || a[name] != b[name]
	}
	for name := range b {
		out[name] = out[name] || a[name] != b[name]
	}
	for name, differs := range out {
		if !differs {
			delete(out, name)
		}
	}
	return out
}

// Somebody takes the route away, or leads it elsewhere, after the plan was made: the record, which is all that was missing, does
// not come.
func TestNoRecordWithoutTheRouteOfThePlan(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]int{"deleted": deleteRoute, "led elsewhere": leadElsewhere} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTrial(t, closed(t), host)
			plan, err := tr.plan(context.Background(), command{}, tr.config(host))
			if err != nil || len(plan.Changes()) != 1 {
				t.Fatalf("got %v, %v", plan.Changes(), err)
			}
			somebody := &others{trial: tr, noRoute: map[string]bool{}}
			somebody.do(edit{kind: kind})
			before := tr.text()
			if end := tr.execute(context.Background(), plan, command{}); errcode.Of(end.err) != errcode.ConcurrentChange {
				t.Errorf("got %v", end.err)
			}
			if tr.text() != before {
				t.Error("something was written")
			}
		})
	}
}
