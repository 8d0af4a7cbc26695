package verify

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	testHost  = "gptapi.example.com"
	testBuild = "0123456789abcdef"
	testKey   = "sk-test-AbCdEfGhIj/+=xyz"
)

// keylessRefusal is the body of OpenAI's response to a request without a key.
const keylessRefusal = `{"error":{"message":"no key","type":"invalid_request_error","param":null,"code":null}}`

// testCA issues certificates.
type testCA struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newTestCA(t *testing.T, name string) testCA {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return testCA{certificate, key}
}

func (ca testCA) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.certificate)
	return pool
}

func (ca testCA) issue(t *testing.T, from, to time.Time, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: from, NotAfter: to, DNSNames: names}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.certificate, &key.PublicKey, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// testRelay is a server in the role of Cloudflare's edge, with a network that connects to it.
type testRelay struct {
	target Target
	net    Net
	conns  atomic.Int32 // number of connections to the server
}

type serverOption func(*httptest.Server)

func http1(s *httptest.Server) { s.EnableHTTP2 = false }

func newTestRelay(t *testing.T, handler http.Handler, options ...serverOption) *testRelay {
	t.Helper()
	ca := newTestCA(t, "Test Authority")
	relay := &testRelay{}
	address := relay.serve(t, handler, ca.issue(t, time.Now().Add(-time.Hour), time.Now().AddDate(0, 3, 0), testHost), options...)
	relay.target = testTarget()
	relay.net = Net{Lookup: resolveTo("104.16.1.1"), Dial: dialTo(address), RootCAs: ca.pool()}
	return relay
}

func (relay *testRelay) serve(t *testing.T, handler http.Handler, certificate tls.Certificate, options ...serverOption) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			relay.conns.Add(1)
		}
	}
	for _, option := range options {
		option(server)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func testTarget() Target {
	return Target{Host: testHost, Origin: "2.2.2.2", Upstreams: []Upstream{openAI()}}
}

func openAI() Upstream {
	return Upstream{
		ID: "openai", Path: "/v1/chat/completions", Body: "{}", Method: "POST", ChatPath: "/v1/chat/completions", Model: "gpt-4o-mini",
		Refusals:     []Signature{{Status: 401, JSON: map[string][]any{"error.type": {"invalid_request_error"}, "error.code": {nil, "invalid_api_key"}}}},
		RegionBlocks: []Signature{{Status: 403, JSON: map[string][]any{"error.code": {"unsupported_country_region_territory"}}}},
	}
}

func (relay *testRelay) run(t *testing.T, o Options) Report {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second
	}
	return relay.runContext(t.Context(), t, o)
}

func (relay *testRelay) runContext(ctx context.Context, t *testing.T, o Options) Report {
	t.Helper()
	report := Run(ctx, relay.target, relay.net, o)
	checkReport(t, report, relay.target)
	return report
}

// deadline is a context that expires when the test calls expire, so that tests do not depend on the machine's speed.
type deadline struct {
	context.Context
	expired chan struct{}
}

func newDeadline(t *testing.T) deadline { return deadline{t.Context(), make(chan struct{})} }

func (d deadline) Done() <-chan struct{} { return d.expired }

func (d deadline) Err() error {
	select {
	case <-d.expired:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func (d deadline) expire() { close(d.expired) }

// fakeWorker is a deployed Worker: it serves the health response and passes every other request to the provider.
type fakeWorker struct {
	build    string
	provider http.HandlerFunc
}

const passThrough = `"access":"pass-through","providers":["openai","groq"]`

func (r fakeWorker) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("X-Cfproxy", r.build)
	w.Header().Set("Cf-Ray", "9e3a1ccbaab15ec6-FRA")
	w.Header().Set("Cf-Placement", "remote-IAD")
	if req.URL.Path == "/-/health" {
		fmt.Fprintf(w, `{"service":"cfproxy","version":"1.2.3","build":%q,%s,"colo":"AMS"}`, r.build, passThrough)
		return
	}
	r.provider(w, req)
}

// managedWorker is a deployed Worker with managed access that knows one token.
func managedWorker(token string, provider http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(BuildHeader, testBuild)
		reject := func(status int, code string) {
			respond(status, `{"error":{"message":"x","type":"cfproxy_error","param":null,"code":"`+code+`"}}`, ErrorHeader, code)(w, r)
		}
		path, keyless := strings.CutPrefix(r.URL.Path, keylessPrefix)
		presented := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		switch {
		case r.URL.Path == healthPath:
			respond(200, `{"service":"cfproxy","version":"1","build":"`+testBuild+`","access":"managed","providers":[],"placement":"local-HKG"}`)(w, r)
		case keyless:
			r.URL.Path = path
			provider(w, r)
		case !strings.HasPrefix(presented, "cfp_"):
			reject(401, "token_missing")
		case presented != token:
			reject(401, "token_unknown")
		default:
			provider(w, r)
		}
	}
}

