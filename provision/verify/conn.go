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

// userAgent is the User-Agent of the verifier's requests and of the printed curl command.
const userAgent = "cfproxy-verify"

// Limits in bytes.
const (
	maxBody     = 64 << 10 // body of the response to a keyless request
	maxPaidBody = 1 << 20  // body of a completion or a stream
	maxHeader   = 64 << 10
)

// conn is the connection that the probes of one attempt share. The TLS probe opens it, and the HTTP probes use it. If the
// server closes it in between, the transport opens another one.
type conn struct {
	host      string
	dial      func(ctx context.Context, network, addr string) (net.Conn, error)
	tlsConfig *tls.Config
	transport *http.Transport

	mu         sync.Mutex
	handshaken *tls.Conn  // after the handshake, until the transport uses it
	opened     []net.Conn // every connection, for close
	closed     bool
}

func newConn(t Target, n Net) *conn {
	c := &conn{host: t.Host, dial: n.Dial}
	c.tlsConfig = &tls.Config{ServerName: t.Host, RootCAs: n.RootCAs, NextProtos: []string{"h2", "http/1.1"}}
	c.transport = &http.Transport{
		DialTLSContext:         c.dialTLS,
		ForceAttemptHTTP2:      true, // a custom dial function disables it otherwise
		DisableCompression:     true, // so that the request equals the curl command, and a stream is not buffered
		MaxResponseHeaderBytes: maxHeader,
	}
	return c
}

func (c *conn) address() string { return net.JoinHostPort(c.host, "443") }

// dialError is a failure before the TLS handshake.
type dialError struct{ cause error }

func (e dialError) Error() string { return fmt.Sprintf("dial: %v", e.cause) }
func (e dialError) Unwrap() error { return e.cause }

// connect dials and completes the TLS handshake.
func (c *conn) connect(ctx context.Context) (*tls.Conn, error) {
	raw, err := c.dial(ctx, "tcp", c.address())
	if err != nil {
		return nil, dialError{err}
	}
	if !c.track(raw) {
		raw.Close()
		return nil, dialError{net.ErrClosed}
	}
	tlsConn := tls.Client(raw, c.tlsConfig)
	if err := tlsConn.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	return tlsConn, nil
}

// dialTLS returns the connection of the TLS probe to the transport; when that is in use already, it opens a new one.
func (c *conn) dialTLS(ctx context.Context, _, _ string) (net.Conn, error) {
	c.mu.Lock()
	tlsConn := c.handshaken
	c.handshaken = nil
	c.mu.Unlock()
	if tlsConn != nil {
		return tlsConn, nil
	}
	return c.connect(ctx)
}

// track records a connection for close. It returns false after close, when a dial of the transport finished too late.
func (c *conn) track(raw net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened = append(c.opened, raw)
	return !c.closed
}

func (c *conn) close() {
	c.transport.CloseIdleConnections()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, raw := range c.opened {
		raw.Close()
	}
}

// request is one HTTP request of the verifier. authHeader is the header for the key; "" and "authorization" mean a bearer
// token.
type request struct {
	method, path, body, accept, key, authHeader string
}

// send sends a request and returns the response with its body unread; the caller closes it. It uses the transport
// directly, so redirects are not followed and cookies are not kept.
func (c *conn) send(ctx context.Context, r request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, "https://"+c.host+r.path, strings.NewReader(r.body))
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
	case r.authHeader == "" || r.authHeader == "authorization":
		req.Header.Set("Authorization", "Bearer "+r.key)
	default:
		req.Header.Set(r.authHeader, r.key)
	}
	return c.transport.RoundTrip(req)
}

// fetch sends a request and reads at most limit bytes of the response's body.
func (c *conn) fetch(ctx context.Context, r request, limit int64) (response, error) {
	httpResp, err := c.send(ctx, r)
	if err != nil {
		return response{}, err
	}
	return readResponse(httpResp, limit)
}

// readResponse reads at most limit bytes of the body, and closes it.
func readResponse(r *http.Response, limit int64) (response, error) {
	defer r.Body.Close()
	var body bytes.Buffer
	if _, err := io.Copy(&body, io.LimitReader(r.Body, limit)); err != nil {
		return response{}, fmt.Errorf("read body: %w", err)
	}
	return response{status: r.StatusCode, protocol: r.Proto, header: r.Header, body: body.Bytes()}, nil
}
