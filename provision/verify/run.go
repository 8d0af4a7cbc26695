package verify

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	dnsLimit = 10 * time.Second
	tlsLimit = 10 * time.Second
	// Cloudflare gives up on an origin that does not answer after 19 s, and only then says 522: a shorter limit would
	// report a timeout where the answer names the cause.
	// https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/error-522/
	httpLimit = 25 * time.Second
	paidLimit = 60 * time.Second

	leastPass = time.Second // a pass with less time than this could only report its own haste
)

// probe is one step of a pass, about the way to the relay or about one upstream. It answers with a code and details; the
// runner makes them a Result.
type probe struct {
	name     string
	limit    time.Duration
	run      func(*pass, context.Context, Upstream) verdict
	upstream Upstream
}

// verdict is a code with the details that explain it, not yet cleaned.
type verdict struct {
	code    string
	details map[string]string
}

// pass is one attempt: what the probes have learnt so far, and the connection that they share.
type pass struct {
	target Target
	net    Net
	link   *link
	health answer // of the edge probe; the worker probe reads it
	build  string // the mark that the Worker showed
	limit  string // the name of the token limit that the provider took

	managed bool     // the health answer says that callers need a token
	listed  []string // the providers that it names
}

// Run probes the target and returns what it found; it reports every trouble as a result and returns no error. It ends
// within Options.Timeout, and at once when ctx ends.
func Run(ctx context.Context, t Target, n Net, o Options) Report {
	t, n, o = t.defaults(), n.defaults(), o.defaults()
	left := o.Timeout
	for attempt := 1; ; attempt++ {
		begun := time.Now()
		report := runPass(ctx, t, n, left)
		left -= time.Since(begun)
		failed, is := report.unsettled()
		wait := interval(attempt)
		if !is || !o.Wait || ctx.Err() != nil || wait+leastPass > left {
			return report
		}
		o.Observer(Event{Failed: failed, Attempt: attempt, Wait: wait, Remaining: left})
		if o.Sleep(ctx, wait) != nil {
			return report
		}
		left -= wait
	}
}

// runPass runs every probe once, on one connection, and closes it.
func runPass(ctx context.Context, t Target, n Net, left time.Duration) Report {
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	p := &pass{target: t, net: n, link: newLink(t, n)}
	defer p.link.close()
	report := Report{Host: t.Host}
	failed := ""
	for _, step := range way() {
		report.Results = append(report.Results, p.take(ctx, step, failed, &failed))
	}
	upstreams := t.placed(p.listed, p.managed)
	report.Curl = curlLine(t, upstreams[0], p.managed, n.Curl)
	if p.managed {
		aside := ""
		report.Results = append(report.Results, p.take(ctx, accessProbe(upstreams[0]), failed, &aside))
	}
	first := failed // what keeps the paid probes from running
	for i, upstream := range upstreams {
		aside := ""
		report.Results = append(report.Results, p.take(ctx, providerProbe(upstream), failed, &aside))
		if i == 0 && first == "" {
			first = aside
		}
	}
	if t.Key != "" {
		for _, step := range paidProbes(upstreams[0]) {
			report.Results = append(report.Results, p.take(ctx, step, first, &first))
		}
	}
	return report
}

// take runs a probe unless one has failed that it needs, and notes its own failure.
func (p *pass) take(ctx context.Context, step probe, because string, failed *string) Result {
	v := verdict{CodeSkipped, map[string]string{"because": because}}
	if because == "" {
		v = p.runStep(ctx, step)
	}
	result := v.result(step.name, newRedactor(p.target.Key))
	result.Provider = step.upstream.ID
	if result.Status == Fail {
		*failed = step.name
	}
	return result
}

// runStep bounds one probe in time, and tells an end that the caller asked for from one that the network caused.
func (p *pass) runStep(ctx context.Context, step probe) verdict {
	bounded, cancel := context.WithTimeout(ctx, step.limit)
	defer cancel()
	v := step.run(p, bounded, step.upstream)
	if codeOf(v.code).Status == Fail && errors.Is(ctx.Err(), context.Canceled) {
		return verdict{code: CodeCancelled}
	}
	return v
}

// way lists the probes that lead to the Worker.
func way() []probe {
	return []probe{
		{name: ProbeDNS, limit: dnsLimit, run: (*pass).dns},
		{name: ProbeTLS, limit: tlsLimit, run: (*pass).tls},
		{name: ProbeEdge, limit: httpLimit, run: (*pass).edge},
		{name: ProbeWorker, limit: httpLimit, run: (*pass).worker},
	}
}

func accessProbe(u Upstream) probe { return probe{ProbeAccess, httpLimit, (*pass).access, u} }

func providerProbe(u Upstream) probe { return probe{ProbeProvider, httpLimit, (*pass).provider, u} }

func paidProbes(u Upstream) []probe {
	return []probe{
		{ProbeCompletion, paidLimit, (*pass).completion, u},
		{ProbeStream, paidLimit, (*pass).stream, u},
	}
}

// canSettle reports whether waiting may cure a failure. The paid probes are never repeated: a second question would cost
// a second time, and whatever had to settle has done so before they run.
func canSettle(r Result) bool {
	return r.Probe != ProbeCompletion && r.Probe != ProbeStream && codeOf(r.Code).Settles
}

func interval(attempt int) time.Duration {
	switch {
	case attempt <= 3:
		return time.Duration(attempt) * time.Second
	default:
		return 5 * time.Second
	}
}

// result makes a verdict public: its status is that of its code, and every detail is cleaned and rid of the key.
func (v verdict) result(probe string, secret redactor) Result {
	r := Result{Probe: probe, Status: codeOf(v.code).Status, Code: v.code}
	for name, value := range v.details {
		if value = secret.clean(value); value != "" {
			if r.Details == nil {
				r.Details = map[string]string{}
			}
			r.Details[name] = value
		}
	}
	return r
}

func (t Target) defaults() Target {
	t.Upstreams, t.Known = withDefaults(t.Upstreams), withDefaults(t.Known)
	t.Key = strings.TrimSpace(t.Key) // a file's last newline is no part of the key
	return t
}

func withDefaults(upstreams []Upstream) []Upstream {
	upstreams = slices.Clone(upstreams)
	for i := range upstreams {
		upstreams[i].Method = cmp.Or(upstreams[i].Method, "POST")
	}
	return upstreams
}

// hostForm is that of a DNS name in ASCII, as far as a URL needs to be safe from it.
var hostForm = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`)

// flaw names the field that no request could be made of, "" if there is none.
func (t Target) flaw() string {
	if !hostForm.MatchString(t.Host) {
		return "host"
	}
	all := slices.Concat(t.Upstreams, t.Known)
	if len(all) == 0 {
		return "upstreams"
	}
	for _, upstream := range all {
		if flaw := upstream.flaw(); flaw != "" {
			return flaw
		}
	}
	return ""
}

func isPath(path string) bool {
	_, err := url.Parse("https://host" + path)
	odd := func(char rune) bool { return char <= ' ' || char > '~' || char == '#' }
	return err == nil && strings.HasPrefix(path, "/") && !strings.ContainsFunc(path, odd)
}

func (n Net) defaults() Net {
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

func (o Options) defaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Observer == nil {
		o.Observer = func(Event) {}
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
