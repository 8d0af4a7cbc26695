package sandbox

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
)

// EdgeConfig says what an edge serves and where.
type EdgeConfig struct {
	Store   *Store
	Workerd string // path of the workerd binary; "" = scripts are answered with 503, code no-workerd
	Listen  string // "" = 127.0.0.1:0
}

// Edge is Cloudflare's edge on one machine: TLS by its own authority, DNS records, routes, and the uploaded scripts run
// on workerd with a stand-in for the providers behind them. It reads the store at every request, so it serves what the
// account holds now, whichever process changed it.
type Edge struct {
	store    *Store
	signer   *signer
	pem      []byte
	listener net.Listener
	server   *http.Server
	provider *provider
	runtime  *pool
	served   sync.WaitGroup
	closing  sync.Once
	closed   error
}

// OpenEdge listens and serves until Close. ctx bounds the opening only. It gives a state without a certificate authority
// one.
func OpenEdge(ctx context.Context, c EdgeConfig) (*Edge, error) {
	st, err := c.Store.state()
	if err != nil {
		return nil, err
	}
	if st.Edge == nil {
		if err := c.Store.update((*state).ensureAuthority); err != nil {
			return nil, err
		}
		if st, err = c.Store.state(); err != nil {
			return nil, err
		}
	}
	e := &Edge{store: c.Store, pem: []byte(st.Edge.Certificate)}
	if e.signer, err = newSigner(st.Edge); err != nil {
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
	if e.provider, err = openProvider(ctx, c.Store); err != nil {
		e.listener.Close()
		return nil, err
	}
	e.runtime = newPool(c.Workerd, e.provider.addr())
	e.serve()
	return e, nil
}

func (e *Edge) serve() {
	e.server = quiet(e)
	e.server.TLSConfig = &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: e.certificate,
	}
	e.served.Go(func() {
		// It always ends with an error, http.ErrServerClosed after Close.
		_ = e.server.ServeTLS(e.listener, "", "")
	})
}

// quiet is a server that prints nothing: failed handshakes are everyday life here.
func quiet(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
}

// Runs tells whether there is a runtime, so that scripts are run and not answered for.
func (e *Edge) Runs() bool { return e.runtime.binary != "" }

// Addr is the loopback address, host:port.
func (e *Edge) Addr() string { return e.listener.Addr().String() }

// CAPEM is the certificate to trust, PEM. It stays the same for one state file.
func (e *Edge) CAPEM() []byte { return append([]byte(nil), e.pem...) }

// Close ends the server, the provider and every workerd; requests under way are cut. It may be called again.
func (e *Edge) Close() error {
	e.closing.Do(func() {
		e.closed = errors.Join(e.server.Close(), e.provider.close(), e.runtime.close())
		e.served.Wait()
	})
	return e.closed
}

// Dial connects to the edge, whatever address is asked for.
func (e *Edge) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", e.Addr())
}

// certificate picks the leaf for a handshake by its SNI.
func (e *Edge) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	host := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	f, err := e.store.takeFault(atTLS, "", host)
	if err != nil {
		return nil, err
	}
	if !f.wait(hello.Context()) {
		return nil, hello.Context().Err()
	}
	if f.answers() && f.Drop {
		hello.Conn.Close()
	}
	st, err := e.store.state()
	if err != nil {
		return nil, err
	}
	name, ok := st.covered(host)
	if !ok || f.answers() {
		other, err := e.signer.leaf("invalid")
		if err != nil {
			return nil, err
		}
		return unserved(other), nil
	}
	return e.signer.leaf(name)
}

// ServeHTTP answers one request of the edge.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := strings.ToLower(r.Host)
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(host, ".")
	ray := newRay()
	f, err := e.store.takeFault(atEdge, r.Method, host+r.URL.Path)
	f.drain(r)
	if !f.wait(r.Context()) {
		panic(http.ErrAbortHandler) // nobody is there to answer
	}
	if err == nil && f.answers() {
		w.Header().Set("Server", "cloudflare")
		w.Header().Set("Cf-Ray", ray)
		if !f.custom(w) {
			f.trouble().write(w, host, ray, "")
		}
		return
	}
	st, stateErr := e.store.state()
	if err := errors.Join(err, stateErr); err != nil {
		troubleState.write(w, host, ray, err.Error())
		return
	}
	a, z := st.zoneOf(host)
	if z == nil || z.Status != statusActive || z.proxied(host) == nil {
		troubleName.write(w, host, ray, "")
		return
	}
	// Nothing but a Worker can answer: the origins of the records are not connected to.
	script := a.worker(z, host, r.URL.RequestURI())
	if script == nil {
		troubleTimeout.write(w, host, ray, "")
		return
	}
	e.work(w, r, visit{state: st, account: a, script: script, host: host, ray: ray})
}

// worker finds the script that answers a request, nil for none. Routes come first. A custom domain makes its script the
// origin of the host, so that it is also what stands behind a route that switches Workers off; the latter is not verified.
func (a *account) worker(z *zone, host, target string) *script {
	if to := z.match("https", host, target); to != nil && to.Script != "" {
		return a.script(to.Script)
	}
	if d := a.domain(host); d != nil {
		return a.script(d.Service)
	}
	return nil
}
