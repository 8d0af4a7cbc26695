package provision_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/sandbox"
)

// pair is two runs at the same host at the same time.
type pair struct {
	name   string
	before func(testing.TB) string
	runs   [2]concurrentRun
	// leftover is what may be left, since no later run can find it.
	leftover string
	// unnoticed is the violation that a deploy with --no-verify may leave until the next run: it does not read again at
	// the end.
	unnoticed string
}

type concurrentRun struct {
	change  func(*plan.Config)
	command command
}

var (
	destroy  = command{destroy: true}
	noVerify = command{noVerify: true}
	keep     = command{keepPartial: true}
)

var pairs = []pair{
	{"the same deploy", emptyAccount, [2]concurrentRun{{}, {}}, "", ""},
	{"the same deploy with --no-verify", emptyAccount, [2]concurrentRun{{command: noVerify}, {command: noVerify}}, "", ""},
	{"the same deploy with --keep-partial", emptyAccount, [2]concurrentRun{{command: keep}, {command: keep}}, "", ""},
	{"other providers", emptyAccount, [2]concurrentRun{{}, {change: otherProvider}}, "", ""},
	{"other origins", emptyAccount, [2]concurrentRun{{}, {change: otherOrigin}}, "", ""},
	{"other origins, one with --no-verify", emptyAccount, [2]concurrentRun{{}, {change: otherOrigin, command: noVerify}}, "", duplicateRecord},
	{"other Workers", emptyAccount, [2]concurrentRun{{}, {change: otherWorker}}, "script relay", ""},
	{"update and destroy", deployedAccount(host), [2]concurrentRun{{change: otherProvider}, {command: destroy}}, "", ""},
	{"repair and destroy", recordlessAccount, [2]concurrentRun{{}, {command: destroy}}, "", ""},
	{"first deploy and destroy", emptyAccount, [2]concurrentRun{{}, {command: destroy}}, "", ""},
	{"first deploy with --no-verify and destroy", emptyAccount, [2]concurrentRun{{command: noVerify}, {command: destroy}}, "", recordWithoutRoute},
	{"first deploy with --keep-partial and destroy", emptyAccount, [2]concurrentRun{{command: keep}, {command: destroy}}, "", ""},
	{"destroy and destroy", deployedAccount(host), [2]concurrentRun{{command: destroy}, {command: destroy}}, "", ""},
}

// TestTwoRunsAtOnce interleaves two runs on one account, call by call: in all orders in which each run is interrupted
// at most once, and in some random ones. CFPROXY_LONG=1 tries every such order; without it, one in eight.
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	const maxCalls, random = 16, 40
	for _, p := range pairs {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			account := p.before(t)
			every, count := 8, 0
			switch {
			case os.Getenv("CFPROXY_LONG") != "":
				every = 1
			case testing.Short():
				every = 41
			}
			for first := range 2 {
				for i := range maxCalls {
					for j := 1; j < maxCalls; j++ {
						if count++; count%every != 0 {
							continue
						}
						t.Run(fmt.Sprintf("%d calls of %d, then %d", i, first, j), func(t *testing.T) {
							t.Parallel()
							p.run(t, account, func(call int) int {
								if call < i || call >= i+j {
									return first
								}
								return 1 - first
							})
						})
					}
				}
			}
			for seed := range uint64(random / every) {
				t.Run(fmt.Sprint("random ", seed), func(t *testing.T) {
					t.Parallel()
					dice := rand.New(rand.NewPCG(seed, 0))
					p.run(t, account, func(int) int { return dice.IntN(2) })
				})
			}
		})
	}
}

func anyViolation(violation) bool { return true }

func (r concurrentRun) config(h *harness) plan.Config {
	config := h.config(host)
	if r.change != nil {
		r.change(&config)
	}
	return config
}

