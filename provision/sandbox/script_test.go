package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const relayPath = "/accounts/$A/workers/scripts/relay"

func TestScriptLife(t *testing.T) {
	t.Parallel()
	c := serve(t, acme)
	before := c.bytes()
	c.do("GET", relayPath, nil).refused(404, 10007).says("This Worker does not exist on your account.")
	var made, again scriptView
	meta := `{"main_module":"index.js","compatibility_date":"2026-06-01","compatibility_flags":["nodejs_compat"],"tags":["ours"],
		"bindings":[{"type":"plain_text","name":"A","text":"b"},{"type":"secret_text","name":"S","text":"hidden"}],
		"placement":{"mode":"smart"},"observability":{"enabled":true},"annotations":{"workers/message":"first"}}`
	c.upload("relay", meta, js("index.js", `import { x } from "./lib/x.js"; export default x`), js("lib/x.js", "export const x = {}")).ok(&made)
	if made.ID != "relay" || !idPattern.MatchString(made.Tag) || len(made.Etag) != 64 || !made.HasModules || !idPattern.MatchString(made.DeploymentID) {
		t.Errorf("got %+v", made)
	}
	if made.CreatedOn != "2026-11-20T12:00:00.000000Z" || made.CreatedOn != made.ModifiedOn || string(made.Placement) != `{"mode":"smart"}` {
		t.Errorf("got %+v", made)
	}
	c.upload("relay", meta, js("index.js", hello)).ok(&again)
	if again.Tag != made.Tag || again.Etag == made.Etag || again.DeploymentID == made.DeploymentID {
		t.Errorf("an update must keep the tag and make a new version: %+v then %+v", made, again)
	}
	var all []scriptView
	c.do("GET", "/accounts/$A/workers/scripts", nil).ok(&all)
	if len(all) != 1 || all[0].ID != "relay" || !slices.Equal(all[0].Tags, []string{"ours"}) {
		t.Errorf("got %+v", all)
	}
	c.do("DELETE", relayPath+"?force=true", nil).ok(nil)
	c.do("DELETE", relayPath, nil).refused(404, 10007)
	if diff := cmp.Diff(before, c.bytes()); diff != "" {
		t.Errorf("create and delete leave traces:\n%s", diff)
	}
}

func TestListScriptsByTag(t *testing.T) {
	t.Parallel()
	c := serve(t, acme)
	for name, tags := range map[string]string{"one": `["a"]`, "two": `["a","b"]`, "three": `[]`} {
		c.upload(name, `{"main_module":"index.js","tags":`+tags+`}`, js("index.js", hello)).ok(nil)
	}
	for query, want := range map[string]string{"": "one three two", "tags=a:yes": "one two", "tags=a:yes,b:no": "one", "tags=a:no": "three"} {
		var views []scriptView
		c.do("GET", "/accounts/$A/workers/scripts?"+query, nil).ok(&views)
		got := names(views, func(v scriptView) string { return v.ID })
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v", query, got)
		}
	}
}

