package sandbox

import (
	"strings"
	"testing"
)

func TestRateLimitBindingAndInheritedSecret(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	put := func(key string) *response {
		meta := `{"main_module":"index.js","compatibility_date":"2026-06-01","bindings":[` + key + `,
			{"type":"ratelimit","name":"RPM_2","namespace_id":"7","simple":{"limit":2,"period":60}}]}`
		kind, body := buildForm(t, formPart{"metadata", "application/json", meta}, js("index.js", hello))
		return c.send("PUT", relayPath+"?bindings_inherit=strict", kind, body)
	}
	const inherit = `{"type":"inherit","name":"KEY"}`
	put(inherit).wantError(400, 10057)
	put(`{"type":"secret_text","name":"KEY","text":"hidden"}`).wantOK(nil)
	put(inherit).wantOK(nil)
	r := c.do("GET", relayPath+"/settings", nil)
	if raw := string(r.Raw); strings.Contains(raw, "hidden") || !strings.Contains(raw, `"simple":{"limit":2,"period":60}`) {
		t.Errorf("settings: %s", raw)
	}
	put(`{"type":"inherit","name":"OTHER"}`).wantError(400, 10057)
}

func TestRegionsNeedAPermission(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	var got struct{ Providers []cloud }
	c.do("GET", "/accounts/$A/workers/placement/regions", nil).wantOK(&got)
	if len(got.Providers) != 3 || got.Providers[0].ID != "aws" || got.Providers[0].Regions[0].ID != "us-east-1" {
		t.Errorf("got %+v", got)
	}
	c = newClient(t, `{"accounts":[{"name":"Acme","zones":[{"name":"example.com"}]}],"tokens":[{"value":"cfut_0123456789","permissions":["DNS Write"]}]}`)
	c.do("GET", "/accounts/$A/workers/placement/regions", nil).wantError(403, 10000)
}
