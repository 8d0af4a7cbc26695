package sandbox

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// watched is a context that tells when somebody first waits for its end.
type watched struct {
	context.Context
	once    sync.Once
	waiting chan struct{}
}

func (w *watched) Done() <-chan struct{} {
	w.once.Do(func() { close(w.waiting) })
	return w.Context.Done()
}

func TestHangEndsWhenTheClientLeaves(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		fault string
		done  bool
	}{
		{`{"method":"POST","hang":true}`, false},
		{`{"method":"POST","hang":true,"after":true}`, true},
	} {
		s := parse(t, faulty(test.fault))
		c := serveStore(t, s)
		inner, leave := context.WithCancel(t.Context())
		ctx := &watched{Context: inner, waiting: make(chan struct{})}
		r, err := http.NewRequestWithContext(ctx, "POST", c.path(routes), strings.NewReader(`{"pattern":"a.example.com/*"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+c.token)
		r.Header.Set("Content-Type", "application/json")
		ended := make(chan *recorder, 1)
		go func() { ended <- run(Handler(s), r) }()
		<-ctx.waiting
		leave()
		if w := <-ended; !w.cut || w.status != 0 {
			t.Errorf("%s: an answer came: %d %s", test.fault, w.status, w.body.String())
		}
		want := ""
		if test.done {
			want = "a.example.com/*"
		}
		if got := c.patterns(); got != want {
			t.Errorf("%s: routes %q, want %q", test.fault, got, want)
		}
	}
}

// The server ends the call when a client on the network leaves, else closing it would wait for ever.
func TestHangOnTheNetwork(t *testing.T) {
	t.Parallel()
	for _, after := range []string{"", `,"after":true`} {
		c := serve(t, faulty(`{"hang":true,"times":-1`+after+`}`))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, "POST", c.path(routes), strings.NewReader(`{"pattern":"a.example.com/*"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+c.token)
		r.Header.Set("Content-Type", "application/json")
		if _, err := http.DefaultTransport.RoundTrip(r); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	}
}

func TestFaultByCallNumber(t *testing.T) {
	t.Parallel()
	c := serve(t, faulty(`{"skip":2,"status":502},{"skip":3,"status":503},{"skip":3,"code":10035}`))
	c.do("GET", "/zones", nil).ok(nil)
	c.do("POST", routes, `{"pattern":"a.example.com/*"}`).ok(nil)
	c.do("GET", records, nil).refused(502, 10013)
	c.do("GET", "/accounts", nil).ok(nil)
	c.do("GET", "/user/tokens/verify", nil).refused(503, 10013)
	c.do("GET", "/zones", nil).refused(400, 10035)
	c.do("GET", "/zones", nil).ok(nil)
}

func TestHangNeedsAPlaceThatNotices(t *testing.T) {
	t.Parallel()
	if _, err := Parse([]byte(faulty(`{"at":"tls","hang":true}`))); err == nil || !strings.Contains(err.Error(), "faults[0].hang") {
		t.Errorf("got %v", err)
	}
}