func TestUploadRefusals(t *testing.T) {
	t.Parallel()
	c := serve(t, acme)
	index := js("index.js", hello)
	binding := func(list string) string { return `{"main_module":"index.js","bindings":[` + list + `]}` }
	many := make([]string, 65)
	for i := range many {
		many[i] = fmt.Sprintf(`{"type":"plain_text","name":"V%d","text":""}`, i)
	}
	big := strings.Repeat("x", 5<<10+1)
	for _, test := range []struct {
		name, meta string
		parts      []formPart
		code       int
		text       string // "" = any
	}{
		{"metadata is no JSON", `{`, []formPart{index}, 10026, ""},
		{"metadata of a wrong shape", `{"bindings":{}}`, []formPart{index}, 10026, ""},
		{"no main module", `{}`, []formPart{index}, 10021, ""},
		{"main module not sent", `{"main_module":"other.js"}`, []formPart{index}, 10021, `No such module "other.js".`},
		{"main module of a wrong type", `{"main_module":"a"}`, []formPart{{"a", "text/plain", hello}}, 10021, ""},
		{"unknown module type", `{"main_module":"index.js"}`, []formPart{index, {"a", "image/png", "x"}}, 10021, ""},
		{"part sent twice", `{"main_module":"index.js"}`, []formPart{index, index}, 10021, "part index.js is sent twice"},
		{"import not sent", `{"main_module":"index.js"}`, []formPart{js("index.js", "import a from './gone.js'\n"+hello)}, 10021, ""},
		{"does nothing", `{"main_module":"index.js"}`, []formPart{js("index.js", "const a = 1")}, 10021, "No event handlers were registered. This script does nothing."},
		{"service worker does nothing", `{"body_part":"a"}`, []formPart{{"a", typeScript, "1"}}, 10068, "The uploaded script has no registered event handlers."},
		{"date in the future", `{"main_module":"index.js","compatibility_date":"2026-11-21"}`, []formPart{index}, 10021, "Can't set compatibility date in the future: 2026-11-21"},
		{"date is none", `{"main_module":"index.js","compatibility_date":"soon"}`, []formPart{index}, 10021, ""},
		{"too many tags", `{"main_module":"index.js","tags":["1","2","3","4","5","6","7","8","9"]}`, []formPart{index}, 10021, ""},
		{"migrations", `{"main_module":"index.js","migrations":{"new_tag":"v1"}}`, []formPart{index}, 10015, ""},
		{"nameless binding", binding(`{"type":"plain_text","text":"x"}`), []formPart{index}, 10052, ""},
		{"null binding", binding(`null`), []formPart{index}, 10052, ""},
		{"bad binding name", binding(`{"type":"plain_text","name":"a b","text":"x"}`), []formPart{index}, 10021, ""},
		{"same name twice", binding(`{"type":"plain_text","name":"A","text":"x"},{"type":"json","name":"A","json":1}`), []formPart{index}, 10053,
			"Binding name 'A' already in use. Please use a different name and try again."},
		{"unknown kind", binding(`{"type":"magic","name":"A"}`), []formPart{index}, 10021, ""},
		{"text is missing", binding(`{"type":"plain_text","name":"A"}`), []formPart{index}, 10021, "binding A of type plain_text must have a valid `text` specified"},
		{"json is missing", binding(`{"type":"json","name":"A"}`), []formPart{index}, 10021, ""},
		{"text above 5 KB", binding(`{"type":"secret_text","name":"A","text":"` + big + `"}`), []formPart{index}, 10054, ""},
		{"too many variables", binding(strings.Join(many, ",")), []formPart{index}, 10055, ""},
		{"message too long", `{"main_module":"index.js","annotations":{"workers/message":"` + strings.Repeat("x", 1001) + `"}}`, []formPart{index}, 10021, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := *c
			c.t = t
			r := c.upload("relay", test.meta, test.parts...).refused(400, test.code)
			if test.text != "" {
				r.says(test.text)
			}
			if test.code == 10021 && r.Errors[0].DocumentationURL == "" {
				t.Errorf("no documentation_url: %s", r.Raw)
			}
			c.do("GET", relayPath, nil).refused(404, 10007)
		})
	}
}

func TestUploadEncodings(t *testing.T) {
	t.Parallel()
	c := serve(t, acme)
	kind, noMeta := buildForm(t, js("index.js", hello))
	c.send("PUT", relayPath, kind, noMeta).refused(400, 10021).says("could not read content for part metadata")
	// What a generated form encoder may make of the metadata: fields of their own instead of one JSON part.
	kind, split := buildForm(t, formPart{"metadata.main_module", "text/plain", "index.js"}, js("files.0", hello))
	c.send("PUT", relayPath, kind, split).refused(400, 10021).says("could not read content for part metadata")
	c.send("PUT", relayPath, kind, []byte("--nonsense")).refused(400, 10026)
	c.send("PUT", relayPath, "multipart/form-data", noMeta).refused(400, 10026)
	c.send("PUT", relayPath, "application/json", []byte(`{}`)).refused(400, 10001).
		says("Content-Type must be one of: application/javascript, text/javascript, multipart/form-data")
	c.send("PUT", relayPath, "", nil).refused(400, 10001)

	kind, last := buildForm(t, js("index.js", hello), formPart{"metadata", "application/octet-stream", `{"main_module":"index.js"}`})
	c.send("PUT", relayPath, kind, last).ok(nil)
	c.send("PUT", relayPath, "text/javascript", []byte("1")).refused(400, 10068)
	const worker = "addEventListener('fetch', e => e.respondWith(new Response('x')))"
	var v scriptView
	c.send("PUT", relayPath, "application/javascript", []byte(worker)).ok(&v)
	if v.HasModules || v.CompatibilityDate != oldestDate {
		t.Errorf("got %+v", v)
	}
	if r := c.do("GET", relayPath, nil); string(r.Raw) != worker || r.Header.Get("Content-Type") != typeScript {
		t.Errorf("got %s %q", r.Header, r.Raw)
	}
}

