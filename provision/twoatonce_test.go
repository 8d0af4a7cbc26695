package provision_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/sandbox"
)

// A pair is two runs at the same host at the same time.
type pair struct {
	name   string
	before func(testing.TB) string
	runs   [2]runner
	// leaves is what may be left over, since nothing that the next run knows leads to it.
	leaves string
}

type runner struct {
	change  func(*plan.Config)
	command command
}

// closed is an account in which somebody has deleted the record of a relay.
func closed(t testing.TB) string {
	tr := newTrial(t, standing(host)(t), host)
	plan, err := tr.plan(context.Background(), command{destroy: true}, tr.config(host))
	if err == nil {
		_, err = tr.engine.API.ApplyStep(context.Background(), plan.Changes()[0])
	}
	if err != nil {
		t.Fatal(err)
	}
	return tr.text()
}

func otherOrigin(c *plan.Config) { c.Origin = "192.0.2.1" }

var pairs = []pair{
	{"the same deploy", empty, [2]runner{{}, {}}, ""},
	{"other providers", empty, [2]runner{{}, {change: otherProvider}}, ""},
	{"other origins", empty, [2]runner{{}, {change: otherOrigin}}, ""},
	{"other Workers", empty, [2]runner{{}, {change: renamed}}, "script relay"},
	{"update and destroy", standing(host), [2]runner{{change: otherProvider}, {command: command{destroy: true}}}, ""},
	{"repair and destroy", closed, [2]runner{{}, {command: command{destroy: true}}}, ""},
	{"first deploy and destroy", empty, [2]runner{{}, {command: command{destroy: true}}}, ""},
	{"destroy and destroy", standing(host), [2]runner{{command: command{destroy: true}}, {command: command{destroy: true}}}, ""},
}

// TestTwoAtOnce lets two programs work on one account, call by call: in the orders in which each is broken into at most
// once, and in some in which they are broken into at random. With CFPROXY_LONG=1 none of these orders is left out.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	const mostCalls, random = 16, 40
	for _, p := range pairs {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			text := p.before(t)
			every, count := 8, 0
			switch {
			case os.Getenv("CFPROXY_LONG") != "":
				every = 1
			case testing.Short():
				every = 41
			}
			for first := range 2 {
				for i := range mostCalls {
					for j := 1; j < mostCalls; j++ {
						if count++; count%every != 0 {
							continue
						}
						t.Run(fmt.Sprintf("%d calls of %d, then %d", i, first, j), func(t *testing.T) {
							t.Parallel()
							p.work(t, text, func(call int) int {
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
				t.Run(fmt.Sprint("at random ", seed), func(t *testing.T) {
					t.Parallel()
					dice := rand.New(rand.NewPCG(seed, 0))
					p.work(t, text, func(int) int { return dice.IntN(2) })
				})
			}
		})
	}
}

// work lets both run to their end, in the order that next gives, and looks at what they leave.
func (p pair) work(t *testing.T, text string, next func(call int) int) {
	store, err := sandbox.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]result
	turns := newTurns()
	for i, r := range p.runs {
		tr := newTrialOn(t, store, host)
		tr.mayBe = func(breach) bool { return true } // until both have settled
		tr.around = turns.of(i)
		config := tr.config(host)
		if r.change != nil {
			r.change(&config)
		}
		go func() {
			defer turns.leave(i)
			ends[i] = tr.run(context.Background(), r.command, config)
		}()
	}
	turns.give(next)

	last := newTrialOn(t, store, host)
	here := last.look()
	for _, b := range here.breaches() {
		t.Errorf("%s: %s\n%v\n%v", b.what, b.host, ends[0].err, ends[1].err)
	}
	parts := map[string]bool{}
	here.all(func(_, kind string, x held, _ string) {
		switch {
		case kind == "record" && plan.OwnsComment(x.Comment), kind == "route" && x.Pattern == plan.RoutePattern(host):
			parts[kind] = true
		}
	})
	if isPart := len(parts) == 1; isPart && ends[0].err == nil && ends[1].err == nil {
		t.Errorf("half a relay stands, and nobody says so: %v", parts)
	}
	for _, r := range p.runs {
		p.converge(t, last.text(), r)
	}
}

// converge runs a command again, alone.
func (p pair) converge(t *testing.T, text string, r runner) {
	tr := newTrial(t, text, host)
	tr.mayBe = func(breach) bool { return true } // what was there before is told of already
	config := tr.config(host)
	if r.change != nil {
		r.change(&config)
	}
	if end := tr.run(context.Background(), r.command, config); end.err != nil {
		t.Fatalf("the next run fails: %v", end.err)
	}
	good := newTrial(t, empty(t), host)
	if !r.command.destroy {
		plan, err := tr.plan(context.Background(), command{}, config)
		if err != nil || len(plan.Changes()) > 0 {
			t.Errorf("then: %v, %v", plan.Changes(), err)
		}
		config.Worker = plan.Worker // one that serves is kept, whatever its name
		if end := good.run(context.Background(), command{}, config); end.err != nil {
			t.Fatal(end.err)
		}
	}
	want, here := good.look().likeness(), tr.look().likeness()
	if want[p.leaves] == "" {
		delete(here, p.leaves)
	}
	if diff := cmp.Diff(want, here); diff != "" {
		t.Errorf("the next run does not converge:\n%s", diff)
	}
}

// turns lets two work in turns, a call a turn.
type turns struct {
	wants [2]chan bool // true: a call; false: no more of them
	goes  [2]chan struct{}
}

func newTurns() turns {
	return turns{[2]chan bool{make(chan bool), make(chan bool)}, [2]chan struct{}{make(chan struct{}), make(chan struct{})}}
}

func (s turns) of(i int) func(*http.Request, func() (*http.Response, error)) (*http.Response, error) {
	return func(_ *http.Request, call func() (*http.Response, error)) (*http.Response, error) {
		s.wants[i] <- true
		<-s.goes[i]
		return call()
	}
}

func (s turns) leave(i int) { s.wants[i] <- false }

// give hands out turns until both have left: to the one that next names, or to the other one where that has left. A turn is
// over when its holder wants another one or leaves.
func (s turns) give(next func(call int) int) {
	isHere := [2]bool{<-s.wants[0], <-s.wants[1]}
	for call := 0; isHere[0] || isHere[1]; call++ {
		i := next(call)
		if !isHere[i] {
			i = 1 - i
		}
		s.goes[i] <- struct{}{}
		isHere[i] = <-s.wants[i]
	}
}
