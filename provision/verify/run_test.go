package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// noSleep fails the test if anything waits.
func noSleep(t *testing.T) func(context.Context, time.Duration) error {
	return func(context.Context, time.Duration) error {
		t.Error("waited for what does not settle")
		return errors.New("no")
	}
}

// settling is a relay that settles step by step, one step with every wait.
type settling struct {
	*world
	step  int
	alert string
}

func (s *settling) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if s.step == 0 {
		return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
	}
	return []netip.Addr{netip.MustParseAddr("104.16.1.1")}, nil
}

func (s *settling) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.step == 2:
		says(522, "error code: 522")(w, r)
	case s.step == 3:
		says(404, "<title>parked</title>")(w, r)
	case s.step == 4:
		relay{"fedcba9876543210", says(401, refusal)}.ServeHTTP(w, r)
	default:
		relay{testBuild, says(401, refusal)}.ServeHTTP(w, r)
	}
}

func TestWaitUntilSettled(t *testing.T) {
	t.Parallel()
	s := &settling{alert: listen(t, func(c *net.TCPConn) { hello(c); c.Write([]byte{21, 3, 3, 0, 2, 2, 40}) })}
	s.world = newWorld(t, s)
	s.target.Build = testBuild
	edge := s.net.Dial
	s.net.Lookup = s.lookup
	s.net.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if s.step == 1 {
			return dialTo(s.alert)(ctx, network, addr)
		}
		return edge(ctx, network, addr)
	}
	var events []Event
	var slept []time.Duration
	report := s.run(t, Options{Wait: true, Timeout: time.Minute, Observer: func(e Event) { events = append(events, e) },
		Sleep: func(_ context.Context, d time.Duration) error { slept = append(slept, d); s.step++; return nil }})
	if !report.OK() {
		t.Errorf("%+v", report)
	}
	spent := time.Duration(0)
	for i, e := range events {
		if left := time.Minute - spent; e.Remaining > left || e.Remaining < left-20*time.Second {
			t.Errorf("%v remain in wait %d, want at most %v", e.Remaining, i+1, left)
		}
		spent += e.Wait
		events[i].Remaining, events[i].Failed.Details = 0, nil
	}
	want := []Event{
		{Result{Probe: ProbeDNS, Status: Fail, Code: CodeDNSNotFound}, 1, 1 * time.Second, 0},
		{Result{Probe: ProbeTLS, Status: Fail, Code: CodeTLSAlert}, 2, 2 * time.Second, 0},
		{Result{Probe: ProbeEdge, Status: Fail, Code: CodeEdgeRouteMissing}, 3, 3 * time.Second, 0},
		{Result{Probe: ProbeWorker, Status: Fail, Code: CodeWorkerNotOurs}, 4, 5 * time.Second, 0},
		{Result{Probe: ProbeWorker, Status: Fail, Code: CodeWorkerOtherBuild}, 5, 5 * time.Second, 0},
	}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	for i, e := range want {
		if i >= len(slept) || slept[i] != e.Wait {
			t.Fatalf("slept %v, want what the events say", slept)
		}
	}
}

func TestWaitingIsBounded(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[time.Duration]int{
		1500 * time.Millisecond: 0,  // a wait of one second would leave too little for the probes
		10 * time.Second:        3,  // 1 + 2 + 3, and the next 5 do not fit
		0:                       25, // two minutes: 1 + 2 + 3 + 22 × 5 = 116
	} {
		target := testTarget()
		waits, passes := 0, 0
		lookup := func(context.Context, string) ([]netip.Addr, error) { passes++; return nil, nil }
		report := Run(t.Context(), target, Net{Lookup: lookup}, Options{Wait: true, Timeout: timeout,
			Sleep: func(context.Context, time.Duration) error { waits++; return nil }})
		checkReport(t, report, target)
		if waits != want || passes != want+1 || report.OK() {
			t.Errorf("%v: %d waits, %d passes, want %d waits", timeout, waits, passes, want)
		}
	}
}

func TestNoWaitWithoutNeed(t *testing.T) {
	t.Parallel()
	missing := Net{Lookup: answers()}
	private := Net{Lookup: answers("10.0.0.1")}
	for name, test := range map[string]struct {
		net  Net
		wait bool
	}{"not asked to wait": {missing, false}, "does not settle": {private, true}} {
		report := Run(t.Context(), testTarget(), test.net, Options{Wait: test.wait, Sleep: noSleep(t)})
		if report.OK() {
			t.Errorf("%s: %+v", name, report)
		}
	}
	newWorld(t, relay{testBuild, says(401, refusal)}).run(t, Options{Wait: true, Sleep: noSleep(t)}) // passes at once
	newWorld(t, relay{testBuild, says(503, "")}).run(t, Options{Wait: true, Sleep: noSleep(t)})      // a warning is no failure
}

