package schematest_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/sandbox/schematest"
)

const base = "https://api.cloudflare.com/client/v4"

// check returns the violations in a call as strings.
func check(t *testing.T, method, path, kind, sent string, status int, received string) []string {
	t.Helper()
	var found []string
	c := &schematest.Checker{Report: func(v schematest.Violation) {
		found = append(found, strings.Join([]string{string(v.Part), v.Pointer, v.Type, v.Rule}, " "))
	}}
	client := http.Client{Transport: c.Transport(respond(status, received))}
	r, err := http.NewRequest(method, base+path, strings.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != received {
		t.Errorf("the response was changed to %q: %v", body, err)
	}
	return found
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func respond(status int, body string) roundTripper {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

const (
	success = `{"success": true, "errors": [], "messages": [], "result": %}`
	failure = `{"success": false, "errors": [{"code": 1000, "message": "no"}], "messages": [], "result": null}`
	record  = `{"id": "1", "type": "A", "name": "a.b", "content": "2.2.2.2", "ttl": 1, "proxied": true, "proxiable": true, "settings": {},
		"meta": {}, "comment": null, "tags": [], "created_on": "2026-08-01T10:00:00Z", "modified_on": "2026-08-01T10:00:00Z"}`
)

func TestViolations(t *testing.T) {
	t.Parallel()
	records, route := "/zones/z/dns_records", "/zones/z/workers/routes"
	good := strings.Replace(success, "%", record, 1)
	for name, test := range map[string]struct {
		method, path, sent string
		status             int
		received           string
		want               []string
	}{
		"good":                 {"POST", records, `{"type": "A", "name": "a.b", "content": "2.2.2.2", "ttl": 1}`, 200, good, nil},
		"error":                {"POST", records, `{"type": "A", "name": "a.b", "content": "2.2.2.2", "ttl": 1}`, 400, failure, nil},
		"no response":          {"POST", records, `{"type": "A", "name": "a.b", "content": 1, "ttl": 1}`, 500, "", []string{"request /content number type"}},
		"misspelled name":      {"POST", records, `{"type": "A", "name": "a.b", "content": "2.2.2.2", "ttl": 1, "proxed": true}`, 200, good, []string{"request /proxed boolean unknown"}},
		"bad address":          {"POST", records, `{"type": "A", "name": "a.b", "content": "2.2.2", "ttl": 1}`, 200, good, []string{"request /content string format"}},
		"missing":              {"POST", route, `{"script": "x"}`, 400, failure, []string{"request /pattern  required"}},
		"no body":              {"POST", route, ``, 400, failure, []string{"request   required"}},
		"not JSON":             {"POST", route, `{`, 400, failure, []string{"request  string content-type"}},
		"unknown call":         {"POST", "/zones/z/nonsense", ``, 404, failure, []string{"call   unknown"}},
		"unknown query":        {"GET", "/zones?nonsuch=x&page=one", ``, 400, failure, []string{"query /page string type", "query /nonsuch string unknown"}},
		"out of bounds":        {"GET", "/zones?per_page=51", ``, 400, failure, []string{"query /per_page number maximum"}},
		"long id":              {"GET", "/zones/" + strings.Repeat("0", 33), ``, 404, failure, []string{"path /zone_id string maxLength"}},
		"invalid response":     {"GET", route, ``, 200, strings.Replace(success, "%", `[{"id": 1}]`, 1), []string{"response /result/0/id number type", "response /result/0/pattern  required"}},
		"invalid error":        {"GET", route, ``, 403, `{"success": true, "errors": []}`, []string{"response /messages  required", "response /result  required", "response /success boolean enum"}},
		"secret in response":   {"GET", "/accounts/a/workers/scripts/s/secrets", ``, 200, strings.Replace(success, "%", `[{"name": "K", "type": "secret_text", "text": "x"}]`, 1), []string{"response /result/0/text string unknown"}},
		"read-only in request": {"PUT", records + "/1", strings.Replace(record, `"comment": null`, `"comment": ""`, 1), 200, good, []string{"request /created_on string unknown", "request /id string unknown", "request /meta object unknown", "request /modified_on string unknown", "request /proxiable boolean unknown"}},
		"empty response":       {"GET", route, ``, 200, ``, []string{"response  string content-type"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := check(t, test.method, test.path, "application/json", test.sent, test.status, test.received)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The JSON part of an upload is checked as well, and a binding against the member of the union with its type.
func TestViolationsInForm(t *testing.T) {
	t.Parallel()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part := func(name, kind, text string) {
		header := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + name + `"`}, "Content-Type": {kind}}
		w, err := form.CreatePart(header)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, text)
	}
	part("metadata", "application/json", `{"main_module": "a.js", "bindngs": [], "bindings": [{"type": "plain_text", "name": "A", "txt": "b"}, {"type": "nonsense", "name": "B"}]}`)
	part("a.js", "application/javascript+module", "export default {}")
	form.Close()
	got := check(t, "PUT", "/accounts/a/workers/scripts/s?bindings_inherit=strict", form.FormDataContentType(), body.String(), 400, failure)
	want := []string{
		"request /metadata/bindings/0/text  required", "request /metadata/bindings/0/txt string unknown",
		"request /metadata/bindings/1/type string enum", "request /metadata/bindngs array unknown",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Violations are logged, so they must not contain values.
func TestViolationsHaveNoValues(t *testing.T) {
	t.Parallel()
	c := &schematest.Checker{Report: func(v schematest.Violation) {
		if strings.Contains(v.String(), "sk-secret") {
			t.Errorf("contains the value: %v", v)
		}
	}}
	client := http.Client{Transport: c.Transport(respond(400, failure))}
	for _, body := range []string{`{"type": "sk-secret", "name": "K", "text": "sk-secret"}`, `{"type": ["sk-secret"], "text": {"sk": "sk-secret"}}`} {
		r, err := http.NewRequest("PUT", base+"/accounts/a/workers/scripts/s/secrets", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
}

// The description and the JSON Schema library are for tests only.
func TestNotLinked(t *testing.T) {
	t.Parallel()
	command := exec.Command("go", "list", "-deps", "./cmd/cfproxy")
	command.Dir = "../../.."
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, name := range []string{"/schematest", "jsonschema"} {
		if strings.Contains(string(out), name) {
			t.Errorf("%s is linked into the program", name)
		}
	}
}
