package cloudflare_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// observeOnce reads an account through an engine and returns the error and the number of retries.
func observeOnce(t *testing.T, base string, transport http.RoundTripper) (*errcode.Error, int) {
	t.Helper()
	retries := 0
	engine := &provision.Engine{
		API:   cloudflare.New(cloudflare.Options{Token: token, BaseURL: base + "/client/v4/", Transport: transport}),
		Sleep: func(context.Context, time.Duration) error { retries++; return nil },
	}
	config, err := plan.Config{Domains: []string{"gptapi.example.com"}}.Normalize()
	if err != nil {
		t.Fatal(err)
	}
	_, err = engine.Observe(t.Context(), []plan.Config{config}, nil)
	var e *errcode.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	return e, retries
}

// newTLSServer returns a server with a certificate of its own, and a transport that trusts it.
func newTLSServer(t *testing.T, certificate x509.Certificate) (*httptest.Server, *http.Transport) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	certificate.SerialNumber = big.NewInt(1)
	certificate.IsCA, certificate.BasicConstraintsValid = true, true
	der, err := x509.CreateCertificate(rand.Reader, &certificate, &certificate, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(respond(200, "application/json", `{"success": true, "result": []}`))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that fail
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return server, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
}

// A certificate that is not accepted is not accepted the next time either.
func TestCertificateErrorsAreNotRetried(t *testing.T) {
	t.Parallel()
	now := time.Now()
	const day = 24 * time.Hour
	loopback := []net.IP{net.IPv4(127, 0, 0, 1)}
	for name, test := range map[string]struct {
		from, until time.Time
		addresses   []net.IP
		trusted     bool
		want        errcode.Code
		details     map[string]string
	}{
		"trusted":                   {now.Add(-day), now.Add(day), loopback, true, errcode.NoZones, nil},
		"unknown CA":                {now.Add(-day), now.Add(day), loopback, false, errcode.TLSUntrusted, map[string]string{"host": "127.0.0.1", "issuer": "Example Corp CA"}},
		"expired":                   {now.Add(-2 * day), now.Add(-day), loopback, true, errcode.TLSClock, map[string]string{"until": now.Add(-day).UTC().Format("2006-01-02 15:04 UTC")}},
		"not yet valid":             {now.Add(day), now.Add(2 * day), loopback, true, errcode.TLSClock, map[string]string{"from": now.Add(day).UTC().Format("2006-01-02 15:04 UTC")}},
		"expired, of an unknown CA": {now.Add(-2 * day), now.Add(-day), loopback, false, errcode.TLSClock, nil},
		"other name":                {now.Add(-day), now.Add(day), nil, true, errcode.TLSWrongHost, map[string]string{"names": "portal.example.net"}},
	} {
		server, transport := newTLSServer(t, x509.Certificate{
			Subject: pkix.Name{CommonName: "Example Corp CA"}, NotBefore: test.from, NotAfter: test.until,
			IPAddresses: test.addresses, DNSNames: []string{"portal.example.net"},
		})
		if !test.trusted {
			transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		}
		e, retries := observeOnce(t, server.URL, transport)
		if e.Code != test.want || retries > 0 {
			t.Errorf("%s: got %v after %d retries, want %s", name, e, retries, test.want)
		}
		for detail, want := range test.details {
			if e.Details[detail] != want {
				t.Errorf("%s: %s is %q, want %q", name, detail, e.Details[detail], want)
			}
		}
	}
}

