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

// testTimeout bounds every wait of these tests. It is far longer than any of them needs.
const testTimeout = 20 * time.Second

const build = "0123456789abcdef"

var providers = []worker.Provider{
	{ID: "openai", Name: "OpenAI", Origin: "https://api.openai.com", Base: "/v1", Dialect: worker.DialectOpenAI, Auth: "authorization"},
	{ID: "anthropic", Name: "Anthropic", Origin: "https://api.anthropic.com", Dialect: worker.DialectAnthropic, Auth: "x-api-key"},
	{ID: "ported", Name: "Ported", Origin: "https://api.example.com:8443", Dialect: worker.DialectOpenAI, Auth: "authorization"},
}

// minimalScript is the smallest Worker that forwards a request. The benchmarks compare against it.
const minimalScript = `export default { fetch(request) {
  const url = new URL(request.url);
  url.protocol = "https:";
  url.host = "api.openai.com";
  return fetch(new Request(url, request));
} }`

// harness is the Worker on workerd, and a server that acts as every upstream.
type harness struct {
	server   *workerd.Server
	upstream *httptest.Server

	mu       sync.Mutex
	handlers map[string]http.HandlerFunc
	origins  map[string]bool // every origin that was requested
	count    int
}

// shared is started by the first test that needs it and stopped by TestMain.
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

func sharedHarness(t testing.TB) *harness {
	t.Helper()
	bin := workerdtest.Binary(t)
	shared.once.Do(func() { shared.h, shared.err = newHarness(bin) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.h
}

func newHarness(bin string) (*harness, error) {
	h := &harness{handlers: map[string]http.HandlerFunc{}, origins: map[string]bool{}}
	h.upstream = httptest.NewServer(h)
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	defer cancel()
	workers := []workerd.Worker{
		relay("relay", validBindings()),
		{Name: "minimal", Main: "index.js", CompatibilityDate: worker.Load().CompatibilityDate,
			Modules: []workerd.Module{{Name: "index.js", Type: workerd.TypeESModule, Body: []byte(minimalScript)}}},
	}
	for name, bindings := range invalidBindings() {
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

// relay returns the embedded Worker as it is uploaded.
func relay(name string, bindings []workerd.Binding, tokens ...worker.Token) workerd.Worker {
	b := worker.Load().WithTokens(tokens)
	w := workerd.Worker{Name: name, Main: b.Main, CompatibilityDate: b.CompatibilityDate,
		CompatibilityFlags: b.CompatibilityFlags, Bindings: bindings}
	for _, m := range b.Modules {
		w.Modules = append(w.Modules, workerd.Module{Name: m.Name, Type: m.Type, Body: m.Source})
	}
	return w
}

func validBindings() []workerd.Binding {
	return newBindings(providers, worker.Settings{Page: true})
}

func newBindings(providers []worker.Provider, settings worker.Settings) []workerd.Binding {
	marshal := func(v any) json.RawMessage {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err) // strings cannot fail to marshal
		}
		return text
	}
	return []workerd.Binding{
		{Name: worker.BindingProviders, Type: workerd.BindingJSON, JSON: marshal(providers)},
		{Name: worker.BindingBuild, Type: workerd.BindingText, Text: build},
		{Name: worker.BindingVersion, Type: workerd.BindingText, Text: "v1.2.3"},
		{Name: worker.BindingSettings, Type: workerd.BindingJSON, JSON: marshal(settings)},
	}
}

// ServeHTTP is the upstream. It calls the handler that a test registered for the path; otherwise it echoes the
// request in the headers Seen and Seen-Head.
func (h *harness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.origins[r.URL.Scheme+"://"+r.Host] = true
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

// handle registers a handler for a new path of the upstream, and returns the path.
func (h *harness) handle(t testing.TB, handler http.HandlerFunc) string {
	h.mu.Lock()
	h.count++
	path := fmt.Sprintf("/v1/test/%d", h.count)
	h.mu.Unlock()
	h.handleAt(t, path, handler)
	return path
}

// handleAt registers a handler for a path of the upstream until the test ends.
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

func (h *harness) relayURL(path string) string { return h.workerURL("relay", path) }

func (h *harness) workerURL(worker, path string) string {
	return "http://" + h.server.Addr(worker) + path
}

// client returns a client that adds no headers of its own, follows no redirects and decodes nothing. It closes
// connections with a reset: after a plain FIN the peer may still be reading.
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
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
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

// do sends a request, reads the whole response and checks its build header.
func do(t testing.TB, r *http.Request) (*http.Response, string) {
	t.Helper()
	return doWithBuild(t, r, build)
}

func doWithBuild(t testing.TB, r *http.Request, wantBuild string) (*http.Response, string) {
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
	if got := response.Header.Get(worker.BuildHeader); got != wantBuild {
		t.Errorf("%s %s: build is %q, want %q", r.Method, r.URL, got, wantBuild)
	}
	return response, body.String()
}

// receive returns the next value from c. It reports an error if none arrives in time, and returns early if the test
// is over.
func receive[T any](t testing.TB, c <-chan T, event string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-t.Context().Done():
	case <-time.After(testTimeout):
		t.Errorf("timed out waiting for %s", event)
	}
	return v
}

// send sends v on c. It reports an error if nothing receives it in time, and returns early if the test is over.
func send[T any](t testing.TB, c chan<- T, v T) {
	t.Helper()
	select {
	case c <- v:
	case <-t.Context().Done():
	case <-time.After(testTimeout):
		t.Errorf("nothing received %v", v)
	}
}

// streamingRequest returns a request whose body the test writes piece by piece. The body is closed when the context
// of the request ends, because the client waits for its writer.
func streamingRequest(t testing.TB, url string) (*http.Request, *io.PipeWriter) {
	t.Helper()
	body, w := io.Pipe()
	r := newRequest(t, http.MethodPost, url, body)
	context.AfterFunc(r.Context(), func() { _ = w.CloseWithError(r.Context().Err()) })
	return r, w
}

// checkError checks that body is an error of the relay in OpenAI's format.
func checkError(t testing.TB, body, code string) {
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
	param, hasParam := got.Error["param"]
	if message == "" || !hasParam || param != nil || len(got.Error) != 4 ||
		got.Error["type"] != "cfproxy_error" || got.Error["code"] != code {
		t.Errorf("got %s, want a cfproxy_error with code %s", body, code)
	}
}
