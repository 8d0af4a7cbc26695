package sandbox

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fakeClock is a time that a test sets.
type fakeClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *fakeClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *fakeClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// limitedHandler returns a handler with three calls in ten seconds, and a fixed clock.
func limitedHandler(t *testing.T) (call func(token string) string, c *fakeClock) {
	t.Helper()
	s := parseStore(t, strings.Replace(acme, "{", `{"rate_limit":{"calls":3,"seconds":10},
		"tokens":[{"value":"cfut_one"},{"value":"cfut_two"}],`, 1))
	c = &fakeClock{at: time.Unix(1e9, 0)}
	transport := Transport(HandlerAt(s, c.now))
	return func(token string) string {
		t.Helper()
		r, err := http.NewRequest("GET", "https://api.cloudflare.com/client/v4/zones", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if limited := res.StatusCode == http.StatusTooManyRequests; limited != strings.Contains(string(body), `"code":10100,"message":"More than 3 requests per 10 seconds`) {
			t.Errorf("%d %s", res.StatusCode, body)
		}
		if got := res.Header.Get("Ratelimit-Policy"); got != `"default";q=3;w=10` {
			t.Errorf("policy %s", got)
		}
		return strings.Join([]string{res.Status[:3], res.Header.Get("Ratelimit"), res.Header.Get("Retry-After")}, " ")
	}, c
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	call, c := limitedHandler(t)
	var got []string
	for _, step := range []time.Duration{0, 4 * time.Second, 1500 * time.Millisecond, 0, 9500 * time.Millisecond, 500 * time.Millisecond} {
		c.pass(step)
		got = append(got, call("cfut_one"))
	}
	want := []string{
		`200 "default";r=2;t=10 `,
		`200 "default";r=1;t=6 `,
		`200 "default";r=0;t=5 `,
		`429 "default";r=0;t=10 10`,
		`429 "default";r=0;t=1 1`,
		`200 "default";r=2;t=10 `,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRateLimitWindow(t *testing.T) {
	t.Parallel()
	call, c := limitedHandler(t)
	for i := range 20 {
		if got := call("cfut_one"); !strings.HasPrefix(got, "200") {
			t.Fatalf("call %d, one in four seconds: %s", i, got)
		}
		c.pass(4 * time.Second)
	}
}

func TestRateLimitIsPerToken(t *testing.T) {
	t.Parallel()
	call, _ := limitedHandler(t)
	for range 4 {
		call("cfut_one")
	}
	if got := call("cfut_two"); got != `200 "default";r=2;t=10 ` {
		t.Errorf("got %s", got)
	}
}

func TestNoRateLimit(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	for range 3 {
		h := c.do("GET", "/zones", nil).wantOK(nil).Header
		if h.Get("Ratelimit") != `"default";r=1199;t=300` || h.Get("Ratelimit-Policy") != `"default";q=1200;w=300` {
			t.Errorf("got %v", h)
		}
	}
	for _, bad := range []string{`{"calls":0,"seconds":1}`, `{"calls":1}`, `{"calls":1,"seconds":-1}`} {
		if _, err := Parse([]byte(`{"accounts":[{"name":"A"}],"rate_limit":` + bad + `}`)); err == nil || !strings.Contains(err.Error(), "rate_limit") {
			t.Errorf("%s: got %v", bad, err)
		}
	}
}
