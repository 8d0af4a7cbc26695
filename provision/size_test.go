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

// roundTrip is how long every call takes, on the clock of the test.
const roundTrip = 100 * time.Millisecond

// big is an account behind a transport that counts. It lives in a bubble of testing/synctest, whose clock stands still while
// anybody is at work, so that what a run took is the longest chain of calls and waits, and nothing else.
type big struct {
	*fixture
	mu     sync.Mutex
	counts map[string]int // calls since the last look, by method
	busy   int            // answers 429
	began  time.Time      // the last look
	told   []foretold
}

// foretold is what an event said at a time of how long the rest will have to stand still.
type foretold struct {
	at   time.Time
	left time.Duration
}

func (b *big) observe(e provision.Event) {
	if e.Type == provision.EventDone {
		b.told = append(b.told, foretold{time.Now(), e.Remaining})
	}
}

// wantHonest finds out whether what was said came true: never more than it took, and where the limit was known not much less.
func (b *big) wantHonest(rate provision.Rate) {
	b.t.Helper()
	const work = 20 * time.Second // at the calls themselves
	for i, told := range b.told {
		rest := time.Since(told.at)
		if told.left > rest || rate.Calls > 0 && rest-told.left > work {
			b.t.Fatalf("event %d of %d says %v left, and it was %v", i+1, len(b.told), told.left, rest)
		}
	}
}

func newBig(t *testing.T, state string, rate provision.Rate) *big {
	t.Helper()
	store, err := sandbox.Parse([]byte(state))
	if err != nil {
		t.Fatal(err)
	}
	b := &big{fixture: &fixture{t: t, store: store}}
	b.engine = &provision.Engine{
		API: cloudflare.New(cloudflare.Options{
			Token: store.Token(), Transport: b.counting(sandbox.Transport(sandbox.Handler(store))),
		}),
		Rate: rate, MaxRetryAfter: 6 * time.Minute,
	}
	b.forget()
	return b
}

func (b *big) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts, b.busy, b.began = map[string]int{}, 0, time.Now()
}

func (b *big) took() time.Duration { return time.Since(b.began) }

func (b *big) counting(next http.RoundTripper) http.RoundTripper {
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

// calls gives how many there were, and how many of them wrote.
func (b *big) calls() (all, writes int) {
	for method, count := range b.counts {
		all += count
		if method != http.MethodGet {
			writes += count
		}
	}
	return all, writes
}

// hosts gives a config for so many of each of so many zones.
func (b *big) hosts(zones, each int) plan.Config {
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

// stateOf is an account of so many zones, with more of the state behind it. Its dates are those of a day on which the Worker's
// compatibility date is past; the clock of a bubble begins in 2000.
func stateOf(zones int, plan, more string) string {
	var names []string
	for i := range zones {
		names = append(names, fmt.Sprintf(`{"name": %q, "plan": %q}`, zoneName(i), plan))
	}
	return `{"clock": "2026-11-20T12:00:00Z", "accounts": [{"name": "Acme", "zones": [` + strings.Join(names, ", ") + `]}]` + more + `}`
}

// wantAll finds out whether every host has its route and its record, once, and nothing is left to do.
func (b *big) wantAll(config plan.Config) {
	b.t.Helper()
	text := b.bytes()
	routes, records := strings.Count(text, `"pattern": `), strings.Count(text, `"content": "2.2.2.2"`)
	if routes != len(config.Domains) || records != len(config.Domains) {
		b.t.Errorf("%d routes and %d records for %d hosts", routes, records, len(config.Domains))
	}
	b.forget()
	plan, err := b.plan(config)
	if err != nil || len(plan.Changes()) > 0 {
		b.t.Errorf("another run has %d things to do (%v)", len(plan.Changes()), err)
	}
}

// However many the hosts of a zone are, each costs the call that makes its route and little more, and all that can go out
// together does: a fresh deploy waits for zones, reads, script, routes and records, an unchanged one for the first two.
func TestManyHostsCostFewCalls(t *testing.T) {
	t.Parallel()
	const together = 16 // the engine's bound
	for _, x := range []struct {
		hosts int
		plan  string
	}{{1, "free"}, {10, "free"}, {150, "free"}, {1000, "pro"}} {
		t.Run(fmt.Sprint(x.hosts), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBig(t, stateOf(1, x.plan, ""), provision.Rate{})
				config, most := b.hosts(1, x.hosts), 1.02*float64(x.hosts)+10
				rounds := time.Duration((x.hosts + together - 1) / together)
				b.mustDeploy(config)
				if all, _ := b.calls(); float64(all) > most || b.took() > (4+rounds)*roundTrip {
					t.Errorf("a fresh deploy makes %d calls in %v", all, b.took())
				}
				b.wantAll(config)
				if all, writes := b.calls(); all > 6 || writes > 0 || b.took() > 2*roundTrip {
					t.Errorf("an unchanged one makes %d calls, %d of them writes, in %v", all, writes, b.took())
				}
				b.forget()
				if _, err := b.destroy(config); err != nil {
					t.Fatal(err)
				}
				// Three more than a deploy: the removal of the route or record of a single host is a call of its own, and two rounds of
				// reads find out whether another run was at work.
				if all, _ := b.calls(); float64(all) > most || b.took() > (7+rounds)*roundTrip {
					t.Errorf("a removal makes %d calls in %v", all, b.took())
				}
			})
		})
	}
}

const rateLimited = `, "rate_limit": {"calls": 1200, "seconds": 300}`

// Large fleets end well under the API's own limit: an engine that knows it is never refused, and one that does not obeys.
func TestLargeFleetsUnderTheRateLimit(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		zones, each int
		rate        provision.Rate
	}{
		"1000 hosts, paced":             {1, 1000, provision.APIRate},
		"200 zones of 5 hosts, paced":   {200, 5, provision.APIRate},
		"1000 hosts, unpaced":           {1, 1000, provision.Rate{}},
		"200 zones of 5 hosts, unpaced": {200, 5, provision.Rate{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBig(t, stateOf(x.zones, "pro", rateLimited), x.rate)
				config := b.hosts(x.zones, x.each)
				b.observer = b.observe
				b.mustDeploy(config)
				b.wantInTime("deploy", x.rate)
				b.wantHonest(x.rate)
				b.observer = nil
				b.wantAll(config)
				time.Sleep(5 * time.Minute)
				b.forget()
				if _, err := b.destroy(config); err != nil {
					t.Fatal(err)
				}
				b.wantInTime("removal", x.rate)
				if strings.Contains(b.bytes(), "managed-by=cfproxy") {
					t.Error("the removal leaves something")
				}
			})
		})
	}
}

// wantInTime finds out whether a run took no longer than the windows that its calls need and one more, and was not refused if it
// knew the limit.
func (b *big) wantInTime(what string, rate provision.Rate) {
	b.t.Helper()
	all, _ := b.calls()
	if took, most := b.took(), time.Duration(all/1100+2)*5*time.Minute; took > most {
		b.t.Errorf("%s: %d calls took %v, want at most %v", what, all, took, most)
	}
	if isPaced := rate.Calls > 0; isPaced == (b.busy > 0) && (isPaced || all > 1200) {
		b.t.Errorf("%s: %d of %d calls were refused", what, b.busy, all)
	}
	b.t.Logf("%s: %d calls in %v, %d refused", what, all, b.took(), b.busy)
}
