package provision_test

import (
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

// scenario is a command, and the account before it.
type scenario struct {
	name    string
	hosts   []string
	before  func(t testing.TB) string
	change  func(*plan.Config)
	command command
	// serving says that a relay is deployed and has to go on serving, whatever happens.
	serving bool
}

const (
	secondHost = "two.example.com"
	thirdHost  = "api.example.org" // of another zone
)

var scenarios = []scenario{
	{name: "first deploy", hosts: []string{host}, before: emptyAccount},
	{name: "first deploy with --no-verify", hosts: []string{host}, before: emptyAccount, command: command{noVerify: true}},
	{name: "first deploy of three", hosts: []string{host, secondHost, thirdHost}, before: emptyAccount},
	{name: "first deploy of three with --keep-partial", hosts: []string{host, secondHost, thirdHost}, before: emptyAccount,
		command: command{keepPartial: true}},
	{name: "update", hosts: []string{host}, before: editedAccount, change: otherProvider, serving: true},
	{name: "update with --keep-partial", hosts: []string{host}, before: editedAccount, change: otherProvider, serving: true,
		command: command{keepPartial: true}},
	{name: "update with --no-verify", hosts: []string{host}, before: editedAccount, change: otherProvider, serving: true,
		command: command{noVerify: true}},
	{name: "renamed Worker", hosts: []string{host}, before: deployedAccount(host), change: otherWorker, serving: true},
	{name: "two more hosts", hosts: []string{host, secondHost, thirdHost}, before: deployedAccount(host)},
	{name: "adopt", hosts: []string{host}, before: conflictingAccount, command: command{adopt: true}},
	{name: "destroy", hosts: []string{host}, before: deployedAccount(host), command: command{destroy: true}},
	{name: "destroy of three", hosts: []string{host, secondHost, thirdHost}, before: deployedAccount(host, secondHost, thirdHost),
		command: command{destroy: true}},
}

func otherProvider(c *plan.Config) {
	c.Providers = []worker.Provider{{ID: "deepseek", Origin: "https://api.deepseek.com"}}
}
func otherOrigin(c *plan.Config) { c.Origin = "192.0.2.1" }
func otherWorker(c *plan.Config) { c.Worker = "relay" }

func (s scenario) config(h *harness) plan.Config {
	config := h.config(s.hosts...)
	if s.change != nil {
		s.change(&config)
	}
	return config
}

// callFaults are what can happen to a call, as the sandbox's JSON has it.
var callFaults = []struct {
	name, fault string
	hang        bool
	// lasting says that the fault is also tried at all later calls; the others would show nothing new there.
	lasting bool
}{
	{name: "500", fault: `"status": 500`, lasting: true},
	{name: "502 in HTML", fault: `"status": 502, "content_type": "text/html", "body": "<html>Bad gateway</html>"`},
	{name: "500 after it took effect", fault: `"status": 500, "after": true`},
	{name: "429", fault: `"retry_after": "30"`, lasting: true},
	{name: "dropped before", fault: `"drop": true`},
	{name: "dropped after", fault: `"drop": true, "after": true`, lasting: true},
	{name: "hanging before", fault: `"drop": true`, hang: true},
	{name: "hanging after", fault: `"drop": true, "after": true`, hang: true},
}

// Bounds of a run in which every call fails from some call on.
const (
	maxCalls   = 150
	maxRunTime = 15 * time.Minute // of virtual time: waits that the API asks for, and calls without an answer
)

// TestEveryFaultAtEveryCall lets every call of a command meet every fault: once, at every later call like it, and at
// every later call. Reads run in parallel, so a call is identified by its method, its path and how many of these came
// before.
func TestEveryFaultAtEveryCall(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			before := s.before(t)
			clean := newHarness(t, before, s.hosts...)
			if r := clean.run(t.Context(), s.command, s.config(clean)); r.err != nil {
				t.Fatal(r.err)
			}
			want := clean.state().normalized()
			count := 0
			for i, places := range faultPlaces(clean.calls) {
				for _, f := range callFaults {
					for k, place := range places {
						isRead := strings.HasPrefix(clean.calls[i], "GET ")
						if k == 2 && !f.lasting || isRead && strings.Contains(f.fault, "after\"") {
							continue // a read has no effect
						}
						if count++; testing.Short() && count%17 != 0 {
							continue
						}
						name := fmt.Sprintf("%s, %s %s", clean.calls[i], f.name, [...]string{"once", "from then on", "with all after it"}[k])
						faulty := withFault(t, before, fmt.Sprintf("{%s, %s}", place, f.fault))
						t.Run(name, func(t *testing.T) {
							t.Parallel()
							s.runWithFault(t, faulty, f.hang, k == 0, want)
						})
					}
				}
			}
		})
	}
}

