package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// acme is the state of most tests. Its clock is fixed, so that responses are deterministic.
const acme = `{
  "clock": "2026-11-20T12:00:00Z",
  "accounts": [{"name": "Acme", "zones": [{"name": "example.com"}, {"name": "example.net", "status": "pending"}]}]
}`

func parseStore(t *testing.T, state string) *Store {
	t.Helper()
	s, err := Parse([]byte(state))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func stateFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "account.json")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// client is an HTTP client of the emulated API.
type client struct {
	t       *testing.T
	store   *Store
	base    string
	token   string
	account string
	zone    string
}

func newClient(t *testing.T, state string) *client {
	t.Helper()
	return newClientFor(t, parseStore(t, state))
}

func newClientFor(t *testing.T, s *Store) *client {
	t.Helper()
	server := httptest.NewServer(withSchemaCheck(t, Handler(s)))
	t.Cleanup(server.Close)
	st, err := s.state()
	if err != nil {
		t.Fatal(err)
	}
	a := st.Accounts[0]
	return &client{t: t, store: s, base: server.URL, token: s.Token(), account: a.ID, zone: a.Zones[0].ID}
}

// response is a response with a decoded envelope.
type response struct {
	t        *testing.T
	what     string
	Status   int
	Header   http.Header
	Raw      []byte
	Result   json.RawMessage `json:"result"`
	Success  bool            `json:"success"`
	Errors   []problem       `json:"errors"`
	Messages []notice        `json:"messages"`
	Info     resultInfo      `json:"result_info"`
}

// path returns a URL. It replaces $A by the account and $Z by the first zone.
func (c *client) path(p string) string {
	p = strings.NewReplacer("$A", c.account, "$Z", c.zone).Replace(p)
	return c.base + prefix + p
}

func (c *client) send(method, path, kind string, body []byte, header ...string) *response {
	c.t.Helper()
	r, err := http.NewRequest(method, c.path(path), bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	stands := c.checkImmutable()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	stands()
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	out := &response{t: c.t, what: method + " " + path, Status: res.StatusCode, Header: res.Header, Raw: raw}
	if res.Header.Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(raw, out); err != nil {
			c.t.Fatalf("%s: %v: %s", out.what, err, raw)
		}
	}
	return out
}

// do sends JSON: a string as it is, other values encoded, and no body for nil.
func (c *client) do(method, path string, body any) *response {
	c.t.Helper()
	switch b := body.(type) {
	case nil:
		return c.send(method, path, "", nil)
	case string:
		return c.send(method, path, "application/json", []byte(b))
	default:
		data, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		return c.send(method, path, "application/json", data)
	}
}

// wantOK fails the test unless the call succeeded, and decodes the result.
func (r *response) wantOK(into any) *response {
	r.t.Helper()
	if r.Status != http.StatusOK || !r.Success || len(r.Errors) != 0 {
		r.t.Fatalf("%s: want success, got %d %s", r.what, r.Status, r.Raw)
	}
	if into != nil {
		if err := json.Unmarshal(r.Result, into); err != nil {
			r.t.Fatalf("%s: %v: %s", r.what, err, r.Raw)
		}
	}
	return r
}

// wantError fails the test unless the call failed with this status and code, in a complete envelope.
func (r *response) wantError(status, code int) *response {
	r.t.Helper()
	if r.Status != status || r.Success || len(r.Errors) == 0 || r.Errors[0].Code != code || string(r.Result) != "null" {
		r.t.Fatalf("%s: want %d with code %d, got %d %s", r.what, status, code, r.Status, r.Raw)
	}
	if r.Messages == nil {
		r.t.Fatalf("%s: messages is missing: %s", r.what, r.Raw)
	}
	return r
}

func (r *response) wantMessage(text string) {
	r.t.Helper()
	if r.Errors[0].Message != text {
		r.t.Errorf("%s: message\n got %q\nwant %q", r.what, r.Errors[0].Message, text)
	}
}

// formPart is one part of a form: name, content type, body.
type formPart struct{ name, kind, body string }

const hello = "export default { fetch() { return new Response('hello') } }\n"

func js(name, body string) formPart { return formPart{name, typeModule, body} }

func buildForm(t *testing.T, parts ...formPart) (kind string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		disposition := fmt.Sprintf(`form-data; name=%q`, p.name)
		if p.name != "metadata" && p.name != "settings" {
			disposition += fmt.Sprintf(`; filename=%q`, p.name)
		}
		h.Set("Content-Disposition", disposition)
		h.Set("Content-Type", p.kind)
		f, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(p.body))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

// upload uploads a script: the metadata as JSON and its modules.
func (c *client) upload(name, meta string, parts ...formPart) *response {
	c.t.Helper()
	kind, body := buildForm(c.t, append([]formPart{{"metadata", "application/json", meta}}, parts...)...)
	return c.send("PUT", "/accounts/$A/workers/scripts/"+name, kind, body)
}

// uploadHello uploads a script that responds with hello.
func (c *client) uploadHello(name string) {
	c.t.Helper()
	c.upload(name, `{"main_module":"index.js","compatibility_date":"2026-06-01"}`, js("index.js", hello)).wantOK(nil)
}

func (c *client) bytes() string {
	c.t.Helper()
	data, err := c.store.Bytes()
	if err != nil {
		c.t.Fatal(err)
	}
	return string(data)
}

// checkImmutable returns a function that checks that the current state has not been changed in place since, and that the
// state then is encoded like encoding/json would do it.
func (c *client) checkImmutable() func() {
	before, err := c.store.state()
	if err != nil {
		return func() {} // a file that is invalid on purpose
	}
	want := c.encoded(before)
	return func() {
		c.t.Helper()
		if got := c.encoded(before); got != want {
			c.t.Errorf("an immutable state was changed:\n%s", cmp.Diff(want, got))
		}
		after, err := c.store.state()
		if err != nil {
			return
		}
		if got, err := encode(after, nil, 0); err != nil || string(got) != c.encoded(after) {
			c.t.Errorf("%v: the state is encoded differently:\n%s", err, cmp.Diff(c.encoded(after), string(got)))
		}
	}
}

func (c *client) encoded(s *state) string {
	c.t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		c.t.Fatal(err)
	}
	return b.String()
}
