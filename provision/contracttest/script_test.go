package contracttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"slices"
	"testing"
)

type script struct {
	ID           string   `json:"id"`
	Tags         []string `json:"tags"`
	Etag         string   `json:"etag"`
	DeploymentID string   `json:"deployment_id"`
}

func (s script) hasTag() bool { return slices.Contains(s.Tags, tag) }

type metadata struct {
	MainModule        string            `json:"main_module"`
	CompatibilityDate string            `json:"compatibility_date"`
	Bindings          []binding         `json:"bindings"`
	Tags              []string          `json:"tags,omitempty"`
	Annotations       map[string]string `json:"annotations,omitempty"`
}

type binding struct {
	Type string          `json:"type"`
	Name string          `json:"name"`
	Text string          `json:"text,omitempty"`
	JSON json.RawMessage `json:"json,omitempty"`
}

type settings struct {
	Bindings          []binding `json:"bindings"`
	Tags              []string  `json:"tags"`
	CompatibilityDate string    `json:"compatibility_date"`
}

func (s settings) binding(name string) *binding {
	at := slices.IndexFunc(s.Bindings, func(b binding) bool { return b.Name == name })
	if at < 0 {
		return nil
	}
	return &s.Bindings[at]
}

// modules returns the modules of a Worker, the second of which is data.
func modules() [][3]string {
	return [][3]string{
		{"index.js", "application/javascript+module", "import list from './list.txt'\nexport default { fetch() { return new Response(list) } }\n"},
		{"list.txt", "text/plain", "one\ntwo\n"},
	}
}

