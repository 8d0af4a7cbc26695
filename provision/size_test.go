package provision_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/sandbox"
)

// roundTrip is how long a call takes, on the fake clock.
const roundTrip = 100 * time.Millisecond

// timedFixture counts calls. It is used in a bubble of testing/synctest, whose clock only advances while all goroutines
// wait: the time that a run takes is that of its longest chain of calls and waits.
type timedFixture struct {
	*fixture
	mu        sync.Mutex
	counts    map[string]int // calls since forget, by method
	busy      int            // responses with 429
	began     time.Time      // the time of forget
	estimates []estimate
}

// estimate is Event.Remaining of an event at a time.
type estimate struct {
	at        time.Time
	remaining time.Duration
}

func (b *timedFixture) observe(e provision.Event) {
	if e.Type == provision.EventDone {
		b.estimates = append(b.estimates, estimate{time.Now(), e.Remaining})
	}
}

// checkEstimates checks that the estimates were never too long, and, if the engine knew the rate limit, not much too
// short.
func (b *timedFixture) checkEstimates(rate provision.Rate) {
	b.t.Helper()
	const work = 20 * time.Second // for the calls themselves
	for i, estimate := range b.estimates {
		rest := time.Since(estimate.at)
		if estimate.remaining > rest || rate.Calls > 0 && rest-estimate.remaining > work {
			b.t.Fatalf("event %d of %d says %v remaining, and it was %v", i+1, len(b.estimates), estimate.remaining, rest)
		}
	}
}

func newTimedFixture(t *testing.T, state string, rate provision.Rate) *timedFixture {
	t.Helper()
	store, err := sandbox.Parse([]byte(state))
	if err != nil {
		t.Fatal(err)
	}
	b := &timedFixture{fixture: &fixture{t: t, store: store}}
	b.engine = &provision.Engine{
		API: cloudflare.New(cloudflare.Options{
			Token: store.Token(), Transport: b.counting(sandbox.Transport(sandbox.Handler(store))),
		}),
		Rate: rate, MaxRetryAfter: 6 * time.Minute,
	}
	b.forget()
	return b
}

func (b *timedFixture) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts, b.busy, b.began = map[string]int{}, 0, time.Now()
}

func (b *timedFixture) took() time.Duration { return time.Since(b.began) }

func (b *timedFixture) counting(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		b.mu.Lock()
		b.counts[r.Method]++
		b.mu.Unlock()
		time.Sleep(roundTrip)
		res, err := next.RoundTrip(r)
		if err == nil && res.StatusCode == http.StatusTooManyRequests {
			b.mu.Lock()
			b.busy++
			b.mu.Unlock()
		}
		return res, err
	})
}

// calls returns the number of calls and of writes since forget.
func (b *timedFixture) calls() (all, writes int) {
	for method, count := range b.counts {
		all += count
		if method != http.MethodGet {
			writes += count
		}
	}
	return all, writes
}

// hosts returns a Config with hosts in several zones.
func (b *timedFixture) hosts(zones, each int) plan.Config {
	config := b.config()
	config.Domains = nil
	for zone := range zones {
		for i := range each {
			config.Domains = append(config.Domains, fmt.Sprintf("h%d.%s", i, zoneName(zone)))
		}
	}
	return config
}

func zoneName(i int) string { return fmt.Sprintf("zone%d.com", i) }

// accountWith returns an account with so many zones, and more top-level fields. Its clock is after the Worker's
// compatibility date; that of a bubble starts in 2000.
func accountWith(zones int, plan, more string) string {
	var names []string
	for i := range zones {
		names = append(names, fmt.Sprintf(`{"name": %q, "plan": %q}`, zoneName(i), plan))
	}
	return `{"clock": "2026-11-20T12:00:00Z", "accounts": [{"name": "Acme", "zones": [` + strings.Join(names, ", ") + `]}]` + more + `}`
}

