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
	ours, theirs := newAuthority(t, "Test Authority"), newAuthority(t, "Their Authority")
	now := time.Now()
	long, soon := now.AddDate(0, 3, 0), now.AddDate(0, 0, 5)
	past := now.AddDate(0, 0, -5)
	tests := map[string]struct {
		certificate tls.Certificate
		code        string
		want        map[string]string
	}{
		"trusted":   {ours.mint(t, past, long, testHost), CodeTLSTrusted, map[string]string{"issuer": "Test Authority", "expires": date(long), "tls_version": "TLS 1.3", "alpn": "h2"}},
		"wildcard":  {ours.mint(t, past, long, "*.example.com"), CodeTLSTrusted, map[string]string{"issuer": "Test Authority", "expires": date(long), "tls_version": "TLS 1.3", "alpn": "h2"}},
		"untrusted": {theirs.mint(t, past, long, testHost), CodeTLSUntrusted, map[string]string{"issuer": "Their Authority", "names": testHost}},
		"other name": {ours.mint(t, past, long, "a.example.org", "b.example.org"), CodeTLSNameMismatch,
			map[string]string{"issuer": "Test Authority", "names": "a.example.org, b.example.org"}},
		"too deep for a wildcard": {ours.mint(t, past, long, "*.com"), CodeTLSNameMismatch, map[string]string{"issuer": "Test Authority", "names": "*.com"}},
		"expired":                 {ours.mint(t, past.AddDate(0, -1, 0), past, testHost), CodeTLSExpired, map[string]string{"issuer": "Test Authority", "expires": date(past)}},
		"not yet valid":           {ours.mint(t, soon, long, testHost), CodeTLSNotYetValid, map[string]string{"issuer": "Test Authority", "valid_from": date(soon)}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{target: testTarget()}
			address := w.serve(t, relay{testBuild, says(401, refusal)}, test.certificate)
			w.net = Net{Direct: true, Dial: dialTo(address), RootCAs: ours.pool()}
			got := find(t, w.run(t, Options{}), ProbeTLS)
			if got.Code != test.code {
				t.Errorf("code = %s, want %s", got.Code, test.code)
			}
			if diff := cmp.Diff(test.want, got.Details); diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
		})
	}
}

// listen serves raw TCP connections until the test ends.
func listen(t *testing.T, serve func(*net.TCPConn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serve(conn.(*net.TCPConn))
			conn.Close()
		}
	}()
	t.Cleanup(func() { listener.Close(); <-ended })
	return listener.Addr().String()
}

// hello reads the ClientHello, whose record announces its own length (RFC 8446, section 5.1).
func hello(conn net.Conn) {
	var head [5]byte
	if _, err := io.ReadFull(conn, head[:]); err == nil {
		io.CopyN(io.Discard, conn, int64(head[3])<<8|int64(head[4]))
	}
}

// failing dials without a network: the error, or, if it is nil, silence until the deadline, which it lets pass.
func failing(soon deadline, err error) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		if err == nil {
			soon.pass()
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return nil, err
	}
}

func TestTLSConnections(t *testing.T) {
	t.Parallel()
	closed := listen(t, func(*net.TCPConn) {})
	plain := httptest.NewServer(relay{testBuild, says(401, refusal)})
	t.Cleanup(plain.Close)
	gone := httptest.NewServer(nil)
	gone.Close()
	alert := listen(t, func(c *net.TCPConn) { hello(c); c.Write([]byte{21, 3, 3, 0, 2, 2, 40}) })
	reset := listen(t, func(c *net.TCPConn) { hello(c); c.SetLinger(0) })
	soon, sooner := newDeadline(t), newDeadline(t)
	silent := listen(t, func(c *net.TCPConn) { hello(c); soon.pass(); io.Copy(io.Discard, c) })
	old := listen(t, func(c *net.TCPConn) {
		hello(c)
		c.Write([]byte{22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1}) // a ServerHello of TLS 1.0
		c.Write(make([]byte, 36))
	})
	given := testHost + ":443"
	tests := map[string]struct {
		dial func(context.Context, string, string) (net.Conn, error)
		code string
		want map[string]string
	}{
		"refused":           {dialTo(gone.Listener.Addr().String()), CodeTLSRefused, map[string]string{"address": gone.Listener.Addr().String()}},
		"refused, Winsock":  {failing(sooner, wsaRefused), CodeTLSRefused, map[string]string{"address": given}},
		"unreachable":       {failing(sooner, &net.OpError{Op: "dial", Err: syscall.ENETUNREACH}), CodeTLSUnreachable, map[string]string{"address": given, "error": "dial: network is unreachable"}},
		"silent in dial":    {failing(sooner, nil), CodeTLSTimeout, map[string]string{"address": given, "stage": "connect"}},
		"silent after dial": {dialTo(silent), CodeTLSTimeout, map[string]string{"address": given, "stage": "handshake"}},
		"alert":             {dialTo(alert), CodeTLSAlert, map[string]string{"address": given, "alert": "handshake failure"}},
		"closed":            {dialTo(closed), CodeTLSReset, nil},
		"reset":             {dialTo(reset), CodeTLSReset, nil},
		"plain HTTP":        {dialTo(plain.Listener.Addr().String()), CodeTLSNotTLS, map[string]string{"address": given}},
		"too old":           {dialTo(old), CodeTLSHandshakeFailed, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			switch test.want["stage"] {
			case "connect":
				ctx = sooner
			case "handshake":
				ctx = soon
			}
			target := testTarget()
			report := Run(ctx, target, Net{Direct: true, Dial: test.dial}, Options{})
			checkReport(t, report, target)
			got := find(t, report, ProbeTLS)
			if got.Code != test.code {
				t.Fatalf("%+v, want %s", got, test.code)
			}
			if diff := cmp.Diff(test.want, got.Details); test.want != nil && diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
		})
	}
}
