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
		t.Error("waited after a failure that is not transient")
		return errors.New("no")
	}
}

// convergingRelay is a relay that becomes ready step by step: every wait advances step, which fixes one more probe.
type convergingRelay struct {
	*testRelay
	step  int
	alert string // address of a server that rejects the handshake with an alert
}

func (relay *convergingRelay) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if relay.step == 0 {
		return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
	}
	return []netip.Addr{netip.MustParseAddr("104.16.1.1")}, nil
}

func (relay *convergingRelay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch relay.step {
	case 2:
		respond(522, "error code: 522")(w, r)
	case 3:
		respond(404, "<title>parked</title>")(w, r)
	case 4:
		fakeWorker{"fedcba9876543210", respond(401, keylessRefusal)}.ServeHTTP(w, r)
	default:
		fakeWorker{testBuild, respond(401, keylessRefusal)}.ServeHTTP(w, r)
	}
}

func TestWaitUntilReady(t *testing.T) {
	t.Parallel()
	relay := &convergingRelay{alert: listen(t, func(c *net.TCPConn) { readClientHello(c); c.Write([]byte{21, 3, 3, 0, 2, 2, 40}) })}
	relay.testRelay = newTestRelay(t, relay)
	relay.target.Build = testBuild
	edge := relay.net.Dial
	relay.net.Lookup = relay.lookup
	relay.net.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if relay.step == 1 {
			return dialTo(relay.alert)(ctx, network, addr)
		}
		return edge(ctx, network, addr)
	}
	var events []Event
	var slept []time.Duration
	report := relay.run(t, Options{Wait: true, Timeout: time.Minute, OnWait: func(e Event) { events = append(events, e) },
		Sleep: func(_ context.Context, d time.Duration) error { slept = append(slept, d); relay.step++; return nil }})
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

func TestWaitingIsLimited(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[time.Duration]int{
		1500 * time.Millisecond: 0,  // a wait of one second would leave less than minAttempt
		10 * time.Second:        3,  // 1 + 2 + 3, and the next 5 do not fit
		0:                       25, // two minutes: 1 + 2 + 3 + 22 × 5 = 116
	} {
		target := testTarget()
		waits, attempts := 0, 0
		lookup := func(context.Context, string) ([]netip.Addr, error) { attempts++; return nil, nil }
		report := Run(t.Context(), target, Net{Lookup: lookup}, Options{Wait: true, Timeout: timeout,
			Sleep: func(context.Context, time.Duration) error { waits++; return nil }})
		checkReport(t, report, target)
		if waits != want || attempts != want+1 || report.OK() {
			t.Errorf("%v: %d waits, %d attempts, want %d waits", timeout, waits, attempts, want)
		}
	}
}

func TestNoNeedlessWait(t *testing.T) {
	t.Parallel()
	missing := Net{Lookup: resolveTo()}
	private := Net{Lookup: resolveTo("10.0.0.1")}
	for name, test := range map[string]struct {
		net  Net
		wait bool
	}{"Wait is false": {missing, false}, "not transient": {private, true}} {
		report := Run(t.Context(), testTarget(), test.net, Options{Wait: test.wait, Sleep: noSleep(t)})
		if report.OK() {
			t.Errorf("%s: %+v", name, report)
		}
	}
	newTestRelay(t, fakeWorker{testBuild, respond(401, keylessRefusal)}).run(t, Options{Wait: true, Sleep: noSleep(t)}) // passes at once
	newTestRelay(t, fakeWorker{testBuild, respond(503, "")}).run(t, Options{Wait: true, Sleep: noSleep(t)})             // a warning is not a failure
}

func TestCancelledWhileWaiting(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	report := Run(ctx, testTarget(), Net{Lookup: resolveTo()}, Options{Wait: true, OnWait: func(Event) { cancel() }}) // real sleep
	if got := findResult(t, report, ProbeDNS).Code; got != CodeDNSNotFound {
		t.Errorf("code = %s, want the result of the first attempt", got)
	}
}

