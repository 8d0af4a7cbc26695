// Package verify proves from outside that a relay works: it resolves the name, shakes hands, recognises Cloudflare's own
// error pages, asks the Worker for its build, and calls the provider without a key, which the provider must refuse in its
// own words. With a key it also asks one tiny question, once whole and once streamed.
//
// It believes nobody: it imports nothing of the project, and what it passes it has seen on the wire. It speaks in codes
// (see codes.go) and flat details; sentences are the caller's.
//
// It connects directly and ignores HTTP_PROXY and its kin: the connection is Net.Dial's, and a proxy that answers in
// somebody's place would be one more party to believe. curl does honour those variables, so behind a mandatory proxy the
// printed line can succeed where the verifier cannot; the caller may then hand in a Net.Dial that tunnels.
package verify

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"time"
)

// The probes, in the order in which they run. Each needs all earlier ones not to have failed. ProbeCompletion and
// ProbeStream exist only when Target.Key is set: they cost money, if little, and are never repeated.
const (
	ProbeDNS        = "dns"
	ProbeTLS        = "tls"
	ProbeEdge       = "edge"
	ProbeWorker     = "worker"
	ProbeProvider   = "provider"
	ProbeCompletion = "completion"
	ProbeStream     = "stream"
)

// DefaultTimeout bounds Run when Options.Timeout is zero.
const DefaultTimeout = 2 * time.Minute

// Target says what should answer, and how.
type Target struct {
	Host   string // ASCII hostname, no port: always 443
	Build  string // 16 lower-case hex digits to wait for; "" accepts any build of ours
	Method string // of the keyless request; "" is POST
	Path   string // of the keyless request, with its query if any; begins with a slash
	Body   string // of the keyless request, sent as application/json

	Refused []Signature // the provider's own refusal of a keyless request: pass
	Blocked []Signature // the provider refuses the place where the Worker runs

	Chat  string // path of the paid checks; OpenAI's chat shape; "" is /v1/chat/completions
	Model string // for the paid checks; "" is gpt-4o-mini
	Key   string // sent as a bearer token by the paid checks only; never in a result, an error or the curl line

	Origin string // the placeholder address, such as "2.2.2.2": a name that resolves to it is not proxied
}

// Net is the way to the network. Nil functions mean the system's resolver and dialer; nil RootCAs the system's roots.
// Dial gets a name and resolves it itself, so a Lookup of one's own calls for a Dial that resolves alike.
type Net struct {
	Lookup  func(ctx context.Context, host string) ([]netip.Addr, error)
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error) // addr is "HOST:443"; mapping it is the caller's
	RootCAs *x509.CertPool
	Direct  bool // the address is given (--connect-to), so DNS is not asked
}

// Options bound and watch a run.
type Options struct {
	// Timeout bounds the whole run; zero means DefaultTimeout. What counts against it is the real time of the probes plus
	// the nominal length of the waits, so that an injected Sleep gives the same sequence as the real one.
	Timeout time.Duration
	// Wait repeats the probes, after 1, 2, 3 and then every 5 seconds, while the failure is one that can settle
	// (Code.Settles). A wait that would leave less than a second of Timeout is not begun.
	Wait bool
	// Observer is called before each wait.
	Observer func(Event)
	// Sleep waits for d or until ctx is done, in which case it returns an error; nil sleeps in real time.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Event announces a wait: Failed is what failed in attempt number Attempt (from 1), Wait how long until the next one,
// Remaining what is left of Options.Timeout as the wait begins.
type Event struct {
	Failed    Result
	Attempt   int
	Wait      time.Duration
	Remaining time.Duration
}

// Status is the outcome of one probe.
type Status string

// Skip means that the probe did not run: something before it failed, or there was nothing to probe.
const (
	Pass Status = "pass"
	Warn Status = "warn"
	Fail Status = "fail"
	Skip Status = "skip"
)

// Result is the outcome of one probe. Code is one of Codes; Details are those which its entry there names, as far as they
// were to be had. Values are printable UTF-8 of at most 200 runes, without control characters and without the key.
type Result struct {
	Probe   string            `json:"probe"`
	Status  Status            `json:"status"`
	Code    string            `json:"code"`
	Details map[string]string `json:"details,omitempty"`
}

// Report is the outcome of the last attempt. Curl is the keyless request as a line for a POSIX shell.
type Report struct {
	Host    string   `json:"host"`
	Curl    string   `json:"curl"`
	Results []Result `json:"results"`
}

// OK reports whether something was probed and nothing failed. Warnings and skips are no failures.
func (r Report) OK() bool {
	_, failed := r.failure()
	return len(r.Results) > 0 && !failed
}

func (r Report) failure() (Result, bool) {
	for _, result := range r.Results {
		if result.Status == Fail {
			return result, true
		}
	}
	return Result{}, false
}