// A server without TLS, or one that refuses the handshake, does so again.
func TestFailedHandshakesAreNotRetried(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(respond(200, "text/html", "hello"))
	t.Cleanup(plain.Close)
	e, retries := observeOnce(t, strings.Replace(plain.URL, "http:", "https:", 1), &http.Transport{})
	if e.Code != errcode.TLSFailed || e.Details["host"] != "127.0.0.1" || retries > 0 {
		t.Errorf("plain HTTP: got %v after %d retries", e, retries)
	}
	server, transport := newTLSServer(t, x509.Certificate{NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)})
	transport.TLSClientConfig.MaxVersion = tls.VersionTLS12
	transport.TLSClientConfig.CipherSuites = []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256} // the key is ECDSA
	if e, retries := observeOnce(t, server.URL, transport); e.Code != errcode.TLSFailed || retries > 0 {
		t.Errorf("no common cipher suite: got %v after %d retries", e, retries)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Network errors are retried only if the next attempt may succeed.
func TestNetworkErrors(t *testing.T) {
	t.Parallel()
	dial := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}, Err: err}
	}
	connect := func(err error) error { return dial(os.NewSyscallError("connect", err)) }
	proxy := func(err error) error { return &net.OpError{Op: "proxyconnect", Net: "tcp", Err: err} }
	noHost := func(name string) error { return dial(&net.DNSError{Err: "no such host", Name: name, IsNotFound: true}) }
	const official, other = "https://api.cloudflare.com", "https://api.example.net"
	for name, test := range map[string]struct {
		base string
		err  error
		want errcode.Code
		host string
	}{
		"refused":                   {other, connect(syscall.ECONNREFUSED), errcode.ConnectionRefused, "api.example.net (192.0.2.1:443)"},
		"refused, official":         {official, connect(syscall.ECONNREFUSED), errcode.ConnectionRefused, "api.cloudflare.com (192.0.2.1:443)"},
		"refused, Winsock":          {other, connect(syscall.Errno(10061)), errcode.ConnectionRefused, "api.example.net (192.0.2.1:443)"},
		"refused, address":          {"https://192.0.2.1:443", connect(syscall.ECONNREFUSED), errcode.ConnectionRefused, "192.0.2.1:443"},
		"proxy refused":             {other, proxy(connect(syscall.ECONNREFUSED)), errcode.ConnectionRefused, ""},
		"no such host":              {other, noHost("api.example.net"), errcode.HostUnknown, "api.example.net"},
		"no such proxy":             {official, proxy(noHost("proxy.example.net")), errcode.HostUnknown, "proxy.example.net"},
		"proxy login":               {official, errors.New("Proxy Authentication Required"), errcode.ProxyRefused, ""},
		"handshake refused":         {other, &net.OpError{Op: "remote error", Err: errors.New("tls: handshake failure")}, errcode.TLSFailed, "api.example.net"},
		"no such host, official":    {official, noHost("api.cloudflare.com"), errcode.Unreachable, ""},
		"DNS server fails":          {other, dial(&net.DNSError{Err: "server misbehaving", Name: "api.example.net", IsTemporary: true}), errcode.Unreachable, ""},
		"DNS server refused":        {other, dial(&net.DNSError{Err: "refused", Name: "api.example.net", UnwrapErr: syscall.ECONNREFUSED}), errcode.Unreachable, ""},
		"DNS timeout":               {other, dial(&net.DNSError{Err: "i/o timeout", Name: "api.example.net", IsTimeout: true}), errcode.Unreachable, ""},
		"reset":                     {other, connect(syscall.ECONNRESET), errcode.Unreachable, ""},
		"network down":              {other, connect(syscall.ENETUNREACH), errcode.Unreachable, ""},
		"closed":                    {other, io.ErrUnexpectedEOF, errcode.Unreachable, ""},
		"timeout":                   {other, context.DeadlineExceeded, errcode.Timeout, ""},
		"alert in the conversation": {other, &net.OpError{Op: "remote error", Err: errors.New("tls: internal error")}, errcode.Unreachable, ""},
	} {
		isTemporary := test.want == errcode.Unreachable || test.want == errcode.Timeout
		e, retries := observeOnce(t, test.base, roundTripper(func(*http.Request) (*http.Response, error) { return nil, test.err }))
		if e.Code != test.want || isTemporary != (retries > 0) || !errors.Is(e, test.err) {
			t.Errorf("%s: got %v after %d retries, want %s", name, e, retries, test.want)
		}
		if test.host != "" && e.Details["host"] != test.host {
			t.Errorf("%s: host is %q, want %q", name, e.Details["host"], test.host)
		}
	}
}