// checkAll checks that every host has one route and one record, and that another run has no changes.
func (b *timedFixture) checkAll(config plan.Config) {
	b.t.Helper()
	text := b.bytes()
	routes, records := strings.Count(text, `"pattern": `), strings.Count(text, `"content": "2.2.2.2"`)
	if routes != len(config.Domains) || records != len(config.Domains) {
		b.t.Errorf("%d routes and %d records for %d hosts", routes, records, len(config.Domains))
	}
	b.forget()
	plan, err := b.plan(config)
	if err != nil || len(plan.Changes()) > 0 {
		b.t.Errorf("another run has %d changes (%v)", len(plan.Changes()), err)
	}
}

// A host costs one call, for its route, and little more, and calls are made in parallel: a first deploy takes the round
// trips of zones, reads, script, routes and records, an unchanged one the first two.
func TestCallsPerHost(t *testing.T) {
	t.Parallel()
	const parallel = 16 // calls at a time
	for _, x := range []struct {
		hosts int
		plan  string
	}{{1, "free"}, {10, "free"}, {150, "free"}, {1000, "pro"}} {
		t.Run(fmt.Sprint(x.hosts), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newTimedFixture(t, accountWith(1, x.plan, ""), provision.Rate{})
				config, most := b.hosts(1, x.hosts), 1.02*float64(x.hosts)+10
				rounds := time.Duration((x.hosts + parallel - 1) / parallel)
				b.mustDeploy(config)
				if all, _ := b.calls(); float64(all) > most || b.took() > (4+rounds)*roundTrip {
					t.Errorf("a first deploy makes %d calls in %v", all, b.took())
				}
				b.checkAll(config)
				if all, writes := b.calls(); all > 6 || writes > 0 || b.took() > 2*roundTrip {
					t.Errorf("an unchanged one makes %d calls, %d of them writes, in %v", all, writes, b.took())
				}
				b.forget()
				if _, err := b.destroy(config); err != nil {
					t.Fatal(err)
				}
				// Three round trips more than a deploy: routes and records are not deleted in one, and reconciling
				// takes two.
				if all, _ := b.calls(); float64(all) > most || b.took() > (7+rounds)*roundTrip {
					t.Errorf("a destroy makes %d calls in %v", all, b.took())
				}
			})
		})
	}
}

const rateLimited = `, "rate_limit": {"calls": 1200, "seconds": 300}`

// With many hosts an engine that knows the rate limit never exceeds it, and one that does not waits as the API asks.
func TestManyHostsUnderTheRateLimit(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		zones, each int
		rate        provision.Rate
	}{
		"1000 hosts, limited":             {1, 1000, provision.APIRate},
		"200 zones of 5 hosts, limited":   {200, 5, provision.APIRate},
		"1000 hosts, unlimited":           {1, 1000, provision.Rate{}},
		"200 zones of 5 hosts, unlimited": {200, 5, provision.Rate{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newTimedFixture(t, accountWith(x.zones, "pro", rateLimited), x.rate)
				config := b.hosts(x.zones, x.each)
				b.observer = b.observe
				b.mustDeploy(config)
				b.checkTime("deploy", x.rate)
				b.checkEstimates(x.rate)
				b.observer = nil
				b.checkAll(config)
				time.Sleep(5 * time.Minute)
				b.forget()
				if _, err := b.destroy(config); err != nil {
					t.Fatal(err)
				}
				b.checkTime("destroy", x.rate)
				if strings.Contains(b.bytes(), "managed-by=cfproxy") {
					t.Error("destroy leaves something")
				}
			})
		})
	}
}

// checkTime checks that a run took at most one window more than its calls need, and that no call was refused if it knew
// the limit.
func (b *timedFixture) checkTime(what string, rate provision.Rate) {
	b.t.Helper()
	all, _ := b.calls()
	if took, most := b.took(), time.Duration(all/1100+2)*5*time.Minute; took > most {
		b.t.Errorf("%s: %d calls took %v, want at most %v", what, all, took, most)
	}
	if isLimited := rate.Calls > 0; isLimited == (b.busy > 0) && (isLimited || all > 1200) {
		b.t.Errorf("%s: %d of %d calls were refused", what, b.busy, all)
	}
	b.t.Logf("%s: %d calls in %v, %d refused", what, all, b.took(), b.busy)
}
