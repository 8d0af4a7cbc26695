package sandbox

import (
	"strings"
	"testing"
)

// A text module, a rate limit and a secret that a later upload inherits, as a relay with tokens has them.
func TestTextModuleRateLimitAndInheritedSecretRun(t *testing.T) {
	t.Parallel()
	v := openEdge(t, parse(t, edgeState), needWorkerd(t))
	c := serveStore(t, v.store)
	const source = `import text from "./tokens.txt";
export default { async fetch(request, env) {
  const { success } = await env.RPM_2.limit({ key: "alice" });
  return new Response([text, env.KEY, success].join(" "));
} }`
	meta := func(key string) string {
		return `{"main_module":"index.js","compatibility_date":"2026-06-01","bindings":[` + key + `,
			{"type":"ratelimit","name":"RPM_2","namespace_id":"7","simple":{"limit":2,"period":60}}]}`
	}
	put := func(key, tokens string) *response {
		kind, body := buildForm(t, formPart{"metadata", "application/json", meta(key)}, js("index.js", source), formPart{"tokens.txt", "text/plain", tokens})
		return c.send("PUT", relayPath+"?bindings_inherit=strict", kind, body)
	}
	const inherit = `{"type":"inherit","name":"KEY"}`
	put(inherit, "one").refused(400, 10057)
	put(`{"type":"secret_text","name":"KEY","text":"hidden"}`, "one").ok(nil)
	put(inherit, "two").ok(nil)
	for _, want := range []string{"two hidden true", "two hidden true", "two hidden false"} {
		if got := v.must("GET", "https://relay.example.com/", "").body; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	r := c.do("GET", relayPath+"/settings", nil)
	if raw := string(r.Raw); strings.Contains(raw, "hidden") || !strings.Contains(raw, `"simple":{"limit":2,"period":60}`) {
		t.Errorf("settings: %s", raw)
	}
	put(`{"type":"inherit","name":"OTHER"}`, "three").refused(400, 10057)
}

func TestRegionsNeedAPermission(t *testing.T) {
	t.Parallel()
	c := serve(t, acme)
	var got struct{ Providers []cloud }
	c.do("GET", "/accounts/$A/workers/placement/regions", nil).ok(&got)
	if len(got.Providers) != 3 || got.Providers[0].ID != "aws" || got.Providers[0].Regions[0].ID != "us-east-1" {
		t.Errorf("got %+v", got)
	}
	c = serve(t, `{"accounts":[{"name":"Acme","zones":[{"name":"example.com"}]}],"tokens":[{"value":"cfut_0123456789","permissions":["DNS Write"]}]}`)
	c.do("GET", "/accounts/$A/workers/placement/regions", nil).refused(403, 10000)
}
