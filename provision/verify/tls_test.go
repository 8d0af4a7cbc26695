package verify

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTLSCertificates(t *testing.T) {
	t.Parallel()
	trusted, untrusted := newTestCA(t, "Test Authority"), newTestCA(t, "Other Authority")
	now := time.Now()
	later, soon := now.AddDate(0, 3, 0), now.AddDate(0, 0, 5)
	past := now.AddDate(0, 0, -5)
	tests := map[string]struct {
		certificate tls.Certificate
		code        string
		want        map[string]string
	}{
		"trusted":   {trusted.issue(t, past, later, testHost), CodeTLSTrusted, map[string]string{"issuer": "Test Authority", "expires": formatDate(later), "tls_version": "TLS 1.3", "alpn": "h2"}},
		"wildcard":  {trusted.issue(t, past, later, "*.example.com"), CodeTLSTrusted, map[string]string{"issuer": "Test Authority", "expires": formatDate(later), "tls_version": "TLS 1.3", "alpn": "h2"}},
		"untrusted": {untrusted.issue(t, past, later, testHost), CodeTLSUntrusted, map[string]string{"issuer": "Other Authority", "names": testHost}},
		"other name": {trusted.issue(t, past, later, "a.example.org", "b.example.org"), CodeTLSNameMismatch,
			map[string]string{"issuer": "Test Authority", "names": "a.example.org, b.example.org"}},
		"too deep for a wildcard": {trusted.issue(t, past, later, "*.com"), CodeTLSNameMismatch, map[string]string{"issuer": "Test Authority", "names": "*.com"}},
		"expired":                 {trusted.issue(t, past.AddDate(0, -1, 0), past, testHost), CodeTLSExpired, map[string]string{"issuer": "Test Authority", "expires": formatDate(past)}},
		"not yet valid":           {trusted.issue(t, soon, later, testHost), CodeTLSNotYetValid, map[string]string{"issuer": "Test Authority", "valid_from": formatDate(soon)}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := &testRelay{target: testTarget()}
			address := relay.serve(t, fakeWorker{testBuild, respond(401, keylessRefusal)}, test.certificate)
			relay.net = Net{Direct: true, Dial: dialTo(address), RootCAs: trusted.pool()}
			got := findResult(t, relay.run(t, Options{}), ProbeTLS)
			if got.Code != test.code {
				t.Errorf("code = %s, want %s", got.Code, test.code)
			}
			if diff := cmp.Diff(test.want, got.Details); diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
		})
	}
}

// listen serves raw TCP connections until the test ends, and returns its address.
func listen(t *testing.T, serve func(*net.TCPConn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serve(conn.(*net.TCPConn))
			conn.Close()
		}
	}()
	t.Cleanup(func() { listener.Close(); <-done })
	return listener.Addr().String()
}

// readClientHello reads the ClientHello. The record header contains its length (RFC 8446, section 5.1).
func readClientHello(conn net.Conn) {
	var head [5]byte
	if _, err := io.ReadFull(conn, head[:]); err == nil {
		io.CopyN(io.Discard, conn, int64(head[3])<<8|int64(head[4]))
	}
}

// failDial returns a dial function that returns err. If err is nil, it lets the deadline expire and returns its error.
func failDial(d deadline, err error) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		if err == nil {
			d.expire()
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return nil, err
	}
}

func TestTLSConnections(t *testing.T) {
	t.Parallel()
	closed := listen(t, func(*net.TCPConn) {})
	plain := httptest.NewServer(fakeWorker{testBuild, respond(401, keylessRefusal)})
	t.Cleanup(plain.Close)
	stopped := httptest.NewServer(nil)
	stopped.Close()
	alert := listen(t, func(c *net.TCPConn) { readClientHello(c); c.Write([]byte{21, 3, 3, 0, 2, 2, 40}) })
	reset := listen(t, func(c *net.TCPConn) { readClientHello(c); c.SetLinger(0) })
	handshakeDeadline, dialDeadline := newDeadline(t), newDeadline(t)
	silent := listen(t, func(c *net.TCPConn) { readClientHello(c); handshakeDeadline.expire(); io.Copy(io.Discard, c) })
	old := listen(t, func(c *net.TCPConn) {
		readClientHello(c)
		c.Write([]byte{22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1}) // ServerHello of TLS 1.0
		c.Write(make([]byte, 36))
	})
	address := testHost + ":443"
	tests := map[string]struct {
		dial func(context.Context, string, string) (net.Conn, error)
		code string
		want map[string]string
	}{
		"refused":              {dialTo(stopped.Listener.Addr().String()), CodeTLSRefused, map[string]string{"address": stopped.Listener.Addr().String()}},
		"refused, Winsock":     {failDial(dialDeadline, wsaConnRefused), CodeTLSRefused, map[string]string{"address": address}},
		"unreachable":          {failDial(dialDeadline, &net.OpError{Op: "dial", Err: syscall.ENETUNREACH}), CodeTLSUnreachable, map[string]string{"address": address, "error": "dial: network is unreachable"}},
		"timeout in dial":      {failDial(dialDeadline, nil), CodeTLSTimeout, map[string]string{"address": address, "stage": "connect"}},
		"timeout in handshake": {dialTo(silent), CodeTLSTimeout, map[string]string{"address": address, "stage": "handshake"}},
		"alert":                {dialTo(alert), CodeTLSAlert, map[string]string{"address": address, "alert": "handshake failure"}},
		"closed":               {dialTo(closed), CodeTLSReset, nil},
		"reset":                {dialTo(reset), CodeTLSReset, nil},
		"plain HTTP":           {dialTo(plain.Listener.Addr().String()), CodeTLSNotTLS, map[string]string{"address": address}},
		"too old":              {dialTo(old), CodeTLSHandshakeFailed, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			switch test.want["stage"] {
			case "connect":
				ctx = dialDeadline
			case "handshake":
				ctx = handshakeDeadline
			}
			target := testTarget()
			report := Run(ctx, target, Net{Direct: true, Dial: test.dial}, Options{})
			checkReport(t, report, target)
			got := findResult(t, report, ProbeTLS)
			if got.Code != test.code {
				t.Fatalf("%+v, want %s", got, test.code)
			}
			if diff := cmp.Diff(test.want, got.Details); test.want != nil && diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
		})
	}
}
