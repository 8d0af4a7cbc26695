package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
	want.CompatibilityDate, want.Placement, want.Observability, want.Annotations = "2026-10-01", json.RawMessage(`{"mode":"smart"}`), json.RawMessage(`{"enabled":true}`), map[string]string{triggerKey: triggerSettings}
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
