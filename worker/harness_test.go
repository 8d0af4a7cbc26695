package worker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/worker"
	"github.com/cfproxy/cfproxy/worker/workerd"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

// patience bounds every wait of these tests. Nothing here takes near as long.
const patience = 20 * time.Second

const build = "0123456789abcdef"

var providers = []worker.Provider{
	{ID: "openai", Name: "OpenAI", Origin: "https://api.openai.com", Base: "/v1", Dialect: worker.DialectOpenAI, Auth: "authorization"},
	{ID: "anthropic", Name: "Anthropic", Origin: "https://api.anthropic.com", Dialect: worker.DialectAnthropic, Auth: "x-api-key"},
	{ID: "ported", Name: "Ported", Origin: "https://api.example.com:8443", Dialect: worker.DialectOpenAI, Auth: "authorization"},
}

// bare is the least that a relay can be; the benchmark measures against it.
const bare = `export default { fetch(request) {
  const url = new URL(request.url);
  url.protocol = "https:";
  url.host = "api.openai.com";
  return fetch(new Request(url, request));
} }`

// harness is the Worker on workerd, and a server that stands for every upstream.
type harness struct {
	server   *workerd.Server
	upstream *httptest.Server

	mu       sync.Mutex
	handlers map[string]http.HandlerFunc
	hosts    map[string]bool // all that the upstream was asked for
	count    int
}

// shared is started by the first test that needs it and ended by TestMain.
var shared struct {
	once sync.Once
	h    *harness
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.h != nil {
		shared.h.close()
	}
	os.Exit(code)
}

func running(t testing.TB) *harness {
	t.Helper()
	bin := workerdtest.Binary(t)
	shared.once.Do(func() { shared.h, shared.err = newHarness(bin) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.h
}

func newHarness(bin string) (*harness, error) {
	h := &harness{handlers: map[string]http.HandlerFunc{}, hosts: map[string]bool{}}
	h.upstream = httptest.NewServer(h)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	workers := []workerd.Worker{
		relay("relay", good()),
		{Name: "bare", Main: "index.js", CompatibilityDate: worker.Load().CompatibilityDate,
			Modules: []workerd.Module{{Name: "index.js", Type: workerd.TypeESModule, Body: []byte(bare)}}},
	}
	for name, bindings := range badBindings() {
		workers = append(workers, relay(name, bindings))
	}
	workers = append(workers, managedRelays()...)
	var err error
	h.server, err = workerd.Start(ctx, bin, workerd.Config{Workers: workers, Outbound: h.upstream.Listener.Addr().String()})
	if err != nil {
		h.upstream.Close()
		return nil, err
	}
	return h, nil
}

func (h *harness) close() {
	_ = h.server.Close()
	h.upstream.CloseClientConnections()
	h.upstream.Close()
}

// relay is the embedded Worker as it is uploaded.
func relay(name string, bindings []workerd.Binding, tokens ...worker.Token) workerd.Worker {
	b := worker.Load().WithTokens(tokens)
	w := workerd.Worker{Name: name, Main: b.Main, CompatibilityDate: b.CompatibilityDate,
		CompatibilityFlags: b.CompatibilityFlags, Bindings: bindings}
	for _, m := range b.Modules {
		w.Modules = append(w.Modules, workerd.Module{Name: m.Name, Type: m.Type, Body: m.Source})
	}
	return w
}

func good() []workerd.Binding {
	return bindings(providers, worker.Settings{Page: true})
}

func bindings(providers []worker.Provider, settings worker.Settings) []workerd.Binding {
	asJSON := func(v any) json.RawMessage {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err) // cannot be: plain strings
		}
		return text
	}
	return []workerd.Binding{
		{Name: worker.BindingProviders, Type: workerd.BindingJSON, JSON: asJSON(providers)},
		{Name: worker.BindingBuild, Type: workerd.BindingText, Text: build},
		{Name: worker.BindingVersion, Type: workerd.BindingText, Text: "v1.2.3"},
		{Name: worker.BindingSettings, Type: workerd.BindingJSON, JSON: asJSON(settings)},
	}
}

