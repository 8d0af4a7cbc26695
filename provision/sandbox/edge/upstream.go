package edge

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/provision/sandbox/standin"
)

// upstream is the proxy that all requests of the Workers go through. They arrive with an absolute URL and are answered as
// the host of that URL would answer them.
type upstream struct {
	store    *sandbox.Store
	listener net.Listener
	server   *http.Server
	serving  sync.WaitGroup
}

func openUpstream(ctx context.Context, s *sandbox.Store) (*upstream, error) {
	u := &upstream{store: s}
	var lc net.ListenConfig
	var err error
	if u.listener, err = lc.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("stand-in provider: %w", err)
	}
	u.server = newServer(u)
	u.serving.Go(func() {
		// It always returns an error, http.ErrServerClosed after close.
		_ = u.server.Serve(u.listener)
	})
	return u, nil
}

func (u *upstream) addr() string { return u.listener.Addr().String() }

func (u *upstream) close() error {
	err := u.server.Close()
	u.serving.Wait()
	return err
}

// ServeHTTP implements [http.Handler].
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := strings.ToLower(r.URL.Hostname())
	if host == "" {
		host, _, _ = strings.Cut(strings.ToLower(r.Host), ":")
	}
	f, err := u.store.TakeFault(sandbox.FaultAtProvider, r.Method, host+r.URL.Path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if !f.WaitForRequest(r) {
		panic(http.ErrAbortHandler) // the client is gone
	}
	if f.Fails() {
		if !f.WriteBody(w) {
			standin.WriteServerError(w, r, f.StatusCode(), f.Message)
		}
		return
	}
	snapshot, err := u.store.Snapshot()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	provider := standin.Handler(host, r.URL.Path, snapshot.RegionBlocked())
	switch _, inAccount := snapshot.Zone(host); {
	case provider != nil && (host == standin.OpenAIHost || !inAccount):
		provider.ServeHTTP(w, r)
	case inAccount:
		pageTimeout.write(w, host, standin.NewRay(), "") // the origins of the account's zones are not connected to
	default:
		writeNoSuchHost(w)
	}
}

// writeNoSuchHost writes what a Worker gets for a host that DNS does not have, Cloudflare's error 1016.
func writeNoSuchHost(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Server", "cloudflare")
	h.Set("Content-Type", "text/plain; charset=UTF-8")
	w.WriteHeader(530)
	fmt.Fprint(w, "error code: 1016")
}