func TestScriptNames(t *testing.T) {
	t.Parallel()
	c := serve(t, acme)
	for _, bad := range []string{"Upper", "-dash", "dash-", "a.b", "a%20b", strings.Repeat("x", 64)} {
		kind, body := buildForm(t, formPart{"metadata", "application/json", `{"main_module":"index.js"}`}, js("index.js", hello))
		c.send("PUT", "/accounts/$A/workers/scripts/"+bad, kind, body).refused(400, 10016).says("workers.api.error.invalid_script_name")
	}
	c.relay(strings.Repeat("x", 63))
	c.relay("a-b_c-1")
}

func TestScriptTooLarge(t *testing.T) {
	t.Parallel()
	c := serve(t, acme)
	// Digests do not compress, so what is over the limit before gzip is over it after.
	noise := make([]byte, 0, 8<<20)
	for i := 0; len(noise) < 7<<20; i++ {
		noise = append(noise, digest("noise", fmt.Sprint(i))...)
	}
	c.upload("relay", `{"main_module":"index.js"}`, js("index.js", hello), formPart{"noise", "text/plain", string(noise)}).refused(400, 10027)
}

func TestAccountsThatCannotUpload(t *testing.T) {
	t.Parallel()
	c := serve(t, `{"accounts":[{"name":"New","subdomain":"","zones":[{"name":"example.com"}]},{"name":"Old","subdomain":"taken"}]}`)
	put := func() *response { return c.upload("relay", `{"main_module":"index.js"}`, js("index.js", hello)) }
	put().refused(400, 10063)
	c.do("GET", "/accounts/$A/workers/subdomain", nil).refused(404, 10007).says("You do not have a workers.dev subdomain")
	c.do("PUT", "/accounts/$A/workers/subdomain", `{"subdomain":"taken"}`).refused(403, 10031)
	c.do("PUT", "/accounts/$A/workers/subdomain", `{"subdomain":"No.Good"}`).refused(400, 10030)
	var got subdomainBody
	c.do("PUT", "/accounts/$A/workers/subdomain", `{"subdomain":"fresh"}`).ok(&got)
	c.do("PUT", "/accounts/$A/workers/subdomain", `{"subdomain":"other"}`).refused(409, 10036).says("Account already has an associated subdomain")
	c.do("GET", "/accounts/$A/workers/subdomain", nil).ok(&got)
	if got.Subdomain != "fresh" {
		t.Errorf("got %+v", got)
	}
	put().ok(nil)
	c.do("DELETE", "/accounts/$A/workers/subdomain", nil).ok(nil)
	c.do("GET", "/accounts/$A/workers/subdomain", nil).refused(404, 10007)

	c = serve(t, `{"accounts":[{"name":"New","email_unverified":true,"zones":[{"name":"example.com"}]}]}`)
	put().refused(403, 10034)
}