func TestCancelledWhileWaiting(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	report := Run(ctx, testTarget(), Net{Lookup: answers()}, Options{Wait: true, Observer: func(Event) { cancel() }}) // real sleep
	if got := find(t, report, ProbeDNS).Code; got != CodeDNSNotFound {
		t.Errorf("code = %s, want what was found before", got)
	}
}

func TestCancelledWhileProbing(t *testing.T) {
	t.Parallel()
	for _, probe := range []string{ProbeDNS, ProbeTLS, ProbeEdge, ProbeProvider, ProbeCompletion, ProbeStream} {
		t.Run(probe, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			hang := func(ctx context.Context) error { cancel(); <-ctx.Done(); return ctx.Err() }
			m := newModel()
			w := m.world(t)
			stuck := func(_ http.ResponseWriter, r *http.Request) { hang(r.Context()) }
			switch probe {
			case ProbeDNS:
				w.net.Lookup = func(ctx context.Context, _ string) ([]netip.Addr, error) { return nil, hang(ctx) }
			case ProbeTLS:
				w.net.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) { return nil, hang(ctx) }
			case ProbeEdge:
				other := newWorld(t, http.HandlerFunc(stuck))
				w.net = other.net
			case ProbeProvider:
				other := newWorld(t, relay{testBuild, stuck})
				w.net = other.net
			case ProbeCompletion:
				m.whole = stuck
			case ProbeStream:
				m.stream = func(w http.ResponseWriter, r *http.Request) { sse(chunk)(w, r); w.(http.Flusher).Flush(); stuck(w, r) }
			}
			report := Run(ctx, w.target, w.net, Options{Wait: true, Sleep: noSleep(t)})
			checkReport(t, report, w.target)
			if got := find(t, report, probe); got.Code != CodeCancelled {
				t.Errorf("%+v, want %s", got, CodeCancelled)
			}
		})
	}
}

func TestConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, relay{testBuild, says(401, refusal)})
	var opened []net.Conn
	dial := w.net.Dial
	w.net.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if network != "tcp" || addr != testHost+":443" {
			t.Errorf("dialled %s %s", network, addr)
		}
		conn, err := dial(ctx, network, addr)
		opened = append(opened, conn)
		return conn, err
	}
	w.run(t, Options{})
	if len(opened) != 1 {
		t.Fatalf("%d connections, want 1", len(opened))
	}
	if err := opened[0].SetDeadline(time.Now()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the connection is still open: %v", err)
	}
}

// A connection that no request took is closed all the same, and so is one that comes too late.
func TestUnusedConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, relay{testBuild, says(401, refusal)})
	l := newLink(w.target, w.net)
	conn, err := l.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.ready = conn
	l.close()
	if err := conn.NetConn().SetDeadline(time.Now()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the connection is still open: %v", err)
	}
	if late, err := l.open(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("opened %v after close: %v", late, err)
	}
}

// Between the lookup and the dial, which looks up again, another resolver may answer that has not heard of the name yet.
func TestNameUnknownToTheDialer(t *testing.T) {
	t.Parallel()
	dial := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: testHost, IsNotFound: true}}
	}
	for direct, want := range map[bool]string{false: CodeDNSNotFound, true: CodeTLSUnreachable} {
		target := testTarget()
		report := Run(t.Context(), target, Net{Lookup: answers("104.16.1.1"), Dial: dial, Direct: direct}, Options{})
		checkReport(t, report, target)
		if got := find(t, report, ProbeTLS); got.Code != want {
			t.Errorf("direct %v: %+v, want %s", direct, got, want)
		}
	}
}

// A server may close after every answer; the verifier then opens a new connection.
func TestServerThatClosesEachConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		relay{testBuild, says(401, refusal)}.ServeHTTP(w, r)
	}), http1)
	if report := w.run(t, Options{}); !report.OK() || w.conns.Load() != 2 {
		t.Errorf("%+v over %d connections", report, w.conns.Load())
	}
}

func TestReportAsJSON(t *testing.T) {
	t.Parallel()
	report := Run(t.Context(), testTarget(), Net{Lookup: answers("2.2.2.2")}, Options{})
	got, err := json.Marshal(Report{report.Host, "", report.Results[:2]})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"host":%q,"curl":"","results":[`+
		`{"probe":"dns","status":"fail","code":"dns-not-proxied","details":{"addresses":"2.2.2.2","origin":"2.2.2.2"}},`+
		`{"probe":"tls","status":"skip","code":"skipped","details":{"because":"dns"}}]}`, testHost)
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if (Report{}).OK() {
		t.Error("an empty report is OK")
	}
}