func TestCancelledWhileProbing(t *testing.T) {
	t.Parallel()
	for _, probe := range []string{ProbeDNS, ProbeTLS, ProbeEdge, ProbeProvider, ProbeCompletion, ProbeStream} {
		t.Run(probe, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			hang := func(ctx context.Context) error { cancel(); <-ctx.Done(); return ctx.Err() }
			provider := newFakeProvider()
			relay := provider.relay(t)
			stuck := func(_ http.ResponseWriter, r *http.Request) { hang(r.Context()) }
			switch probe {
			case ProbeDNS:
				relay.net.Lookup = func(ctx context.Context, _ string) ([]netip.Addr, error) { return nil, hang(ctx) }
			case ProbeTLS:
				relay.net.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) { return nil, hang(ctx) }
			case ProbeEdge:
				other := newTestRelay(t, http.HandlerFunc(stuck))
				relay.net = other.net
			case ProbeProvider:
				other := newTestRelay(t, fakeWorker{testBuild, stuck})
				relay.net = other.net
			case ProbeCompletion:
				provider.complete = stuck
			case ProbeStream:
				provider.stream = func(w http.ResponseWriter, r *http.Request) { sse(chunk)(w, r); w.(http.Flusher).Flush(); stuck(w, r) }
			}
			report := Run(ctx, relay.target, relay.net, Options{Wait: true, Sleep: noSleep(t)})
			checkReport(t, report, relay.target)
			if got := findResult(t, report, probe); got.Code != CodeCancelled {
				t.Errorf("%+v, want %s", got, CodeCancelled)
			}
		})
	}
}

func TestConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	relay := newTestRelay(t, fakeWorker{testBuild, respond(401, keylessRefusal)})
	var opened []net.Conn
	dial := relay.net.Dial
	relay.net.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if network != "tcp" || addr != testHost+":443" {
			t.Errorf("dialled %s %s", network, addr)
		}
		conn, err := dial(ctx, network, addr)
		opened = append(opened, conn)
		return conn, err
	}
	relay.run(t, Options{})
	if len(opened) != 1 {
		t.Fatalf("%d connections, want 1", len(opened))
	}
	if err := opened[0].SetDeadline(time.Now()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the connection is still open: %v", err)
	}
}

// A connection that no request used is closed too, and so is one that is opened after close.
func TestUnusedConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	relay := newTestRelay(t, fakeWorker{testBuild, respond(401, keylessRefusal)})
	c := newConn(relay.target, relay.net)
	tlsConn, err := c.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.handshaken = tlsConn
	c.close()
	if err := tlsConn.NetConn().SetDeadline(time.Now()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the connection is still open: %v", err)
	}
	if late, err := c.connect(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("opened %v after close: %v", late, err)
	}
}

// Dial resolves the name again, perhaps with a resolver that does not know it yet.
func TestDialerCannotResolve(t *testing.T) {
	t.Parallel()
	dial := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: testHost, IsNotFound: true}}
	}
	for direct, want := range map[bool]string{false: CodeDNSNotFound, true: CodeTLSUnreachable} {
		target := testTarget()
		report := Run(t.Context(), target, Net{Lookup: resolveTo("104.16.1.1"), Dial: dial, Direct: direct}, Options{})
		checkReport(t, report, target)
		if got := findResult(t, report, ProbeTLS); got.Code != want {
			t.Errorf("direct %v: %+v, want %s", direct, got, want)
		}
	}
}

// If the server closes the connection after each response, a new one is opened.
func TestServerClosesConnections(t *testing.T) {
	t.Parallel()
	relay := newTestRelay(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		fakeWorker{testBuild, respond(401, keylessRefusal)}.ServeHTTP(w, r)
	}), http1)
	if report := relay.run(t, Options{}); !report.OK() || relay.conns.Load() != 2 {
		t.Errorf("%+v over %d connections", report, relay.conns.Load())
	}
}

func TestReportAsJSON(t *testing.T) {
	t.Parallel()
	report := Run(t.Context(), testTarget(), Net{Lookup: resolveTo("2.2.2.2")}, Options{})
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
