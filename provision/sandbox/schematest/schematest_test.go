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

// judge says what is wrong with one call.
func judge(t *testing.T, method, path, kind, sent string, status int, answered string) []string {
	t.Helper()
	var said []string
	c := &schematest.Checker{Report: func(v schematest.Violation) {
		said = append(said, strings.Join([]string{string(v.Part), v.Pointer, v.Type, v.Rule}, " "))
	}}
	client := http.Client{Transport: c.Transport(answers(status, answered))}
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
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != answered {
		t.Errorf("the answer came through as %q: %v", body, err)
	}
	return said
}

type answering func(*http.Request) (*http.Response, error)

func (f answering) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answers(status int, body string) answering {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

const (
	done    = `{"success": true, "errors": [], "messages": [], "result": %}`
	refused = `{"success": false, "errors": [{"code": 1000, "message": "no"}], "messages": [], "result": null}`
	record  = `{"id": "1", "type": "A", "name": "a.b", "content": "2.2.2.2", "ttl": 1, "proxied": true, "proxiable": true, "settings": {},
		"meta": {}, "comment": null, "tags": [], "created_on": "2026-08-01T10:00:00Z", "modified_on": "2026-08-01T10:00:00Z"}`
)

func TestMistakesAreFound(t *testing.T) {
	t.Parallel()
	records, route := "/zones/z/dns_records", "/zones/z/workers/routes"
	good := strings.Replace(done, "%", record, 1)
	for name, test := range map[string]struct {
		method, path, sent string
		status             int
		answered           string
		want               []string
	}{
		"good":            {"POST", records, `{"type": "A", "name": "a.b", "content": "2.2.2.2", "ttl": 1}`, 200, good, nil},
		"refused":         {"POST", records, `{"type": "A", "name": "a.b", "content": "2.2.2.2", "ttl": 1}`, 400, refused, nil},
		"no answer":       {"POST", records, `{"type": "A", "name": "a.b", "content": 1, "ttl": 1}`, 500, "", []string{"request /content number type"}},
		"mistyped name":   {"POST", records, `{"type": "A", "name": "a.b", "content": "2.2.2.2", "ttl": 1, "proxed": true}`, 200, good, []string{"request /proxed boolean unknown"}},
		"bad address":     {"POST", records, `{"type": "A", "name": "a.b", "content": "2.2.2", "ttl": 1}`, 200, good, []string{"request /content string format"}},
		"missing":         {"POST", route, `{"script": "x"}`, 400, refused, []string{"request /pattern  required"}},
		"no body":         {"POST", route, ``, 400, refused, []string{"request   required"}},
		"no JSON":         {"POST", route, `{`, 400, refused, []string{"request  string content-type"}},
		"unknown call":    {"POST", "/zones/z/nonsense", ``, 404, refused, []string{"call   unknown"}},
		"unknown query":   {"GET", "/zones?nmae=x&page=one", ``, 400, refused, []string{"query /page string type", "query /nmae string unknown"}},
		"out of bounds":   {"GET", "/zones?per_page=51", ``, 400, refused, []string{"query /per_page number maximum"}},
		"long id":         {"GET", "/zones/" + strings.Repeat("0", 33), ``, 404, refused, []string{"path /zone_id string maxLength"}},
		"bad answer":      {"GET", route, ``, 200, strings.Replace(done, "%", `[{"id": 1}]`, 1), []string{"answer /result/0/id number type", "answer /result/0/pattern  required"}},
		"bad refusal":     {"GET", route, ``, 403, `{"success": true, "errors": []}`, []string{"answer /messages  required", "answer /result  required", "answer /success boolean enum"}},
		"secret comes":    {"GET", "/accounts/a/workers/scripts/s/secrets", ``, 200, strings.Replace(done, "%", `[{"name": "K", "type": "secret_text", "text": "x"}]`, 1), []string{"answer /result/0/text string unknown"}},
		"read-only goes":  {"PUT", records + "/1", strings.Replace(record, `"comment": null`, `"comment": ""`, 1), 200, good, []string{"request /created_on string unknown", "request /id string unknown", "request /meta object unknown", "request /modified_on string unknown", "request /proxiable boolean unknown"}},
		"nothing in JSON": {"GET", route, ``, 200, ``, []string{"answer  string content-type"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := judge(t, test.method, test.path, "application/json", test.sent, test.status, test.answered)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The JSON part of an upload is judged as well, and a binding by the member of the union that its type names.
func TestMistakesInAFormAreFound(t *testing.T) {
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
	got := judge(t, "PUT", "/accounts/a/workers/scripts/s?bindings_inherit=strict", form.FormDataContentType(), body.String(), 400, refused)
	want := []string{
		"request /metadata/bindings/0/text  required", "request /metadata/bindings/0/txt string unknown",
		"request /metadata/bindings/1/type string enum", "request /metadata/bindngs array unknown",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A violation is printed in logs, so it must not say the value.
func TestViolationsDoNotRepeatValues(t *testing.T) {
	t.Parallel()
	c := &schematest.Checker{Report: func(v schematest.Violation) {
		if strings.Contains(v.String(), "sk-secret") {
			t.Errorf("said: %v", v)
		}
	}}
	client := http.Client{Transport: c.Transport(answers(400, refused))}
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

// The description and the library that reads it are for tests.
func TestNothingOfThisIsLinked(t *testing.T) {
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
