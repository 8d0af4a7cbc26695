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
	c := newClient(t, acme)
	c.upload("relay", `{"main_module":"index.js","tags":["a"],"bindings":[{"type":"secret_text","name":"S","text":"hidden"}],"annotations":{"workers/tag":"one"}}`, js("index.js", hello)).wantOK(nil)
	patch := func(json string) *response {
		kind, body := buildForm(t, formPart{"settings", "application/json", json})
		return c.send("PATCH", relayPath+"/settings", kind, body)
	}
	c.do("PATCH", relayPath+"/settings", `{"tags":["b"]}`).wantError(400, 10001)
	patch(`{`).wantError(400, 10026)
	patch(`{"compatibility_date":"2027-01-01"}`).wantError(400, 10021)
	kind, body := buildForm(t, formPart{"other", "application/json", "{}"})
	c.send("PATCH", relayPath+"/settings", kind, body).wantError(400, 10021)

	var before, v settingsView
	var versions [2]versionItems
	c.do("GET", relayPath+"/settings", nil).wantOK(&before)
	c.do("GET", relayPath+"/versions", nil).wantOK(&versions[0])
	patch(`{"compatibility_date":"2026-10-01","placement":{"mode":"smart"},"observability":{"enabled":true}}`).wantOK(&v)
	want := before
	want.CompatibilityDate, want.Placement, want.Observability, want.Annotations = "2026-10-01", json.RawMessage(`{"mode":"smart"}`), json.RawMessage(`{"enabled":true}`), map[string]string{triggerKey: triggerSettings}
	if diff := cmp.Diff(want, v); diff != "" {
		t.Errorf("fields that were not sent changed: %s", diff)
	}
	c.do("GET", relayPath+"/versions", nil).wantOK(&versions[1])
	if versions[0].Items[0].ID == versions[1].Items[0].ID || versions[1].Items[0].Number != 2 {
		t.Errorf("settings must create a version: %+v", versions)
	}
	patch(`{"bindings":[{"type":"inherit","name":"S"},{"type":"plain_text","name":"P","text":"x"}]}`).wantOK(&v)
	if len(v.Bindings) != 2 || !strings.Contains(c.bytes(), "hidden") {
		t.Errorf("got %+v", v)
	}
	patch(`{"bindings":[{"type":"plain_text","name":"","text":"x"}]}`).wantError(400, 10052)
}

func TestScriptSettings(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	const path = relayPath + "/script-settings"
	c.do("GET", path, nil).wantError(404, 10007)
	c.uploadHello("relay")
	var v scriptSettings
	c.do("PATCH", path, `{"tags":["x"],"logpush":true,"unknown":1}`).wantOK(&v)
	c.do("GET", path, nil).wantOK(&v)
	if !v.Logpush || !slices.Equal(v.Tags, []string{"x"}) || string(v.Observability) != "null" {
		t.Errorf("got %+v", v)
	}
	c.do("PATCH", path, `{"tags":["a,b"]}`).wantError(400, 10021)
	// A later upload without tags keeps them.
	c.uploadHello("relay")
	c.do("GET", path, nil).wantOK(&v)
	if !slices.Equal(v.Tags, []string{"x"}) {
		t.Errorf("got %+v", v)
	}
	var items versionItems
	c.do("GET", relayPath+"/versions", nil).wantOK(&items)
	if items.Items[0].Number != 2 {
		t.Errorf("script settings must not create a version: %+v", items)
	}
}

func TestWorkersDev(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	const path = relayPath + "/subdomain"
	c.do("POST", path, `{"enabled":true}`).wantError(404, 10007)
	c.uploadHello("relay")
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
		c.do(step.method, path, step.body).wantOK(&got)
		if got != step.want {
			t.Errorf("%s %s: got %+v", step.method, step.body, got)
		}
	}
	c.do("POST", path, `{}`).wantError(400, 10026)
	if before != c.bytes() {
		t.Error("enabling and disabling does not restore the state")
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	const path = relayPath + "/secrets"
	c.do("GET", path, nil).wantError(404, 10007)
	c.upload("relay", `{"main_module":"index.js","bindings":[{"type":"plain_text","name":"P","text":"x"}]}`, js("index.js", hello)).wantOK(nil)
	r := c.do("PUT", path, `{"name":"K","text":"hidden","type":"secret_text"}`).wantOK(nil)
	if strings.Contains(string(r.Raw), "hidden") {
		t.Error("the response contains the secret")
	}
	c.do("PUT", path, `{"name":"K","text":"hidden2"}`).wantOK(nil)
	c.do("PUT", path, `{"name":"P","text":"x","type":"secret_text"}`).wantError(400, 10053)
	c.do("PUT", path, `{"name":"Q","text":"x","type":"plain_text"}`).wantError(400, 10026)
	c.do("PUT", path, `null`).wantError(400, 10052)
	var views []secretView
	c.do("GET", path, nil).wantOK(&views)
	if diff := cmp.Diff([]secretView{{"K", "secret_text"}}, views); diff != "" {
		t.Error(diff)
	}
	c.do("GET", path+"/K", nil).wantOK(nil)
	c.do("GET", path+"/P", nil).wantError(404, 10056)
	c.do("DELETE", path+"/K?url_encoded=true", nil).wantOK(nil)
	c.do("DELETE", path+"/K", nil).wantError(404, 10056)
}
