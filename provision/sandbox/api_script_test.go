package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const relayPath = "/accounts/$A/workers/scripts/relay"

func TestScriptLifecycle(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	before := c.bytes()
	c.do("GET", relayPath, nil).wantError(404, 10007).wantMessage("This Worker does not exist on your account.")
	var created, again scriptView
	meta := `{"main_module":"index.js","compatibility_date":"2026-06-01","compatibility_flags":["nodejs_compat"],"tags":["ours"],
		"bindings":[{"type":"plain_text","name":"A","text":"b"},{"type":"secret_text","name":"S","text":"hidden"}],
		"placement":{"mode":"smart"},"observability":{"enabled":true},"annotations":{"workers/message":"first"}}`
	c.upload("relay", meta, js("index.js", `import { x } from "./lib/x.js"; export default x`), js("lib/x.js", "export const x = {}")).wantOK(&created)
	if created.ID != "relay" || !idPattern().MatchString(created.Tag) || len(created.Etag) != 64 || !created.HasModules || !idPattern().MatchString(created.DeploymentID) {
		t.Errorf("got %+v", created)
	}
	if created.CreatedOn != "2026-11-20T12:00:00.000000Z" || created.CreatedOn != created.ModifiedOn || string(created.Placement) != `{"mode":"smart"}` {
		t.Errorf("got %+v", created)
	}
	c.upload("relay", meta, js("index.js", hello)).wantOK(&again)
	if again.Tag != created.Tag || again.Etag == created.Etag || again.DeploymentID == created.DeploymentID {
		t.Errorf("an update must keep the tag and create a new version: %+v then %+v", created, again)
	}
	var all []scriptView
	c.do("GET", "/accounts/$A/workers/scripts", nil).wantOK(&all)
	if len(all) != 1 || all[0].ID != "relay" || !slices.Equal(all[0].Tags, []string{"ours"}) {
		t.Errorf("got %+v", all)
	}
	c.do("DELETE", relayPath+"?force=true", nil).wantOK(nil)
	c.do("DELETE", relayPath, nil).wantError(404, 10007)
	if diff := cmp.Diff(before, c.bytes()); diff != "" {
		t.Errorf("creating and deleting does not restore the file:\n%s", diff)
	}
}

func TestListScriptsByTag(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	for name, tags := range map[string]string{"one": `["a"]`, "two": `["a","b"]`, "three": `[]`} {
		c.upload(name, `{"main_module":"index.js","tags":`+tags+`}`, js("index.js", hello)).wantOK(nil)
	}
	for query, want := range map[string]string{"": "one three two", "tags=a:yes": "one two", "tags=a:yes,b:no": "one", "tags=a:no": "three"} {
		var views []scriptView
		c.do("GET", "/accounts/$A/workers/scripts?"+query, nil).wantOK(&views)
		got := names(views, func(v scriptView) string { return v.ID })
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v", query, got)
		}
	}
}

func TestKeepBindings(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	put := func(query, meta string) *response {
		kind, body := buildForm(t, formPart{"metadata", "application/json", meta}, js("index.js", hello))
		return c.send("PUT", relayPath+query, kind, body)
	}
	bindings := func() string {
		var v settingsView
		c.do("GET", relayPath+"/settings", nil).wantOK(&v)
		data, err := json.Marshal(v.Bindings)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	put("", `{"main_module":"index.js","bindings":[{"type":"secret_text","name":"S","text":"hidden"},{"type":"plain_text","name":"A","text":"1"}]}`).wantOK(nil)
	if strings.Contains(bindings(), "hidden") {
		t.Error("the response contains a secret")
	}
	put("", `{"main_module":"index.js","keep_bindings":["secret_text"]}`).wantOK(nil)
	if diff := cmp.Diff(`[{"name":"S","type":"secret_text"}]`, bindings()); diff != "" {
		t.Error(diff)
	}
	put("", `{"main_module":"index.js","bindings":[{"type":"inherit","name":"T","old_name":"S"},{"type":"inherit","name":"X"}]}`).wantOK(nil)
	if diff := cmp.Diff(`[{"name":"T","type":"secret_text"}]`, bindings()); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(c.bytes(), "hidden") {
		t.Error("the inherited secret has another value")
	}
	put("?bindings_inherit=strict", `{"main_module":"index.js","bindings":[{"type":"inherit","name":"X"}]}`).wantError(400, 10057)
	put("", `{"main_module":"index.js"}`).wantOK(nil)
	if bindings() != "[]" {
		t.Errorf("got %s", bindings())
	}
}

func TestContent(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	binary := "\x00asm\xff\xfe"
	c.upload("relay", `{"main_module":"index.js"}`, js("index.js", hello), formPart{"lib/a.wasm", "application/wasm", binary}).wantOK(nil)
	for _, path := range []string{relayPath, relayPath + "/content/v2"} {
		r := c.do("GET", path, nil)
		kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "multipart/form-data" || r.Status != 200 {
			t.Fatalf("%s: got %d %s", path, r.Status, r.Header)
		}
		got := map[string]string{}
		for m := multipart.NewReader(bytes.NewReader(r.Raw), params["boundary"]); ; {
			p, err := m.NextPart()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(p)
			if err != nil {
				t.Fatal(err)
			}
			got[p.FormName()+" "+p.Header.Get("Content-Type")] = string(body)
		}
		want := map[string]string{"index.js " + typeModule: hello, "lib/a.wasm application/wasm": binary}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	c.do("GET", "/accounts/$A/workers/scripts/other/content/v2", nil).wantError(404, 10007)
}

func TestDeleteNeedsForceWhenBound(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	c.uploadHello("relay")
	c.upload("front", `{"main_module":"index.js","bindings":[{"type":"service","name":"R","service":"relay"}]}`, js("index.js", hello)).wantOK(nil)
	c.do("DELETE", relayPath, nil).wantError(400, 10064)
	c.do("DELETE", relayPath+"?force=true", nil).wantOK(nil)
}