// form encodes an upload: the metadata, and each module as a part with its name.
func form(t *testing.T, meta metadata) (kind string, body []byte) {
	t.Helper()
	meta.MainModule, meta.CompatibilityDate = "index.js", "2026-06-01"
	if meta.Bindings == nil {
		meta.Bindings = []binding{}
	}
	text, err := json.Marshal(meta)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part := func(disposition, kind string, content []byte) {
		p, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {disposition}, "Content-Type": {kind}})
		if err != nil {
			t.Fatal(err)
		}
		p.Write(content)
	}
	part(`form-data; name="metadata"`, "application/json", text)
	for _, m := range modules() {
		part(`form-data; name="`+m[0]+`"; filename="`+m[0]+`"`, m[1], []byte(m[2]))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

// upload is strict: a binding that cannot be inherited is an error.
func (a *api) upload(name string, meta metadata) *response {
	a.t.Helper()
	kind, body := form(a.t, meta)
	return a.send("PUT", "/accounts/$A/workers/scripts/"+name+"?bindings_inherit=strict", kind, body)
}

// put uploads a script that must be accepted. An account without a workers.dev name cannot upload its first script.
func (a *api) put(name string, meta metadata) script {
	a.t.Helper()
	r := a.upload(name, meta)
	if len(r.Errors) > 0 && r.Errors[0].Code == 10063 {
		a.t.Skip("the account has no workers.dev name, and these tests create none")
	}
	var created script
	r.wantOK(&created)
	return created
}

// script uploads a script for one test and returns its name and path.
func (a *api) script(meta metadata) (name, path string) {
	a.t.Helper()
	name = a.unique()
	path = "/accounts/$A/workers/scripts/" + name
	a.deleteLater(path)
	meta.Tags = append(meta.Tags, tag)
	a.put(name, meta)
	return name, path
}

func (a *api) settings(path string) settings {
	a.t.Helper()
	var s settings
	a.do("GET", path+"/settings", nil).wantOK(&s)
	return s
}

func secretAndText() []binding {
	return []binding{{Type: "secret_text", Name: "SECRET", Text: "sesame"}, {Type: "plain_text", Name: "TEXT", Text: "hello"},
		{Type: "json", Name: "LIST", JSON: json.RawMessage(`[{"a":1},{"b":[2]}]`)}}
}

// What was uploaded is returned, except for the values of secrets.
func upload(a *api) {
	name, path := a.script(metadata{Bindings: secretAndText(), Tags: []string{"managed-by=contract"}})
	s := a.settings(path)
	if !slices.Contains(s.Tags, tag) || !slices.Contains(s.Tags, "managed-by=contract") || s.CompatibilityDate != "2026-06-01" {
		a.t.Errorf("settings are %+v", s)
	}
	if b := s.binding("SECRET"); b == nil || b.Type != "secret_text" || b.Text != "" {
		a.t.Errorf("the secret is %+v", b)
	}
	if b := s.binding("TEXT"); b == nil || b.Type != "plain_text" || b.Text != "hello" {
		a.t.Errorf("the text is %+v", b)
	}
	if b := s.binding("LIST"); b == nil || compact(b.JSON) != `[{"a":1},{"b":[2]}]` {
		a.t.Errorf("the JSON is %+v", b)
	}
	a.checkModules(path)
	var all []script
	a.do("GET", "/accounts/$A/workers/scripts", nil).wantOK(&all)
	if !slices.ContainsFunc(all, func(s script) bool { return s.ID == name && s.hasTag() }) {
		a.t.Errorf("the list of scripts lacks %s with its tag", name)
	}
}

func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

// checkModules reads the code: a form with one part for each module, with the name and type of the upload and the same
// bytes.
func (a *api) checkModules(path string) {
	a.t.Helper()
	r := a.do("GET", path+"/content/v2", nil)
	kind, params, err := mime.ParseMediaType(r.header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || r.status != 200 {
		a.t.Fatalf("%s: %d %s", r.what, r.status, r.header.Get("Content-Type"))
	}
	var got [][3]string
	for reader := multipart.NewReader(bytes.NewReader(r.raw), params["boundary"]); ; {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			a.t.Fatalf("%s: %v", r.what, err)
		}
		source, err := io.ReadAll(part)
		if err != nil {
			a.t.Fatalf("%s: %v", r.what, err)
		}
		got = append(got, [3]string{part.FormName(), part.Header.Get("Content-Type"), string(source)})
	}
	slices.SortFunc(got, func(x, y [3]string) int { return slices.Compare(x[:], y[:]) })
	a.unverified(slices.Equal(got, modules()), "%s: got %q", r.what, got)
}

// A second upload replaces everything that is not sent again. It is a new version even if nothing differs.
func uploadAgain(a *api) {
	name, path := a.script(metadata{Bindings: secretAndText()})
	first := a.put(name, metadata{Bindings: secretAndText(), Tags: []string{tag}})
	second := a.put(name, metadata{Bindings: secretAndText(), Tags: []string{tag}})
	a.unverified(first.DeploymentID != second.DeploymentID && second.DeploymentID != "", "versions %q and %q", first.DeploymentID, second.DeploymentID)
	a.unverified(first.Etag == second.Etag, "the same code has the digests %s and %s", first.Etag, second.Etag)
	a.put(name, metadata{Bindings: []binding{{Type: "plain_text", Name: "TEXT", Text: "other"}}, Tags: []string{tag}})
	s := a.settings(path)
	if b := s.binding("TEXT"); b == nil || b.Text != "other" || len(s.Bindings) != 1 {
		a.t.Errorf("bindings are %+v", s.Bindings)
	}
}

// A binding can be kept without sending it. With strict inheritance a missing one is an error.
func inherit(a *api) {
	name, path := a.script(metadata{Bindings: secretAndText()})
	a.put(name, metadata{Bindings: []binding{{Type: "inherit", Name: "SECRET"}}, Tags: []string{tag}})
	s := a.settings(path)
	if b := s.binding("SECRET"); b == nil || b.Type != "secret_text" || len(s.Bindings) != 1 {
		a.t.Errorf("bindings are %+v", s.Bindings)
	}
	a.upload(name, metadata{Bindings: []binding{{Type: "inherit", Name: "GONE"}}, Tags: []string{tag}}).wantError(anyStatus, 10057)
	if s := a.settings(path); s.binding("SECRET") == nil {
		a.t.Errorf("after an upload that failed bindings are %+v", s.Bindings)
	}
}

func deleteScript(a *api) {
	_, path := a.script(metadata{})
	r := a.do("DELETE", path, nil)
	if r.status != 200 || len(r.raw) > 0 && !r.Success {
		a.t.Fatalf("%s: %d %s", r.what, r.status, r.raw)
	}
	a.do("DELETE", path, nil).wantError(404, 10007)
	a.do("GET", path+"/settings", nil).wantError(404, 10007)
}

// An uploaded script has no workers.dev address until it is enabled.
func workersDev(a *api) {
	_, path := a.script(metadata{})
	var dev struct{ Enabled bool }
	r := a.do("GET", path+"/subdomain", nil).wantOK(&dev)
	a.unverified(!dev.Enabled, "%s: %s", r.what, r.raw)
}

// The annotations of an upload are those of its version.
func annotations(a *api) {
	_, path := a.script(metadata{Annotations: map[string]string{"workers/message": "contract, first", "workers/tag": "0123456789abcdef"}})
	found := a.versions(path)
	if len(found) == 0 {
		a.t.Fatal("there is no version")
	}
	got := found[0].Annotations
	a.unverified(got["workers/message"] == "contract, first" && got["workers/tag"] == "0123456789abcdef", "annotations are %v", got)
}