// ServeHTTP is the upstream: the handler that a test gave for the path, or one
// that says what it was asked.
func (h *harness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.hosts[r.URL.Scheme+"://"+r.Host] = true
	handler := h.handlers[r.URL.Path]
	h.mu.Unlock()
	if handler != nil {
		handler(w, r)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	head, _ := httputil.DumpRequest(r, false)
	w.Header().Set("Seen", r.RequestURI)
	w.Header().Set("Seen-Head", strconv.QuoteToASCII(string(head)))
	_, _ = fmt.Fprintf(w, "%s %s", r.Method, r.RequestURI)
}

// handle makes handler the upstream of one path, which it returns.
func (h *harness) handle(t testing.TB, handler http.HandlerFunc) string {
	h.mu.Lock()
	h.count++
	path := fmt.Sprintf("/v1/test/%d", h.count)
	h.mu.Unlock()
	h.handleAt(t, path, handler)
	return path
}

// handleAt makes handler the upstream of a path until the test ends.
func (h *harness) handleAt(t testing.TB, path string, handler http.HandlerFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.handlers[path] = handler
	t.Cleanup(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.handlers, path)
	})
}

func (h *harness) url(path string) string { return h.at("relay", path) }

func (h *harness) at(worker, path string) string { return "http://" + h.server.Addr(worker) + path }

// client is one that adds nothing of its own to requests, follows no redirect,
// decodes nothing, and when it leaves says so at once: a plain FIN could mean
// that it only has no more to send.
func client(t testing.TB) *http.Client {
	transport := &http.Transport{
		DisableCompression: true,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			if tcp, ok := conn.(*net.TCPConn); ok {
				err = tcp.SetLinger(0)
			}
			return conn, err
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func newRequest(t testing.TB, method, url string, body io.Reader, header ...string) *http.Request {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", "")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// ask sends a request, reads the whole answer and checks the mark that every
// answer bears.
func ask(t testing.TB, r *http.Request) (*http.Response, string) {
	t.Helper()
	return askMarked(t, r, build)
}

func askMarked(t testing.TB, r *http.Request, mark string) (*http.Response, string) {
	t.Helper()
	response, err := client(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	if got := response.Header.Get(worker.MarkHeader); got != mark {
		t.Errorf("%s %s: mark is %q, want %q", r.Method, r.URL, got, mark)
	}
	return response, body.String()
}

// wait waits for what, which some other goroutine announces on c. When t is over,
// there is nothing to wait for.
func wait[T any](t testing.TB, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-t.Context().Done():
	case <-time.After(patience):
		t.Errorf("waited in vain: %s", what)
	}
	return v
}

// tell gives v to whoever waits on c, if anyone does.
func tell[T any](t testing.TB, c chan<- T, v T) {
	t.Helper()
	select {
	case c <- v:
	case <-t.Context().Done():
	case <-time.After(patience):
		t.Errorf("nobody waited for %v", v)
	}
}

// upload makes a request whose body is written bit by bit. It ends with the
// request's time, since the client waits for whoever writes.
func upload(t testing.TB, url string) (*http.Request, *io.PipeWriter) {
	t.Helper()
	body, w := io.Pipe()
	r := newRequest(t, http.MethodPost, url, body)
	context.AfterFunc(r.Context(), func() { _ = w.CloseWithError(r.Context().Err()) })
	return r, w
}

// failed checks that body is a failure of the relay's own, in OpenAI's shape.
func failed(t testing.TB, body, code string) {
	t.Helper()
	var got struct {
		Error map[string]any `json:"error"`
	}
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	message, _ := got.Error["message"].(string)
	param, there := got.Error["param"]
	if message == "" || !there || param != nil || len(got.Error) != 4 ||
		got.Error["type"] != "cfproxy_error" || got.Error["code"] != code {
		t.Errorf("got %s, want a cfproxy_error with code %s", body, code)
	}
}
