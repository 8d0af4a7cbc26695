package verify

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
)

// userAgent is what the verifier calls itself, and what the printed curl line does too.
const userAgent = "cfproxy-verify"

const (
	maxBody   = 64 << 10 // of an answer to a keyless request
	maxPaid   = 1 << 20  // of a completion or a stream
	maxHeader = 64 << 10
)

// link is the connection that the probes of one pass share: the TLS probe opens it, HTTP goes on with it. Should the
// server close it in between, a new one is opened.
type link struct {
	host      string
	dial      func(ctx context.Context, network, addr string) (net.Conn, error)
	config    *tls.Config
	transport *http.Transport

	mu     sync.Mutex
	ready  *tls.Conn // after the handshake, and not yet taken by the transport
	conns  []net.Conn
	closed bool
}

func newLink(t Target, n Net) *link {
	l := &link{host: t.Host, dial: n.Dial}
	l.config = &tls.Config{ServerName: t.Host, RootCAs: n.RootCAs, NextProtos: []string{"h2", "http/1.1"}}
	l.transport = &http.Transport{
		DialTLSContext:         l.take,
		ForceAttemptHTTP2:      true, // a custom dial turns it off otherwise
		DisableCompression:     true, // so that the request is what the curl line sends, and a stream is not held back
		MaxResponseHeaderBytes: maxHeader,
	}
	return l
}

func (l *link) address() string { return net.JoinHostPort(l.host, "443") }

// dialError marks a failure that came before the handshake.
type dialError struct{ cause error }

func (e dialError) Error() string { return fmt.Sprintf("dial: %v", e.cause) }
func (e dialError) Unwrap() error { return e.cause }

// open connects and shakes hands.
func (l *link) open(ctx context.Context) (*tls.Conn, error) {
	raw, err := l.dial(ctx, "tcp", l.address())
	if err != nil {
		return nil, dialError{err}
	}
	if !l.track(raw) {
		raw.Close()
		return nil, dialError{net.ErrClosed}
	}
	conn := tls.Client(raw, l.config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	return conn, nil
}

// take hands the opened connection to the transport, once.
func (l *link) take(ctx context.Context, _, _ string) (net.Conn, error) {
	l.mu.Lock()
	conn := l.ready
	l.ready = nil
	l.mu.Unlock()
	if conn != nil {
		return conn, nil
	}
	return l.open(ctx)
}

// track notes a connection for close. It refuses one that the transport's dial brings after that.
func (l *link) track(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, conn)
	return !l.closed
}

func (l *link) close() {
	l.transport.CloseIdleConnections()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, conn := range l.conns {
		conn.Close()
	}
}

// request is one HTTP request of the verifier. The key goes into the header auth, by default as a bearer token.
type request struct {
	method, path, body, accept, key, auth string
}

// send returns the answer with its body unread; the caller closes it. It goes straight to the transport, so neither
// redirects are followed nor cookies kept.
func (l *link) send(ctx context.Context, r request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, "https://"+l.host+r.path, strings.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", userAgent)
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "*/*")
	if r.accept != "" {
		req.Header.Set("Accept", r.accept)
	}
	switch {
	case r.key == "":
	case r.auth == "" || r.auth == "authorization":
		req.Header.Set("Authorization", "Bearer "+r.key)
	default:
		req.Header.Set(r.auth, r.key)
	}
	return l.transport.RoundTrip(req)
}

// ask sends a request and reads the answer, of whose body it keeps at most limit bytes.
func (l *link) ask(ctx context.Context, r request, limit int64) (answer, error) {
	resp, err := l.send(ctx, r)
	if err != nil {
		return answer{}, err
	}
	return read(resp, limit)
}

func read(resp *http.Response, limit int64) (answer, error) {
	defer resp.Body.Close()
	var body bytes.Buffer
	if _, err := io.Copy(&body, io.LimitReader(resp.Body, limit)); err != nil {
		return answer{}, fmt.Errorf("read body: %w", err)
	}
	return answer{status: resp.StatusCode, protocol: resp.Proto, header: resp.Header, body: body.Bytes()}, nil
}