func TestBindingsAreReplacedUnlessKept(t *testing.T) {
	t.Parallel()
	c := serve(t, acme)
	put := func(query, meta string) *response {
		kind, body := buildForm(t, formPart{"metadata", "application/json", meta}, js("index.js", hello))
		return c.send("PUT", relayPath+query, kind, body)
	}
	bindings := func() string {
		var v settingsView
		c.do("GET", relayPath+"/settings", nil).ok(&v)
		data, err := json.Marshal(v.Bindings)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	put("", `{"main_module":"index.js","bindings":[{"type":"secret_text","name":"S","text":"hidden"},{"type":"plain_text","name":"A","text":"1"}]}`).ok(nil)
	if strings.Contains(bindings(), "hidden") {
		t.Error("a secret is read back")
	}
	put("", `{"main_module":"index.js","keep_bindings":["secret_text"]}`).ok(nil)
	if diff := cmp.Diff(`[{"name":"S","type":"secret_text"}]`, bindings()); diff != "" {
		t.Error(diff)
	}
	put("", `{"main_module":"index.js","bindings":[{"type":"inherit","name":"T","old_name":"S"},{"type":"inherit","name":"X"}]}`).ok(nil)
	if diff := cmp.Diff(`[{"name":"T","type":"secret_text"}]`, bindings()); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(c.bytes(), "hidden") {
		t.Error("the inherited secret lost its text")
	}
	put("?bindings_inherit=strict", `{"main_module":"index.js","bindings":[{"type":"inherit","name":"X"}]}`).refused(400, 10057)
	put("", `{"main_module":"index.js"}`).ok(nil)
	if bindings() != "[]" {
		t.Errorf("got %s", bindings())
	}
}

func TestContentComesBackAsModules(t *testing.T) {
	t.Parallel()
	c := serve(t, acme)
	binary := "\x00asm\xff\xfe"
	c.upload("relay", `{"main_module":"index.js"}`, js("index.js", hello), formPart{"lib/a.wasm", "application/wasm", binary}).ok(nil)
	for _, path := range []string{relayPath, relayPath + "/content/v2"} {
		r := c.do("GET", path, nil)
		kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "multipart/form-data" || r.Status != 200 {
			t.Fatalf("%s: got %d %s", path, r.Status, r.Header)
		}
		got := map[string]string{}
		for m := multipart.NewReader(bytes.NewReader(r.Raw), params["boundary"]); ; {
			p, err := m.NextPart()
			if err == io.EOF {
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
	c.do("GET", "/accounts/$A/workers/scripts/other/content/v2", nil).refused(404, 10007)
}

func TestSettings(t *testing.T) {
	t.Parallel()
	c := serve(t, acme)
	c.upload("relay", `{"main_module":"index.js","tags":["a"],"bindings":[{"type":"secret_text","name":"S","text":"hidden"}],"annotations":{"workers/tag":"one"}}`, js("index.js", hello)).ok(nil)
	patch := func(json string) *response {
		kind, body := buildForm(t, formPart{"settings", "application/json", json})
		return c.send("PATCH", relayPath+"/settings", kind, body)
	}
	c.do("PATCH", relayPath+"/settings", `{"tags":["b"]}`).refused(400, 10001)
	patch(`{`).refused(400, 10026)
	patch(`{"compatibility_date":"2027-01-01"}`).refused(400, 10021)
	kind, body := buildForm(t, formPart{"other", "application/json", "{}"})
	c.send("PATCH", relayPath+"/settings", kind, body).refused(400, 10021)

	var before, v settingsView
	var versions [2]versionItems
	c.do("GET", relayPath+"/settings", nil).ok(&before)
	c.do("GET", relayPath+"/versions", nil).ok(&versions[0])
	patch(`{"compatibility_date":"2026-10-01","placement":{"mode":"smart"},"observability":{"enabled":true}}`).ok(&v)
	want := before
	want.CompatibilityDate, want.Placement, want.Observability, want.Annotations = "2026-10-01", json.RawMessage(`{"mode":"smart"}`), json.RawMessage(`{"enabled":true}`), nil
	if diff := cmp.Diff(want, v); diff != "" {
		t.Errorf("only what is sent changes: %s", diff)
	}
	c.do("GET", relayPath+"/versions", nil).ok(&versions[1])
	if versions[0].Items[0].ID == versions[1].Items[0].ID || versions[1].Items[0].Number != 2 {
		t.Errorf("settings make a version: %+v", versions)
	}
	patch(`{"bindings":[{"type":"inherit","name":"S"},{"type":"plain_text","name":"P","text":"x"}]}`).ok(&v)
	if len(v.Bindings) != 2 || !strings.Contains(c.bytes(), "hidden") {
		t.Errorf("got %+v", v)
	}
	patch(`{"bindings":[{"type":"plain_text","name":"","text":"x"}]}`).refused(400, 10052)
}

func TestScriptSettings(t *testing.T) {
	t.Parallel()
	c := serve(t, acme)
	const path = relayPath + "/script-settings"
	c.do("GET", path, nil).refused(404, 10007)
	c.relay("relay")
	var v scriptSettings
	c.do("PATCH", path, `{"tags":["x"],"logpush":true,"unknown":1}`).ok(&v)
	c.do("GET", path, nil).ok(&v)
	if !v.Logpush || !slices.Equal(v.Tags, []string{"x"}) || string(v.Observability) != "null" {
		t.Errorf("got %+v", v)
	}
	c.do("PATCH", path, `{"tags":["a,b"]}`).refused(400, 10021)
	// A later upload that says nothing of tags leaves them.
	c.relay("relay")
	c.do("GET", path, nil).ok(&v)
	if !slices.Equal(v.Tags, []string{"x"}) {
		t.Errorf("got %+v", v)
	}
	var items versionItems
	c.do("GET", relayPath+"/versions", nil).ok(&items)
	if items.Items[0].Number != 2 {
		t.Errorf("script settings must not make a version: %+v", items)
	}
}

func TestWorkersDev(t *testing.T) {
	t.Parallel()
	c := serve(t, acme)
	const path = relayPath + "/subdomain"
	c.do("POST", path, `{"enabled":true}`).refused(404, 10007)
	c.relay("relay")
	before := c.bytes()
	for _, step := range []struct {
		method, body string
		want         workersDev
	}{
		{"GET", "", workersDev{}},
		{"POST", `{"enabled":true}`, workersDev{true, true}},
		{"POST", `{"enabled":true,"previews_enabled":false}`, workersDev{true, false}},
		{"GET", "", workersDev{true, false}},
		{"DELETE", "", workersDev{}},
		{"GET", "", workersDev{}},
		{"POST", `{"enabled":false}`, workersDev{}},
	} {
		var got workersDev
		c.do(step.method, path, step.body).ok(&got)
		if got != step.want {
			t.Errorf("%s %s: got %+v", step.method, step.body, got)
		}
	}
	c.do("POST", path, `{}`).refused(400, 10026)
	if before != c.bytes() {
		t.Error("switching on and off leaves traces")
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	c := serve(t, acme)
	const path = relayPath + "/secrets"
	c.do("GET", path, nil).refused(404, 10007)
	c.upload("relay", `{"main_module":"index.js","bindings":[{"type":"plain_text","name":"P","text":"x"}]}`, js("index.js", hello)).ok(nil)
	r := c.do("PUT", path, `{"name":"K","text":"hidden","type":"secret_text"}`).ok(nil)
	if strings.Contains(string(r.Raw), "hidden") {
		t.Error("the secret comes back")
	}
	c.do("PUT", path, `{"name":"K","text":"hidden2"}`).ok(nil)
	c.do("PUT", path, `{"name":"P","text":"x","type":"secret_text"}`).refused(400, 10053)
	c.do("PUT", path, `{"name":"Q","text":"x","type":"plain_text"}`).refused(400, 10026)
	c.do("PUT", path, `null`).refused(400, 10052)
	var views []secretView
	c.do("GET", path, nil).ok(&views)
	if diff := cmp.Diff([]secretView{{"K", "secret_text"}}, views); diff != "" {
		t.Error(diff)
	}
	c.do("GET", path+"/K", nil).ok(nil)
	c.do("GET", path+"/P", nil).refused(404, 10056)
	c.do("DELETE", path+"/K?url_encoded=true", nil).ok(nil)
	c.do("DELETE", path+"/K", nil).refused(404, 10056)
}

func TestVersionsAndDeployments(t *testing.T) {
	t.Parallel()
	c := serve(t, acme)
	c.do("GET", relayPath+"/deployments", nil).refused(404, 10007)
	c.relay("relay")
	var items versionItems
	c.do("GET", relayPath+"/versions?deployable=true", nil).ok(&items)
	var list deploymentList
	c.do("GET", relayPath+"/deployments", nil).ok(&list)
	if len(items.Items) != 1 || len(list.Deployments) != 1 || list.Deployments[0].Versions[0] != (deploymentVersion{items.Items[0].ID, 100}) {
		t.Errorf("got %+v and %+v", items, list)
	}
	var v versionView
	c.do("GET", relayPath+"/versions/"+items.Items[0].ID, nil).ok(&v)
	if v.Resources == nil || v.Resources.Runtime.CompatibilityDate != "2026-06-01" {
		t.Errorf("got %+v", v)
	}
	c.do("GET", relayPath+"/versions/"+uuid(strings.Repeat("0", 32)), nil).refused(404, 100146)
	c.do("GET", relayPath+"/deployments/"+list.Deployments[0].ID, nil).ok(nil)
	c.do("GET", relayPath+"/deployments/x", nil).refused(404, 10336)
}

func TestDeleteNeedsForceWhenBound(t *testing.T) {
	t.Parallel()
	c := serve(t, acme)
	c.relay("relay")
	c.upload("front", `{"main_module":"index.js","bindings":[{"type":"service","name":"R","service":"relay"}]}`, js("index.js", hello)).ok(nil)
	c.do("DELETE", relayPath, nil).refused(400, 10064)
	c.do("DELETE", relayPath+"?force=true", nil).ok(nil)
}

func TestDomains(t *testing.T) {
	t.Parallel()
	c := serve(t, `{"accounts":[{"name":"Acme","zones":[{"name":"example.com"}],
		"domains":[{"hostname":"a.example.com","service":"relay","zone":"example.com"}]}]}`)
	var views []domainView
	c.do("GET", "/accounts/$A/workers/domains?zone_id="+c.zone, nil).ok(&views)
	if len(views) != 1 || views[0].Hostname != "a.example.com" || views[0].ZoneName != "example.com" {
		t.Errorf("got %+v", views)
	}
	c.do("GET", "/accounts/$A/workers/domains?service=other", nil).ok(&views)
	if len(views) != 0 {
		t.Errorf("got %+v", views)
	}
}
