package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Key is what the stand-in provider accepts, and nothing else does.
const Key = "sk-sandbox-0123456789abcdef"

// provider stands behind the Workers: every request they make arrives here with an absolute-form request line, and is
// answered as the service of that name would answer it.
type provider struct {
	store    *Store
	listener net.Listener
	server   *http.Server
	served   sync.WaitGroup
}

func openProvider(ctx context.Context, s *Store) (*provider, error) {
	p := &provider{store: s}
	var lc net.ListenConfig
	var err error
	if p.listener, err = lc.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("stand-in provider: %w", err)
	}
	p.server = quiet(p)
	p.served.Go(func() {
		// It always ends with an error, http.ErrServerClosed after close.
		_ = p.server.Serve(p.listener)
	})
	return p, nil
}

func (p *provider) addr() string { return p.listener.Addr().String() }

func (p *provider) close() error {
	err := p.server.Close()
	p.served.Wait()
	return err
}

// ServeHTTP answers by the host of the request's URL.
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := strings.ToLower(r.URL.Hostname())
	if host == "" {
		host, _, _ = strings.Cut(strings.ToLower(r.Host), ":")
	}
	f, err := p.store.takeFault(atProvider, r.Method, host+r.URL.Path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	f.drain(r)
	if !f.wait(r.Context()) {
		panic(http.ErrAbortHandler) // nobody is there to answer
	}
	if f.answers() {
		if !f.custom(w) {
			providerFault(w, r, f)
		}
		return
	}
	st, err := p.store.state()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	blocked := st.Provider != nil && st.Provider.RegionBlocked
	other, found, err := standInFor(host, r.URL.Path)
	_, zone := st.zoneOf(host)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	case host == "api.openai.com":
		serveOpenAI(w, r, blocked)
	case found && zone == nil:
		other.serve(w, r, blocked)
	default:
		nowhere(w, st, host)
	}
}

// nowhere is what a Worker gets for a name without a provider: its own zone's origin, which does not answer, or no DNS.
func nowhere(w http.ResponseWriter, st *state, host string) {
	if _, z := st.zoneOf(host); z != nil {
		troubleTimeout.write(w, host, newRay(), "")
		return
	}
	h := w.Header()
	h.Set("Server", "cloudflare")
	h.Set("Content-Type", "text/plain; charset=UTF-8")
	w.WriteHeader(530)
	fmt.Fprint(w, "error code: 1016")
}

// providerFault words a fault as OpenAI words its own.
func providerFault(w http.ResponseWriter, r *http.Request, f *fault) {
	status := f.status()
	kind, code := "server_error", ""
	if status == http.StatusTooManyRequests {
		kind, code = "requests", "rate_limit_exceeded"
	}
	behindCloudflare(w.Header(), "api.openai.com")
	openAIRefuse(w, r, status, kind, cmp.Or(f.Message, "The server had an error while processing your request. Sorry about that!"), "", code)
}

// behindCloudflare sets what the providers that are Cloudflare's customers send, cookies included.
func behindCloudflare(h http.Header, host string) {
	h.Set("Server", "cloudflare")
	h.Set("CF-Ray", newRay())
	h.Set("CF-Cache-Status", "DYNAMIC")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload")
	expires := time.Now().Add(30 * time.Minute).UTC().Format(http.TimeFormat)
	h.Add("Set-Cookie", fmt.Sprintf("__cf_bm=%016x; path=/; expires=%s; domain=.%s; HttpOnly; Secure; SameSite=None", rand.Uint64(), expires, host))
	h.Add("Set-Cookie", fmt.Sprintf("_cfuvid=%016x; path=/; domain=.%s; HttpOnly; Secure; SameSite=None", rand.Uint64(), host))
}

// reply writes JSON, compressed when the Worker's runtime asked for that, as it does unless a script says otherwise.
func reply(w http.ResponseWriter, r *http.Request, status int, body any) {
	data, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		h.Set("Vary", "Accept-Encoding")
		data = gzipped(data)
	}
	h.Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	w.Write(data)
}
