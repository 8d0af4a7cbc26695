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

// watched is a context that closes a channel when its end is first waited for.
type watched struct {
	context.Context
	once    sync.Once
	waiting chan struct{}
}

func (w *watched) Done() <-chan struct{} {
	w.once.Do(func() { close(w.waiting) })
	return w.Context.Done()
}

func TestHangEndsWithContext(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		fault string
		done  bool
	}{
		{`{"method":"POST","hang":true}`, false},
		{`{"method":"POST","hang":true,"after":true}`, true},
	} {
		s := parseStore(t, withFaults(test.fault))
		c := newClientFor(t, s)
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
			t.Errorf("%s: got a response: %d %s", test.fault, w.status, w.body.String())
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

// The server ends the call when a client on the network is gone; otherwise closing the server would hang.
func TestHangOnTheNetwork(t *testing.T) {
	t.Parallel()
	for _, after := range []string{"", `,"after":true`} {
		c := newClient(t, withFaults(`{"hang":true,"times":-1`+after+`}`))
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
	c := newClient(t, withFaults(`{"skip":2,"status":502},{"skip":3,"status":503},{"skip":3,"code":10035}`))
	c.do("GET", "/zones", nil).wantOK(nil)
	c.do("POST", routes, `{"pattern":"a.example.com/*"}`).wantOK(nil)
	c.do("GET", records, nil).wantError(502, 10013)
	c.do("GET", "/accounts", nil).wantOK(nil)
	c.do("GET", "/user/tokens/verify", nil).wantError(503, 10013)
	c.do("GET", "/zones", nil).wantError(400, 10035)
	c.do("GET", "/zones", nil).wantOK(nil)
}

func TestHangIsNotForTLS(t *testing.T) {
	t.Parallel()
	if _, err := Parse([]byte(withFaults(`{"at":"tls","hang":true}`))); err == nil || !strings.Contains(err.Error(), "faults[0].hang") {
		t.Errorf("got %v", err)
	}
}