// faultPlaces returns for each call where a fault of the sandbox strikes: at this call, at this one and those like it,
// and at all from this one on.
func faultPlaces(calls []string) [][3]string {
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

func withFault(t *testing.T, account, fault string) string {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(account), &fields); err != nil {
		t.Fatal(err)
	}
	fields["faults"] = json.RawMessage("[" + fault + "]")
	data, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// runWithFault runs the command on the faulty account, and again without the fault. passes says that the fault strikes
// once; want is the state that the command leads to.
func (s scenario) runWithFault(t *testing.T, faulty string, hang, passes bool, want map[string]string) {
	h := newHarness(t, faulty, s.hosts...)
	h.hang = hang
	start, began := h.state().normalized(), h.now
	r := h.run(t.Context(), s.command, s.config(h))
	after := h.state().normalized()
	if len(h.calls) > maxCalls || h.now.Sub(began) > maxRunTime {
		t.Errorf("%d calls in %s", len(h.calls), h.now.Sub(began))
	}
	if passes && strings.Contains(h.account(), `"faults"`) {
		t.Error("the fault did not strike")
	}
	switch {
	case r.err == nil:
		if diff := cmp.Diff(want, after); diff != "" {
			t.Errorf("the run succeeded, but:\n%s", diff)
		}
	case passes:
		t.Errorf("the run did not survive one fault: %v", r.err)
	case errcode.Of(r.err) == "":
		t.Errorf("an error without a code: %v", r.err)
	}
	for _, name := range changed(start, after) {
		if !r.touched[name] {
			t.Errorf("%s has changed, but is not in the receipt", name)
		}
	}
	s.checkDeletions(t, h.calls, r)
	if r.undone {
		s.checkUndone(t, r, start, after)
	}
	s.checkNextRun(t, h.account("faults"), want)
}

// checkDeletions checks that a failed deploy deleted nothing but what it may.
func (s scenario) checkDeletions(t *testing.T, calls []string, r result) {
	for _, call := range calls {
		if r.err == nil || !strings.HasPrefix(call, "DELETE") {
			continue
		}
		if s.serving && !strings.Contains(call, "/workers/scripts/") {
			t.Errorf("a serving relay has lost something by %s", call)
		}
		if s.command.keepPartial {
			t.Errorf("not kept: %s", call)
		}
	}
}

// checkUndone checks that nothing is left at hosts that had nothing before and that were not finished.
func (s scenario) checkUndone(t *testing.T, r result, start, after map[string]string) {
	failed := r.receipt.FailedHosts()
	for _, f := range failed {
		for _, name := range []string{"route " + plan.RoutePattern(f.Host), "record " + f.Host} {
			if start[name] == "" && after[name] != "" && start["record "+f.Host] == "" {
				t.Errorf("%s is not removed", name)
			}
		}
	}
	isFirst := start["script cfproxy-gptapi-example-com"] == "" && len(failed) == len(s.hosts)
	if diff := cmp.Diff(start, after); isFirst && !s.command.adopt && diff != "" {
		t.Errorf("a failed first deploy has left something:\n%s", diff)
	}
}

// checkNextRun checks that the command succeeds when nothing fails, and then has nothing to do.
func (s scenario) checkNextRun(t *testing.T, account string, want map[string]string) {
	h := newHarness(t, account, s.hosts...)
	if r := h.run(t.Context(), s.command, s.config(h)); r.err != nil {
		t.Fatalf("the next run fails: %v", r.err)
	}
	if diff := cmp.Diff(want, h.state().normalized()); diff != "" {
		t.Errorf("the next run does not converge:\n%s", diff)
	}
	if p, err := h.plan(t.Context(), s.command, s.config(h)); err != nil || len(p.Changes()) > 0 {
		t.Errorf("the run after that has changes: %v, %v", p.Changes(), err)
	}
}
