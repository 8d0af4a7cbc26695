package edge

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/provision/sandbox"
)

// relaySource is a minimal relay with endpoints below /-/ for the tests.
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

// withFaults returns the state of an account with these faults.
func withFaults(faults string) string {
	return `{"accounts":[{"name":"Acme","zones":[{"name":"example.com"}]}],"faults":[` + faults + `]}`
}

func parse(t *testing.T, state string) *sandbox.Store {
	t.Helper()
	s, err := sandbox.Parse([]byte(state))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func openStore(t *testing.T, path string) *sandbox.Store {
	t.Helper()
	s, err := sandbox.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func stateFile(t *testing.T, state string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "account.json")
	if err := os.WriteFile(path, []byte(state), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// client is an HTTP client of an edge: it trusts the edge's certificate authority and connects to the edge only. It also
// calls the API of the account.
type client struct {
	t     *testing.T
	store *sandbox.Store
	edge  *Edge
	http  *http.Client
	roots *x509.CertPool
}

// newClient opens an edge with the workerd at the path bin, or without one.
func newClient(t *testing.T, s *sandbox.Store, bin string) *client {
	t.Helper()
	e, err := Open(t.Context(), Config{Store: s, Workerd: bin})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(e.CAPEM()) {
		t.Fatal("the certificate authority is not PEM")
	}
	tr := &http.Transport{DialContext: e.Dial, TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true, DisableCompression: true}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return &client{t: t, store: s, edge: e, http: &http.Client{Transport: tr}, roots: roots}
}

type response struct {
	*http.Response
	body string
}

func (c *client) try(method, url, body string, header ...string) (*response, error) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return &response{res, string(data)}, err
}

func (c *client) send(method, url, body string, header ...string) *response {
	c.t.Helper()
	res, err := c.try(method, url, body, header...)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, url, err)
	}
	return res
}

// wantPage checks that the response for a URL is one of the edge's own pages.
func (c *client) wantPage(url string, status int, title string) *response {
	c.t.Helper()
	res := c.send("GET", url, "")
	if res.StatusCode != status || !strings.Contains(res.body, "<title>"+title+"</title>") ||
		res.Header.Get("Server") != "cloudflare" || res.Header.Get("Cf-Ray") == "" {
		c.t.Errorf("%s: want %d %q, got %d %v %s", url, status, title, res.StatusCode, res.Header, res.body)
	}
	return res
}

// api makes a call below /client/v4 and returns its result. $A and $Z in the path are the first account and zone.
func (c *client) api(method, path, contentType, body string) json.RawMessage {
	c.t.Helper()
	return callAPI(c.t, c.store, method, path, contentType, body)
}

func callAPI(t *testing.T, s *sandbox.Store, method, path, contentType, body string) json.RawMessage {
	t.Helper()
	data, err := s.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Accounts []struct {
			ID    string
			Zones []struct{ ID string }
		}
	}
	if err := json.Unmarshal(data, &state); err != nil {
		t.Fatal(err)
	}
	path = strings.NewReplacer("$A", state.Accounts[0].ID, "$Z", state.Accounts[0].Zones[0].ID).Replace(path)
	r, err := http.NewRequestWithContext(t.Context(), method, "https://api.cloudflare.com/client/v4"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.Token())
	r.Header.Set("Content-Type", contentType)
	res, err := sandbox.Transport(sandbox.Handler(s)).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var envelope struct {
		Success bool
		Result  json.RawMessage
	}
	if err := json.Unmarshal(raw, &envelope); err != nil || !envelope.Success {
		t.Fatalf("%s %s: %d %s (%v)", method, path, res.StatusCode, raw, err)
	}
	return envelope.Result
}

// part is a part of an upload: its name, content type and body.
type part struct{ name, contentType, body string }

func script(source string) part { return part{"index.js", "application/javascript+module", source} }

func form(t *testing.T, parts ...part) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", fmt.Sprintf("form-data; name=%q; filename=%q", p.name, p.name))
		h.Set("Content-Type", p.contentType)
		f, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, p.body)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

// scriptPath is the path of the Worker that most tests deploy.
const scriptPath = "/accounts/$A/workers/scripts/relay"

// upload sends a script with its metadata as JSON.
func (c *client) upload(method, path, metadata string, parts ...part) {
	c.t.Helper()
	upload(c.t, c.store, method, path, metadata, parts...)
}

func upload(t *testing.T, s *sandbox.Store, method, path, metadata string, parts ...part) {
	t.Helper()
	contentType, body := form(t, append([]part{{"metadata", "application/json", metadata}}, parts...)...)
	callAPI(t, s, method, path, contentType, body)
}

// deploy uploads a script with bindings of all kinds.
func (c *client) deploy(source string) {
	c.t.Helper()
	deploy(c.t, c.store, source)
}

func deploy(t *testing.T, s *sandbox.Store, source string) {
	t.Helper()
	upload(t, s, "PUT", scriptPath, `{"main_module":"index.js","compatibility_date":"2026-06-01","bindings":[
		{"type":"plain_text","name":"A","text":"ünï"},{"type":"secret_text","name":"S","text":"hidden"},{"type":"json","name":"J","json":[{"id":"x"}]},
		{"type":"kv_namespace","name":"KV","namespace_id":"1"}]}`, script(source))
}
