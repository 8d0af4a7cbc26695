// Package verify proves from outside that a relay works: it resolves the name, shakes hands, recognises Cloudflare's own
// error pages, asks the Worker for its build, and calls the provider without a key, which the provider must refuse in its
// own words. Several providers are each asked on a path of their own. A relay whose owner hands out tokens must refuse
// who has none, and is asked on a path beside that what the provider says. With a key the verifier also asks one tiny
// question, once whole and once streamed.
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
	"slices"
	"time"
)

// The probes, in the order in which they run. The first four make one chain: each needs the earlier ones not to have
// failed, and so does all that follows. ProbeAccess exists only where the relay says that its access is managed, and
// there is a ProbeProvider for every provider; they do not wait for each other. ProbeCompletion and ProbeStream exist only
// when Target.Key is set, and need the first provider: they cost money, if little, and are never repeated.
const (
	ProbeDNS        = "dns"
	ProbeTLS        = "tls"
	ProbeEdge       = "edge"
	ProbeWorker     = "worker"
	ProbeAccess     = "access"
	ProbeProvider   = "provider"
	ProbeCompletion = "completion"
	ProbeStream     = "stream"
)

// DefaultTimeout bounds Run when Options.Timeout is zero.
const DefaultTimeout = 2 * time.Minute

// Target says what should answer, and how.
type Target struct {
	Host  string // ASCII hostname, no port: always 443
	Build string // 16 lower-case hex digits to wait for; "" accepts any build of ours

	Upstreams []Upstream // the providers to prove; empty: those that the Worker itself lists
	Known     []Upstream // for the Worker's list, when Upstreams is empty; the first one stands in for a list that is not there

	// Key is the provider's, or the relay's own token where access is managed. Only the paid checks send it, and only to
	// the first provider; it is never in a result, an error or the curl line.
	Key string

	Origin string // the placeholder address, such as "2.2.2.2": a name that resolves to it is not proxied
}

// Net is the way to the network. Nil functions mean the system's resolver and dialer; nil RootCAs the system's roots.
// Dial gets a name and resolves it itself, so a Lookup of one's own calls for a Dial that resolves alike.
type Net struct {
	Lookup  func(ctx context.Context, host string) ([]netip.Addr, error)
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error) // addr is "HOST:443"; mapping it is the caller's
	RootCAs *x509.CertPool
	Direct  bool     // the address is given (--connect-to), so DNS is not asked
	Curl    []string // arguments by which curl goes the same way, for Report.Curl
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
// Provider is the ID of whom the probe is about, "" for the way there.
type Result struct {
	Probe    string            `json:"probe"`
	Provider string            `json:"provider,omitempty"`
	Status   Status            `json:"status"`
	Code     string            `json:"code"`
	Details  map[string]string `json:"details,omitempty"`
}

// Report is the outcome of the last attempt. Curl is the keyless request to the first provider as a line for a POSIX shell.
type Report struct {
	Host    string   `json:"host"`
	Curl    string   `json:"curl"`
	Results []Result `json:"results"`
}

// OK reports whether something was probed and nothing failed. Warnings and skips are no failures.
func (r Report) OK() bool {
	failed := slices.ContainsFunc(r.Results, func(result Result) bool { return result.Status == Fail })
	return len(r.Results) > 0 && !failed
}

// unsettled gives the first failure that waiting may cure.
func (r Report) unsettled() (Result, bool) {
	for _, result := range r.Results {
		if result.Status == Fail && canSettle(result) {
			return result, true
		}
	}
	return Result{}, false
}
