package provision_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// clock is time that passes by sleeping alone.
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

// zonesOnly is a Provider that notes when it was asked for zones.
type zonesOnly struct {
	provision.API
	clock *clock
	asked []time.Time
}

func (z *zonesOnly) Zones(context.Context, string) ([]plan.Zone, error) {
	z.asked = append(z.asked, z.clock.read())
	return nil, nil
}

func paced(rate provision.Rate) (*provision.Engine, *zonesOnly, *clock, *[]time.Duration) {
	c := &clock{now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	provider := &zonesOnly{clock: c}
	pauses := &[]time.Duration{}
	engine := &provision.Engine{API: provider, Rate: rate, Now: c.read, Sleep: c.sleep, Observer: func(e provision.Event) {
		if e.Type == provision.EventPause {
			*pauses = append(*pauses, e.Wait)
		}
	}}
	return engine, provider, c, pauses
}

// In no stretch of the limit's length there are more calls than it allows, and none is late without need.
func TestCallsKeepBelowTheRate(t *testing.T) {
	t.Parallel()
	rate := provision.Rate{Calls: 5, Per: time.Minute}
	engine, provider, clock, pauses := paced(rate)
	for i := range 17 {
		if _, err := engine.Zones(context.Background(), ""); err != nil {
			t.Fatal(err)
		}
		_ = clock.sleep(context.Background(), time.Duration(i%3)*time.Second)
	}
	for i := rate.Calls; i < len(provider.asked); i++ {
		if gap := provider.asked[i].Sub(provider.asked[i-rate.Calls]); gap < rate.Per || gap > rate.Per+10*time.Second {
			t.Errorf("call %d came %v after the one %d before it", i, gap, rate.Calls)
		}
	}
	if len(*pauses) == 0 {
		t.Error("nobody was told of a pause")
	}
}

// What the API says of calls that others have made is heeded, as far as there is patience.
func TestQuotaIsHeeded(t *testing.T) {
	t.Parallel()
	engine, provider, clock, pauses := paced(provision.Rate{})
	start := clock.read()
	engine.ObserveQuota(500, 30*time.Second)
	engine.ObserveQuota(0, 10*time.Minute)
	if _, err := engine.Zones(context.Background(), ""); err != nil || !provider.asked[0].Equal(start) {
		t.Errorf("waited until %v, %v", provider.asked, err)
	}
	engine.ObserveQuota(3, 30*time.Second)
	if _, err := engine.Zones(context.Background(), ""); err != nil || provider.asked[1].Sub(start) != 30*time.Second {
		t.Errorf("asked at %v, %v", provider.asked, err)
	}
	if len(*pauses) != 1 || (*pauses)[0] != 30*time.Second {
		t.Errorf("pauses %v", *pauses)
	}
}
