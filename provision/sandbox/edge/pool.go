package edge

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/worker/workerd"
)

// errNoRuntime is the error of a pool without a workerd binary.
var errNoRuntime = errors.New("no workerd binary")

// pool runs one workerd process for each Worker in use. A process is started by the first request and replaced when the
// Worker has changed. A Worker that workerd rejects does not affect the others because each has its own process.
type pool struct {
	binary   string
	outbound string

	mu       sync.Mutex
	swept    sandbox.Snapshot     // the snapshot that workers were last compared with
	workers  map[string]*instance // the current instance of each Worker, by Worker.ID
	all      map[*instance]bool   // these, and old instances with requests in progress
	stopping sync.WaitGroup
	closed   bool
}

func newPool(binary, outbound string) *pool {
	return &pool{binary: binary, outbound: outbound, workers: map[string]*instance{}, all: map[*instance]bool{}}
}

// instance is a workerd process with one version of a Worker, running or starting.
type instance struct {
	worker sandbox.Worker
	digest string
	ready  chan struct{} // closed when server, client and err are set
	server *workerd.Server
	client *http.Transport
	err    error
	users  int  // requests in progress; guarded by pool.mu
	stale  bool // stop it after the last request; guarded by pool.mu
}

// acquire returns a running instance of the Worker. The caller must release it.
func (p *pool) acquire(ctx context.Context, s sandbox.Snapshot, w sandbox.Worker) (*instance, error) {
	if p.binary == "" {
		return nil, errNoRuntime
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, errors.New("the edge is closed")
	}
	p.sweep(s)
	i := p.workers[w.ID()]
	if i == nil || !i.runs(w) {
		p.retire(i)
		i = p.start(w)
		p.workers[w.ID()] = i
	}
	i.users++
	p.mu.Unlock()
	select {
	case <-i.ready:
	case <-ctx.Done():
		p.release(i)
		return nil, ctx.Err()
	}
	if i.err != nil {
		p.release(i)
		return nil, i.err
	}
	return i, nil
}

func (p *pool) release(i *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i.users--
	if i.stale && i.users == 0 {
		p.dispose(i)
	}
}

// dispose stops an instance in the background. p.mu is held.
func (p *pool) dispose(i *instance) {
	if !p.all[i] {
		return
	}
	delete(p.all, i)
	p.stopping.Go(func() { _ = i.stop() })
}

// sweep retires the instances of Workers that have been deleted. p.mu is held.
func (p *pool) sweep(s sandbox.Snapshot) {
	if p.swept == s {
		return
	}
	p.swept = s
	exists := map[string]bool{}
	for w := range s.Workers() {
		exists[w.ID()] = true
	}
	for key, i := range p.workers {
		if !exists[key] {
			p.retire(i)
			delete(p.workers, key)
		}
	}
}

// retire stops an instance as soon as it has no requests in progress. p.mu is held.
func (p *pool) retire(i *instance) {
	if i == nil || i.stale {
		return
	}
	i.stale = true
	if i.users == 0 {
		p.dispose(i)
	}
}

// runs reports whether the instance has this version of the Worker and has not exited. p.mu is held.
func (i *instance) runs(w sandbox.Worker) bool {
	select {
	case <-i.ready:
		if i.err != nil && !isRejection(i.err) {
			return false // not the fault of the script, so try again
		}
		if i.server != nil && hasExited(i.server) {
			return false
		}
	default:
	}
	if i.worker != w && i.digest != digest(w) {
		return false
	}
	i.worker = w // to compute the digest only once after the state was read again
	return true
}

func hasExited(s *workerd.Server) bool {
	select {
	case <-s.Done():
		return true
	default:
		return false
	}
}

// isRejection reports whether workerd has rejected the script, which it explains on stderr, instead of failing to start.
func isRejection(err error) bool {
	var e *workerd.StartError
	return errors.As(err, &e) && e.Stderr != ""
}

// start starts an instance in the background, so that it does not end with the request that needs it first. p.mu is held.
func (p *pool) start(w sandbox.Worker) *instance {
	i := &instance{worker: w, digest: digest(w), ready: make(chan struct{})}
	p.all[i] = true
	config := workerd.Config{Workers: []workerd.Worker{w.Config()}, Outbound: p.outbound}
	go func() {
		defer close(i.ready)
		i.server, i.err = workerd.Start(context.Background(), p.binary, config)
		if i.err == nil {
			i.client = &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64, DialContext: dialWithReset}
		}
	}()
	return i
}

// dialWithReset opens connections that are closed with a TCP reset. workerd aborts the request to the provider at once when
// the client resets the connection, but after an orderly close only at the provider's next byte.
func dialWithReset(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		err = tcp.SetLinger(0)
	}
	return conn, err
}

func (i *instance) stop() error {
	<-i.ready
	if i.server == nil {
		return nil
	}
	i.client.CloseIdleConnections()
	return i.server.Close()
}

// close stops every process and waits until it has exited. Requests in progress are aborted.
func (p *pool) close() error {
	p.mu.Lock()
	p.closed = true
	all := p.all
	p.workers, p.all = nil, nil
	p.mu.Unlock()
	var err error
	for i := range all {
		err = errors.Join(err, i.stop())
	}
	p.stopping.Wait()
	return err
}

// digest returns a digest of all that workerd gets, secrets included.
func digest(w sandbox.Worker) string {
	data, err := json.Marshal(w.Config())
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}