// run runs both to their end, in the order of next, and checks what they leave.
func (p pair) run(t *testing.T, account string, next func(call int) int) {
	store, err := sandbox.Parse([]byte(account))
	if err != nil {
		t.Fatal(err)
	}
	var results [2]result
	turns := newScheduler()
	for i, r := range p.runs {
		h := newHarnessOn(t, store, host)
		h.allowed = anyViolation // until both have reconciled
		h.intercept = turns.intercept(i)
		config := r.config(h)
		go func() {
			defer turns.leave(i)
			results[i] = h.run(t.Context(), r.command, config)
		}()
	}
	turns.schedule(next)

	h := newHarnessOn(t, store, host)
	state := h.state()
	for _, v := range state.violations() {
		if v.what == p.unnoticed {
			continue
		}
		t.Errorf("%s: %s\n%v\n%v", v.what, v.host, results[0].err, results[1].err)
	}
	parts := map[string]bool{}
	state.each(func(_, kind string, x resource, _ string) {
		if kind == "record" && plan.OwnsComment(x.Comment) || kind == "route" && x.Pattern == plan.RoutePattern(host) {
			parts[kind] = true
		}
	})
	if isPartial := len(parts) == 1; isPartial && p.unnoticed == "" && results[0].err == nil && results[1].err == nil {
		t.Errorf("a relay is incomplete, and neither run reports it: %v", parts)
	}
	for _, r := range p.runs {
		p.checkConverges(t, h.account(), r)
	}
}

// checkConverges runs one of the runs again, alone.
func (p pair) checkConverges(t *testing.T, account string, r concurrentRun) {
	h := newHarness(t, account, host)
	h.allowed = anyViolation // those before were reported
	config := r.config(h)
	if r := h.run(t.Context(), r.command, config); r.err != nil {
		t.Fatalf("the next run fails: %v", r.err)
	}
	alone := newHarness(t, emptyAccount(t), host)
	if !r.command.destroy {
		next, err := h.plan(t.Context(), command{}, config)
		if err != nil || len(next.Changes()) > 0 {
			t.Errorf("the run after that has changes: %v, %v", next.Changes(), err)
		}
		config.Worker = next.Worker // a Worker that serves is kept, whatever its name
		if r := alone.run(t.Context(), command{}, config); r.err != nil {
			t.Fatal(r.err)
		}
	}
	want, got := alone.state().normalized(), h.state().normalized()
	if want[p.leftover] == "" {
		delete(got, p.leftover)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the next run does not converge:\n%s", diff)
	}
}

// scheduler lets two runs make their calls in turns.
type scheduler struct {
	requests [2]chan bool // true: a call; false: the run has ended
	grants   [2]chan struct{}
}

func newScheduler() scheduler {
	return scheduler{[2]chan bool{make(chan bool), make(chan bool)}, [2]chan struct{}{make(chan struct{}), make(chan struct{})}}
}

func (s scheduler) intercept(i int) func(*http.Request, func() (*http.Response, error)) (*http.Response, error) {
	return func(_ *http.Request, call func() (*http.Response, error)) (*http.Response, error) {
		s.requests[i] <- true
		<-s.grants[i]
		return call()
	}
}

func (s scheduler) leave(i int) { s.requests[i] <- false }

// schedule grants calls until both runs have ended: to the run that next names, or to the other one if that has ended.
// It waits for the next request or the end of the run before it grants another call.
func (s scheduler) schedule(next func(call int) int) {
	isRunning := [2]bool{<-s.requests[0], <-s.requests[1]}
	for call := 0; isRunning[0] || isRunning[1]; call++ {
		i := next(call)
		if !isRunning[i] {
			i = 1 - i
		}
		s.grants[i] <- struct{}{}
		isRunning[i] = <-s.requests[i]
	}
}

// An update whose reads are split by a destroy, after those of script and record and before that of the routes, plans to
// create the route only. The record is gone by then, which is an error.
func TestUpdateReportsARecordDeletedWhileItRead(t *testing.T) {
	t.Parallel()
	store, err := sandbox.Parse([]byte(deployedAccount(host)(t)))
	if err != nil {
		t.Fatal(err)
	}
	h := newHarnessOn(t, store, host)
	p, err := h.plan(t.Context(), command{}, h.config(host))
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Steps {
		if p.Steps[i].Address.Kind != plan.KindRecord {
			p.Steps[i].Action, p.Steps[i].ID = plan.ActionCreate, ""
		}
	}
	if r := newHarnessOn(t, store, host).run(t.Context(), destroy, h.config(host)); r.err != nil {
		t.Fatal(r.err)
	}
	if r := h.execute(t.Context(), p, command{}); errcode.Of(r.err) != errcode.ConcurrentChange {
		t.Errorf("got %v", r.err)
	}
}