// respond returns a handler with a fixed status and body; pairs are header names and values.
func respond(status int, body string, pairs ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(pairs); i += 2 {
			w.Header().Set(pairs[i], pairs[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// resolveTo returns a lookup function with a fixed result.
func resolveTo(addresses ...string) func(context.Context, string) ([]netip.Addr, error) {
	var list []netip.Addr
	for _, a := range addresses {
		list = append(list, netip.MustParseAddr(a))
	}
	return func(context.Context, string) ([]netip.Addr, error) { return list, nil }
}

// dialTo returns a dial function that always connects to address.
func dialTo(address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
}

// findResult returns a probe's result.
func findResult(t *testing.T, r Report, probe string) Result {
	t.Helper()
	for _, result := range r.Results {
		if result.Probe == probe {
			return result
		}
	}
	t.Fatalf("no result of %s in %+v", probe, r)
	return Result{}
}

// checkReport checks what every report must satisfy: known codes with their status and details, in the order of the
// probes; printable values; probes skipped after a failure of what they need; the key nowhere.
func checkReport(t *testing.T, r Report, target Target) {
	t.Helper()
	order := []string{ProbeDNS, ProbeTLS, ProbeEdge, ProbeWorker, ProbeAccess, ProbeProvider, ProbeCompletion, ProbeStream}
	last, failed, firstFailed := 0, "", ""
	for i, result := range r.Results {
		at := slices.Index(order, result.Probe)
		if at < last || i < 4 && at != i || at == last && i > 0 && result.Probe != ProbeProvider {
			t.Errorf("result %d is of %s, after %s", i, result.Probe, order[last])
		}
		if (at > 3) != (result.Provider != "") {
			t.Errorf("%+v has the wrong provider", result)
		}
		first := result.Probe != ProbeProvider || last != at
		last = at
		checkResult(t, result)
		needs := failed
		if result.Probe == ProbeCompletion || result.Probe == ProbeStream {
			needs = cmp.Or(failed, firstFailed)
		}
		switch {
		case needs != "" && (result.Code != CodeSkipped || result.Details["because"] != needs):
			t.Errorf("after %s failed: %+v", needs, result)
		case result.Status == Fail && at < 4:
			failed = result.Probe
		case result.Status == Fail && result.Probe != ProbeAccess && first && firstFailed == "":
			firstFailed = result.Probe
		}
	}
	if isPaid := last > 5; isPaid != (target.Key != "") {
		t.Errorf("paid probes are present: %v", isPaid)
	}
	if r.OK() == slices.ContainsFunc(r.Results, func(result Result) bool { return result.Status == Fail }) {
		t.Errorf("OK() = %v of %+v", r.OK(), r.Results)
	}
	if target.Key != "" && strings.Contains(fmt.Sprintf("%+v", r), target.Key) {
		t.Errorf("the key is in the report: %+v", r)
	}
}

func checkResult(t *testing.T, r Result) {
	t.Helper()
	i := slices.IndexFunc(Codes(), func(c Code) bool { return c.Name == r.Code })
	if i < 0 {
		t.Errorf("unknown code in %+v", r)
		return
	}
	code := Codes()[i]
	if r.Status != code.Status || !slices.Contains(code.Probes, r.Probe) {
		t.Errorf("%+v does not fit %+v", r, code)
	}
	for name, value := range r.Details {
		if !slices.Contains(code.Details, name) {
			t.Errorf("%s carries %s, which its entry in Codes lacks", r.Code, name)
		}
		if n := utf8.RuneCountInString(value); n == 0 || n > maxRunes || !utf8.ValidString(value) || strings.ContainsFunc(value, func(c rune) bool { return !unicode.IsPrint(c) }) {
			t.Errorf("%s: %s = %q is not printable", r.Code, name, value)
		}
	}
}
