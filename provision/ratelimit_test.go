package provision_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// clock is a clock that only sleep advances.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

// limited is an engine on a clock of its own, with the times of its calls and the pauses that it reported.
type limited struct {
	provision.API
	engine *provision.Engine
	clock  *clock
	calls  []time.Time
	pauses []time.Duration
}

func newLimited(rate provision.Rate) *limited {
	l := &limited{clock: &clock{now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}}
	l.engine = &provision.Engine{API: l, Rate: rate, Now: l.clock.read, Sleep: l.clock.sleep}
	return l
}

// Zones implements provision.API.
func (l *limited) Zones(context.Context, string) ([]plan.Zone, error) {
	l.calls = append(l.calls, l.clock.read())
	return nil, nil
}

func (l *limited) call(t *testing.T) {
	t.Helper()
	_, err := l.engine.Zones(t.Context(), "", func(e provision.Event) {
		if e.Type == provision.EventPause {
			l.pauses = append(l.pauses, e.Wait)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// No window of the limit's length has more calls than it allows, and no call waits much longer than that takes.
func TestCallsStayBelowTheRate(t *testing.T) {
	t.Parallel()
	rate := provision.Rate{Calls: 5, Per: time.Minute}
	l := newLimited(rate)
	for i := range 17 {
		l.call(t)
		_ = l.clock.sleep(t.Context(), time.Duration(i%3)*time.Second)
	}
	for i := rate.Calls; i < len(l.calls); i++ {
		if gap := l.calls[i].Sub(l.calls[i-rate.Calls]); gap < rate.Per || gap > rate.Per+10*time.Second {
			t.Errorf("call %d was made %v after call %d", i, gap, i-rate.Calls)
		}
	}
	if len(l.pauses) == 0 {
		t.Error("no pause was reported")
	}
}

// The quota that the API reports, which other programs may have used up, delays calls unless the wait would be too
// long.
func TestReportedRateLimitDelaysCalls(t *testing.T) {
	t.Parallel()
	l := newLimited(provision.Rate{})
	start := l.clock.read()
	l.engine.NoteRateLimit(500, 30*time.Second)
	l.engine.NoteRateLimit(0, 10*time.Minute)
	if l.call(t); !l.calls[0].Equal(start) {
		t.Errorf("the first call was made at %v", l.calls[0])
	}
	l.engine.NoteRateLimit(3, 30*time.Second)
	if l.call(t); l.calls[1].Sub(start) != 30*time.Second {
		t.Errorf("the second call was made at %v", l.calls[1])
	}
	if len(l.pauses) != 1 || l.pauses[0] != 30*time.Second {
		t.Errorf("pauses %v", l.pauses)
	}
}
