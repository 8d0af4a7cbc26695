// Package edge is Cloudflare's edge on one machine, for an account of the sandbox: DNS, TLS with a certificate authority of
// its own, routing by Workers routes and custom domains, Cloudflare's error pages, and the deployed Workers on workerd. The
// stand-in providers answer the requests of the Workers. It reads the account at every request, so it serves what the API
// has stored last, whichever process wrote it.
package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/provision/sandbox/standin"
)

// Config is what Open needs.
type Config struct {
	Store   *sandbox.Store
	Workerd string // path of the workerd binary; without it requests for Workers are rejected with 503, code no-workerd
	Listen  string // host:port; "" is a free port of 127.0.0.1
}

// Edge is a running edge. Its methods may be called by multiple goroutines.
type Edge struct {
	store    *sandbox.Store
	signer   *signer
	pem      []byte
	listener net.Listener
	server   *http.Server
	upstream *upstream
	pool     *pool
	serving  sync.WaitGroup
	close    func() error
}

// Open starts an edge, which serves until Close. ctx is for the start only.
func Open(ctx context.Context, c Config) (*Edge, error) {
	certificate, key, err := c.Store.Authority()
	if err != nil {
		return nil, err
	}
	e := &Edge{store: c.Store, pem: certificate}
	if e.signer, err = newSigner(certificate, key); err != nil {
		return nil, err
	}
	address := c.Listen
	if address == "" {
		address = "127.0.0.1:0"
	}
	var lc net.ListenConfig
	if e.listener, err = lc.Listen(ctx, "tcp", address); err != nil {
		return nil, fmt.Errorf("edge: %w", err)
	}
	if e.upstream, err = openUpstream(ctx, c.Store); err != nil {
		e.listener.Close()
		return nil, err
	}
	e.pool = newPool(c.Workerd, e.upstream.addr())
	e.serve()
	e.close = sync.OnceValue(func() error {
		err := errors.Join(e.server.Close(), e.upstream.close(), e.pool.close())
		e.serving.Wait()
		return err
	})
	return e, nil
}

func (e *Edge) serve() {
	e.server = newServer(e)
	e.server.TLSConfig = &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: e.certificate,
	}
	e.serving.Go(func() {
		// It always returns an error, http.ErrServerClosed after Close.
		_ = e.server.ServeTLS(e.listener, "", "")
	})
}

// newServer returns a server that logs nothing: failed handshakes are part of what the edge emulates.
func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
}

// RunsWorkers reports whether the edge has a workerd to run Workers with.
func (e *Edge) RunsWorkers() bool { return e.pool.binary != "" }

// Addr returns the address that the edge listens on, host:port.
func (e *Edge) Addr() string { return e.listener.Addr().String() }

// CAPEM returns the certificate of the edge's certificate authority, PEM. It stays the same for one state file.
func (e *Edge) CAPEM() []byte { return append([]byte(nil), e.pem...) }

// Close stops the server, the stand-in providers and every workerd, and aborts requests in progress. It may be called more
// than once.
func (e *Edge) Close() error { return e.close() }

// Dial connects to the edge, whatever the address.
func (e *Edge) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", e.Addr())
}

// normalizeHost returns a hostname in lower case and without the dot of an absolute name.
func normalizeHost(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// ServeHTTP implements [http.Handler]: it answers one request to the edge.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = normalizeHost(host)
	ray := standin.NewRay()
	f, err := e.store.TakeFault(sandbox.FaultAtEdge, r.Method, host+r.URL.Path)
	if !f.WaitForRequest(r) {
		panic(http.ErrAbortHandler) // the client is gone
	}
	if err == nil && f.Fails() {
		w.Header().Set("Server", "cloudflare")
		w.Header().Set("Cf-Ray", ray)
		if !f.WriteBody(w) {
			faultPage(f).write(w, host, ray, "")
		}
		return
	}
	snapshot, stateErr := e.store.Snapshot()
	if err := errors.Join(err, stateErr); err != nil {
		pageState.write(w, host, ray, err.Error())
		return
	}
	z, ok := snapshot.Zone(host)
	if !ok || !z.Active() || !isProxied(z, host) {
		pageName.write(w, host, ray, "")
		return
	}
	// Only a Worker can answer: the origins of the records are not connected to.
	worker, ok := route(z, host, r.URL.RequestURI())
	if !ok {
		pageTimeout.write(w, host, ray, "")
		return
	}
	e.runWorker(w, r, workerRequest{snapshot: snapshot, worker: worker, host: host, ray: ray})
}

// route returns the Worker that answers a request. Routes take precedence over custom domains. A custom domain makes its
// Worker the origin of the host, so it also answers requests for which a route disables Workers; the latter has not been
// verified against Cloudflare.
func route(z sandbox.Zone, host, target string) (sandbox.Worker, bool) {
	if script, ok := z.Route("https", host, target); ok && script != "" {
		return z.Worker(script)
	}
	if script, ok := z.CustomDomain(host); ok {
		return z.Worker(script)
	}
	return sandbox.Worker{}, false
}
