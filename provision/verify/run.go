package verify

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	dnsTimeout = 10 * time.Second
	tlsTimeout = 10 * time.Second
	// Cloudflare gives up on an origin that does not answer after 19 s and only then responds with 522. A shorter timeout
	// would report a timeout where the response names the cause.
	// https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/error-522/
	httpTimeout = 25 * time.Second
	paidTimeout = 60 * time.Second

	minAttempt = time.Second // with less time than this an attempt would only report its own timeout
)

// probe is one check. run returns a Result with Code and Details; runProbe fills in the rest.
type probe struct {
	name     string
	timeout  time.Duration
	run      func(*attempt, context.Context, Upstream) Result
	upstream Upstream // zero for the probes of the chain
}

// attempt runs every probe once. It holds the connection that they share and what earlier probes have found.
type attempt struct {
	target Target
	net    Net
	conn   *conn

	health     response // from the edge probe, for the worker probe
	build      string   // from the build header of the Worker
	managed    bool     // the health response says that callers need a token
	providers  []string // the provider IDs that the health response lists
	tokenLimit string   // name of the token limit parameter that the provider accepted
}

// Run probes the target and returns what it found. Every problem is reported as a result, so there is no error. Run ends
// within Options.Timeout, and at once when ctx ends.
func Run(ctx context.Context, t Target, n Net, o Options) Report {
	t, n, o = t.withDefaults(), n.withDefaults(), o.withDefaults()
	remaining := o.Timeout
	for number := 1; ; number++ {
		start := time.Now()
		report := runAttempt(ctx, t, n, remaining)
		remaining -= time.Since(start)
		failed, ok := report.transientFailure()
		wait := retryDelay(number)
		if !ok || !o.Wait || ctx.Err() != nil || wait+minAttempt > remaining {
			return report
		}
		o.OnWait(Event{Failed: failed, Attempt: number, Wait: wait, Remaining: remaining})
		if o.Sleep(ctx, wait) != nil {
			return report
		}
		remaining -= wait
	}
}

// runAttempt runs every probe once on one connection, and closes it.
func runAttempt(ctx context.Context, t Target, n Net, timeout time.Duration) Report {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	a := &attempt{target: t, net: n, conn: newConn(t, n)}
	defer a.conn.close()
	report := Report{Host: t.Host}
	run := func(p probe, failed string) string {
		result := a.runProbe(ctx, p, failed)
		report.Results = append(report.Results, result)
		if failed == "" && result.Status == Fail {
			return p.name
		}
		return failed
	}
	failed := "" // the probe of the chain that failed
	for _, p := range chain() {
		failed = run(p, failed)
	}
	upstreams := t.upstreams(a.providers, a.managed)
	report.Curl = curlLine(t, upstreams[0], a.managed, n.CurlArgs)
	if a.managed {
		run(accessProbe(upstreams[0]), failed)
	}
	firstFailed := failed // what prevents the paid probes: the chain, the first provider, then the completion
	for i, upstream := range upstreams {
		if result := run(providerProbe(upstream), failed); i == 0 {
			firstFailed = result
		}
	}
	if t.Key != "" {
		for _, p := range paidProbes(upstreams[0]) {
			firstFailed = run(p, firstFailed)
		}
	}
	return report
}

// runProbe runs a probe, or skips it because of an earlier probe that failed, and completes its result.
func (a *attempt) runProbe(ctx context.Context, p probe, failed string) Result {
	result := Result{Code: CodeSkipped, Details: map[string]string{"because": failed}}
	if failed == "" {
		result = a.runWithTimeout(ctx, p)
	}
	result.Probe, result.Provider, result.Status = p.name, p.upstream.ID, codeOf(result.Code).Status
	result.Details = newRedactor(a.target.Key).cleanDetails(result.Details)
	return result
}

// runWithTimeout limits the time of one probe. A failure after the caller cancelled is reported as such, not as a network
// error.
func (a *attempt) runWithTimeout(ctx context.Context, p probe) Result {
	bounded, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	result := p.run(a, bounded, p.upstream)
	if codeOf(result.Code).Status == Fail && errors.Is(ctx.Err(), context.Canceled) {
		return Result{Code: CodeCancelled}
	}
	return result
}

// chain returns the probes up to the Worker. Each needs the one before it to pass.
func chain() []probe {
	return []probe{
		{name: ProbeDNS, timeout: dnsTimeout, run: (*attempt).dns},
		{name: ProbeTLS, timeout: tlsTimeout, run: (*attempt).tls},
		{name: ProbeEdge, timeout: httpTimeout, run: (*attempt).edge},
		{name: ProbeWorker, timeout: httpTimeout, run: (*attempt).worker},
	}
}

func accessProbe(u Upstream) probe { return probe{ProbeAccess, httpTimeout, (*attempt).access, u} }

func providerProbe(u Upstream) probe {
	return probe{ProbeProvider, httpTimeout, (*attempt).provider, u}
}

func paidProbes(u Upstream) []probe {
	return []probe{
		{ProbeCompletion, paidTimeout, (*attempt).completion, u},
		{ProbeStream, paidTimeout, (*attempt).stream, u},
	}
}

// isTransient reports whether a failure may disappear by itself. The paid probes are never repeated, because each request
// costs money; by the time they run, DNS, certificate and Worker have propagated.
func isTransient(r Result) bool {
	return r.Probe != ProbeCompletion && r.Probe != ProbeStream && codeOf(r.Code).Transient
}

// retryDelay returns the wait after the given attempt, counted from 1.
func retryDelay(attempt int) time.Duration {
	if attempt <= 3 {
		return time.Duration(attempt) * time.Second
	}
	return 5 * time.Second
}

func (t Target) withDefaults() Target {
	t.Upstreams, t.Known = withDefaultMethods(t.Upstreams), withDefaultMethods(t.Known)
	t.Key = strings.TrimSpace(t.Key) // keys read from a file end with a newline
	return t
}

func withDefaultMethods(upstreams []Upstream) []Upstream {
	upstreams = slices.Clone(upstreams)
	for i := range upstreams {
		upstreams[i].Method = cmp.Or(upstreams[i].Method, "POST")
	}
	return upstreams
}

// hostPattern matches ASCII DNS names, strictly enough for them to be safe in a URL.
var hostPattern = lazyRegexp(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`)

// invalidField returns the name of a field with which no request can be made, "" if there is none.
func (t Target) invalidField() string {
	if !hostPattern().MatchString(t.Host) {
		return "host"
	}
	all := slices.Concat(t.Upstreams, t.Known)
	if len(all) == 0 {
		return "upstreams"
	}
	for _, upstream := range all {
		if field := upstream.invalidField(); field != "" {
			return field
		}
	}
	return ""
}

// isPath reports whether path is an absolute path, perhaps with a query, that needs no escaping in a URL.
func isPath(path string) bool {
	_, err := url.Parse("https://host" + path)
	invalid := func(char rune) bool { return char <= ' ' || char > '~' || char == '#' }
	return err == nil && strings.HasPrefix(path, "/") && !strings.ContainsFunc(path, invalid)
}

func (n Net) withDefaults() Net {
	if n.Lookup == nil {
		n.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if n.Dial == nil {
		n.Dial = (&net.Dialer{}).DialContext
	}
	return n
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.OnWait == nil {
		o.OnWait = func(Event) {}
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	return o
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
