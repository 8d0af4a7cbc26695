package sandbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/worker/workerd"
)

// findWorkerd installs workerd once if it has to. Where npm is missing the tests that need it are skipped, except in CI.
var findWorkerd = sync.OnceValues(func() (string, error) {
	dir, err := workerd.CacheDir()
	if err != nil {
		return "", err
	}
	bin, err := workerd.Find(os.Getenv, dir)
	if !errors.Is(err, workerd.ErrNotFound) {
		return bin, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	return workerd.Install(ctx, dir, func(string) {})
})

func needWorkerd(t *testing.T) string {
	t.Helper()
	bin, err := findWorkerd()
	if err == nil {
		return bin
	}
	if _, npm := exec.LookPath("npm"); npm != nil && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED: without npm there is no workerd, so no script was run: %v", err)
	}
	t.Fatal(err)
	return ""
}

// relaySource is a relay in a few lines, with doors of its own for the tests.
const relaySource = `export default {
  async fetch(request, env) {
    const url = new URL(request.url)
    if (url.pathname === "/-/echo") {
      return Response.json({ url: request.url, cf: request.cf, headers: Object.fromEntries(request.headers), body: await request.text(), env })
    }
    if (url.pathname === "/-/throw") throw new Error("boom")
    if (url.pathname === "/-/500") return new Response("Internal Server Error", { status: 500 })
    if (url.pathname.startsWith("/-/to/")) {
      const [, , , host, ...path] = url.pathname.split("/")
      return fetch(new Request("https://" + host + "/" + path.join("/") + url.search, request))
    }
    url.hostname = "api.openai.com"
    return fetch(new Request(url, request), { redirect: "manual" })
  },
}
`

const edgeState = `{"accounts":[{"name":"Acme","zones":[
	{"name":"example.com","records":[
		{"type":"A","name":"relay","content":"2.2.2.2","proxied":true},
		{"type":"A","name":"off","content":"2.2.2.2","proxied":true},
		{"type":"A","name":"lost","content":"2.2.2.2","proxied":true},
		{"type":"A","name":"bare","content":"2.2.2.2","proxied":true},
		{"type":"A","name":"*.wild","content":"2.2.2.2","proxied":true},
		{"type":"A","name":"a.b","content":"2.2.2.2","proxied":true},
		{"type":"A","name":"grey","content":"192.0.2.7"},
		{"type":"AAAA","name":"grey","content":"2001:db8::7"},
		{"type":"CNAME","name":"alias","content":"grey.example.com"},
		{"type":"CNAME","name":"loop","content":"loop2.example.com"},
		{"type":"CNAME","name":"loop2","content":"loop.example.com"},
		{"type":"TXT","name":"text","content":"x"}],
	 "routes":[{"pattern":"*example.com/*","script":"relay"},{"pattern":"off.example.com/*"},{"pattern":"bare.example.com/only","script":"relay"},
		{"pattern":"lost.example.com/*","script":"absent"}]},
	{"name":"example.net","status":"pending","records":[{"type":"A","name":"relay","content":"2.2.2.2","proxied":true}]}]}]}`

// visitor is a client of an edge: it trusts the edge's authority and dials nothing else.
type visitor struct {
	t     *testing.T
	store *Store
	edge  *Edge
	http  *http.Client
	roots *x509.CertPool
}

func openEdge(t *testing.T, s *Store, bin string) *visitor {
	t.Helper()
	e, err := OpenEdge(t.Context(), EdgeConfig{Store: s, Workerd: bin})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(e.CAPEM()) {
		t.Fatal("the authority is no PEM")
	}
	tr := &http.Transport{DialContext: e.Dial, TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true, DisableCompression: true}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return &visitor{t: t, store: s, edge: e, http: &http.Client{Transport: tr}, roots: roots}
}

func (v *visitor) deploy(source string) {
	v.t.Helper()
	c := serveStore(v.t, v.store)
	c.t = v.t
	c.upload("relay", `{"main_module":"index.js","compatibility_date":"2026-06-01","bindings":[
		{"type":"plain_text","name":"A","text":"ünï"},{"type":"secret_text","name":"S","text":"hidden"},{"type":"json","name":"J","json":[{"id":"x"}]},
		{"type":"kv_namespace","name":"KV","namespace_id":"1"}]}`, js("index.js", source)).ok(nil)
}

type seen struct {
	*http.Response
	body string
}

func (v *visitor) get(method, url, body string, header ...string) (*seen, error) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := v.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return &seen{res, string(data)}, err
}

func (v *visitor) must(method, url, body string, header ...string) *seen {
	v.t.Helper()
	s, err := v.get(method, url, body, header...)
	if err != nil {
		v.t.Fatalf("%s %s: %v", method, url, err)
	}
	return s
}

// page demands one of the edge's own pages.
func (v *visitor) page(url string, status int, title string) *seen {
	v.t.Helper()
	s := v.must("GET", url, "")
	if s.StatusCode != status || !strings.Contains(s.body, "<title>"+title+"</title>") || s.Header.Get("Server") != "cloudflare" || s.Header.Get("Cf-Ray") == "" {
		v.t.Errorf("%s: want %d %q, got %d %v %s", url, status, title, s.StatusCode, s.Header, s.body)
	}
	return s
}
