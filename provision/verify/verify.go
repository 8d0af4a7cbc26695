// Package verify checks from outside that a relay works. It resolves the name, completes a TLS handshake, recognises
// Cloudflare's own error pages, asks the Worker for its build, and calls each provider without a key: the provider's
// own refusal shows that the request reached it. A relay with managed access must also refuse requests without a token.
// With a key, the verifier also sends one short chat request twice: once for a complete answer and once for a stream.
//
// The package imports nothing else of the project, so a bug there cannot hide itself here. It reports codes (see
// codes.go) and flat details; the caller provides the sentences.
//
// It connects directly and ignores HTTP_PROXY and similar variables: connections come from Net.Dial. curl honours those
// variables, so behind a mandatory proxy the printed curl command can succeed where the verifier fails. A caller can
// pass a Net.Dial that tunnels through the proxy.
package verify

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"slices"
	"time"
)

// The probes, in the order in which they run. DNS, TLS, edge and worker form a chain: when one fails, all later probes
// are skipped. ProbeAccess runs only when the relay reports managed access. ProbeProvider runs once for each provider.
// These do not depend on each other. ProbeCompletion and ProbeStream run only when Target.Key is set and the first
// provider passes; they cost a little money and are never repeated.
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

// DefaultTimeout limits Run when Options.Timeout is zero.
const DefaultTimeout = 2 * time.Minute

// Target describes the relay to verify.
type Target struct {
	Host  string // ASCII hostname without a port; the port is always 443
	Build string // expected Worker build, 16 lower-case hex digits; "" accepts any cfproxy build

	Upstreams []Upstream // providers to probe; empty means those that the Worker lists
	Known     []Upstream // used when Upstreams is empty: how to probe the listed providers; the first one if none are listed

	// Key is the provider's key, or a token of the relay where access is managed. Only the completion and stream probes
	// send it, and only to the first provider. It never appears in a result, an error or the curl command.
	Key string

	Origin string // the placeholder address, such as "2.2.2.2"; a host that resolves to it is not proxied
	Paused bool   // whether the host's zone is known to be paused, which is then why the host is not proxied
}

// Net configures access to the network. A nil Lookup, Dial or RootCAs means the system's resolver, dialer or roots.
// Dial resolves the name itself, so a custom Lookup needs a Dial that resolves the same way.
type Net struct {
	Lookup   func(ctx context.Context, host string) ([]netip.Addr, error)
	Dial     func(ctx context.Context, network, addr string) (net.Conn, error) // addr is "HOST:443"; Dial may connect elsewhere
	RootCAs  *x509.CertPool
	Direct   bool     // the caller chose the address (--connect-to), so DNS is not checked
	CurlArgs []string // arguments that make curl connect the same way, for Report.Curl
}

// Options configure a run.
type Options struct {
	// Timeout limits the whole run; zero means DefaultTimeout. It is charged with the real time of the probes and the
	// nominal length of the waits, so an injected Sleep produces the same sequence as the real one.
	Timeout time.Duration
	// Wait repeats the probes after 1, 2, 3 and then every 5 seconds while a failure is transient (Code.Transient). A
	// wait that would leave less than a second of Timeout is not started.
	Wait bool
	// OnWait is called before each wait.
	OnWait func(Event)
	// Sleep waits for d, or returns an error when ctx is done first. Nil means real time.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Event announces a wait between two attempts.
type Event struct {
	Failed    Result        // the transient failure
	Attempt   int           // number of the failed attempt, from 1
	Wait      time.Duration // time until the next attempt
	Remaining time.Duration // what remains of Options.Timeout when the wait starts
}

// Status is the outcome of one probe.
type Status string

// The statuses. Skip means that the probe did not run: a probe that it depends on failed, or there was nothing to check.
const (
	Pass Status = "pass"
	Warn Status = "warn"
	Fail Status = "fail"
	Skip Status = "skip"
)

// Result is the result of one probe. Code is one of Codes, and Details holds those that its entry there lists, as far as
// they are known. Values are printable UTF-8 of at most 200 runes, without control characters and without the key.
// Provider is the ID of the provider that was probed, "" for the probes of the chain.
type Result struct {
	Probe    string            `json:"probe"`
	Provider string            `json:"provider,omitempty"`
	Status   Status            `json:"status"`
	Code     string            `json:"code"`
	Details  map[string]string `json:"details,omitempty"`
}

// Report holds the results of the last attempt. Curl is the keyless request to the first provider as a command for a
// POSIX shell.
type Report struct {
	Host    string   `json:"host"`
	Curl    string   `json:"curl"`
	Results []Result `json:"results"`
}

// OK reports whether there are results and none is Fail. Warn and Skip do not count as failures.
func (r Report) OK() bool {
	failed := slices.ContainsFunc(r.Results, func(result Result) bool { return result.Status == Fail })
	return len(r.Results) > 0 && !failed
}

// transientFailure returns the first failure that a later attempt may not have.
func (r Report) transientFailure() (Result, bool) {
	for _, result := range r.Results {
		if result.Status == Fail && isTransient(result) {
			return result, true
		}
	}
	return Result{}, false
}
