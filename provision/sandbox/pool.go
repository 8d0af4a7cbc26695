package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"sync"

	"github.com/cfproxy/cfproxy/worker/workerd"
)

// errNoRuntime: there is no binary to run scripts with.
var errNoRuntime = errors.New("no workerd binary")

// pool keeps one workerd for each script that is asked for, started at the first request and replaced when the script
// has changed. One process each, so that a script which workerd refuses takes no other down.
type pool struct {
	binary   string
	outbound string

	mu      sync.Mutex
	seen    *state               // whose scripts workers were last compared with
	workers map[string]*instance // the current one of each script
	all     map[*instance]bool   // these, and older ones with requests still in them
	ending  sync.WaitGroup
	closed  bool
}

func newPool(binary, outbound string) *pool {
	return &pool{binary: binary, outbound: outbound, workers: map[string]*instance{}, all: map[*instance]bool{}}
}

// instance is one version of one script, running or starting.
type instance struct {
	script *script
	digest string
	ready  chan struct{} // closed when server and err stand
	server *workerd.Server
	client *http.Transport
	err    error
	users  int  // requests in it; guarded by pool.mu
	stale  bool // to be ended after the last of them; guarded by pool.mu
}

// acquire returns a running instance of the script; the caller must release it.
func (p *pool) acquire(ctx context.Context, st *state, a *account, w *script) (*instance, error) {
	if p.binary == "" {
		return nil, errNoRuntime
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, errors.New("the edge is closed")
	}
	p.sweep(st)
	key := a.ID + "/" + w.Name
	i := p.workers[key]
	if i == nil || !i.runs(w) {
		p.retire(i)
		i = p.start(w)
		p.workers[key] = i
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

// dispose ends an instance in the background; mu is held.
func (p *pool) dispose(i *instance) {
	if !p.all[i] {
		return
	}
	delete(p.all, i)
	p.ending.Go(func() { _ = i.end() })
}

// sweep retires the instances of scripts that are gone; mu is held.
func (p *pool) sweep(st *state) {
	if p.seen == st {
		return
	}
	p.seen = st
	alive := map[string]bool{}
	for _, a := range st.Accounts {
		for _, w := range a.Scripts {
			alive[a.ID+"/"+w.Name] = true
		}
	}
	for key, i := range p.workers {
		if !alive[key] {
			p.retire(i)
			delete(p.workers, key)
		}
	}
}

// retire lets requests under way finish; mu is held.
func (p *pool) retire(i *instance) {
	if i == nil || i.stale {
		return
	}
	i.stale = true
	if i.users == 0 {
		p.dispose(i)
	}
}

// runs tells whether the instance is of this very script and still alive; mu is held.
func (i *instance) runs(w *script) bool {
	select {
	case <-i.ready:
		if i.err != nil && !refused(i.err) {
			return false // a failure of the machine, not of the script: try again
		}
		if i.server != nil && ended(i.server) {
			return false
		}
	default:
	}
	if i.script != w && i.digest != w.run() {
		return false
	}
	i.script = w // so that the digest is worked out once for each reading of the state
	return true
}

func ended(s *workerd.Server) bool {
	select {
	case <-s.Done():
		return true
	default:
		return false
	}
}

// refused tells a script that workerd does not take from a workerd that does not start.
func refused(err error) bool {
	var e *workerd.StartError
	return errors.As(err, &e) && e.Stderr != ""
}

// start runs the script in its own time: a caller that leaves must not stop it for the others. mu is held.
func (p *pool) start(w *script) *instance {
	i := &instance{script: w, digest: w.run(), ready: make(chan struct{})}
	p.all[i] = true
	config := workerd.Config{Workers: []workerd.Worker{w.worker()}, Outbound: p.outbound}
	go func() {
		defer close(i.ready)
		i.server, i.err = workerd.Start(context.Background(), p.binary, config)
		if i.err == nil {
			i.client = &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64, DialContext: dialAbrupt}
		}
	}()
	return i
}

// dialAbrupt makes connections that end in a reset. workerd sees a caller leave at once by that alone, and only then ends
// the call to the provider; on an orderly close it would notice with the provider's next byte.
func dialAbrupt(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		err = tcp.SetLinger(0)
	}
	return conn, err
}

func (i *instance) end() error {
	<-i.ready
	if i.server == nil {
		return nil
	}
	i.client.CloseIdleConnections()
	return i.server.Close()
}

// close ends every process and waits for it, whatever requests are in it.
func (p *pool) close() error {
	p.mu.Lock()
	p.closed = true
	all := p.all
	p.workers, p.all = nil, nil
	p.mu.Unlock()
	var err error
	for i := range all {
		err = errors.Join(err, i.end())
	}
	p.ending.Wait()
	return err
}

// run is a digest of all that reaches workerd, secrets included.
func (w *script) run() string {
	data, err := json.Marshal(w.worker())
	if err != nil {
		return ""
	}
	return digest(string(data))
}

// worker is the script as workerd takes it.
func (w *script) worker() workerd.Worker {
	out := workerd.Worker{
		Name: w.Name, Main: w.Main, CompatibilityDate: w.CompatibilityDate, CompatibilityFlags: w.CompatibilityFlags,
	}
	for _, m := range w.Modules {
		kind := m.Type
		switch kind {
		case "text/javascript+module":
			kind = typeModule
		case "text/javascript":
			kind = typeScript
		case "application/source-map":
			continue
		}
		out.Modules = append(out.Modules, workerd.Module{Name: m.Name, Type: kind, Body: m.source()})
	}
	out.Bindings = w.runnable()
	return out
}
