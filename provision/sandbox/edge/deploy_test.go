package edge

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

func TestCustomDomain(t *testing.T) {
	t.Parallel()
	c := newClient(t, parse(t, `{"accounts":[{"name":"Acme","zones":[{"name":"example.com"}],"scripts":[
	{"name":"relay","modules":[{"name":"index.js","text":"export default { fetch() { return new Response('relay') } }"}]},
	{"name":"other","modules":[{"name":"index.js","text":"export default { fetch() { return new Response('other') } }"}]}]}]}`), workerdtest.Binary(t))
	const host = "https://deep.down.example.com/"
	c.api("PUT", "/accounts/$A/workers/domains", "application/json", `{"hostname":"deep.down.example.com","service":"relay"}`)
	c.api("POST", "/zones/$Z/workers/routes", "application/json", `{"pattern":"deep.down.example.com/other/*","script":"other"}`)
	c.api("POST", "/zones/$Z/workers/routes", "application/json", `{"pattern":"deep.down.example.com/off/*"}`)
	for path, want := range map[string]string{"": "relay", "other/x": "other", "off/x": "relay"} {
		if got := c.send("GET", host+path, "").body; got != want {
			t.Errorf("/%s: got %q, want %q", path, got, want)
		}
	}
	c.api("DELETE", scriptPath+"?force=true", "", "")
	if got := c.send("GET", host, ""); got.StatusCode != 522 {
		t.Errorf("without its script: %d %s", got.StatusCode, got.body)
	}
}

// A text module, a rate limit and a secret that a later upload inherits are what a relay with tokens uses.
func TestTextModuleRateLimitAndInheritedSecret(t *testing.T) {
	t.Parallel()
	c := newClient(t, parse(t, edgeState), workerdtest.Binary(t))
	const source = `import text from "./tokens.txt";
export default { async fetch(request, env) {
  const { success } = await env.RPM_2.limit({ key: "alice" });
  return new Response([text, env.KEY, success].join(" "));
} }`
	put := func(key, tokens string) {
		t.Helper()
		c.upload("PUT", scriptPath+"?bindings_inherit=strict", `{"main_module":"index.js","compatibility_date":"2026-06-01","bindings":[`+key+`,
			{"type":"ratelimit","name":"RPM_2","namespace_id":"7","simple":{"limit":2,"period":60}}]}`,
			script(source), part{"tokens.txt", "text/plain", tokens})
	}
	put(`{"type":"secret_text","name":"KEY","text":"hidden"}`, "one")
	put(`{"type":"inherit","name":"KEY"}`, "two")
	for _, want := range []string{"two hidden true", "two hidden true", "two hidden false"} {
		if got := c.send("GET", "https://relay.example.com/", "").body; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDeployedVersionIsServed(t *testing.T) {
	t.Parallel()
	c := newClient(t, parse(t, edgeState), workerdtest.Binary(t))
	get := func() string { t.Helper(); return c.send("GET", "https://relay.example.com/", "").body }
	metadata := func(word string) string {
		return `{"main_module":"index.js","bindings":[{"type":"plain_text","name":"WORD","text":"` + word + `"}]}`
	}
	source := script("export default { fetch: (request, env) => new Response(env.WORD) }\n")
	c.upload("PUT", scriptPath, metadata("one"), source)
	if got := get(); got != "one" {
		t.Fatalf("got %q", got)
	}
	c.upload("POST", scriptPath+"/versions", metadata("two"), source)
	var versions struct{ Items []struct{ ID string } }
	if err := json.Unmarshal(c.api("GET", scriptPath+"/versions?deployable=true", "", ""), &versions); err != nil {
		t.Fatal(err)
	}
	two, one := versions.Items[0].ID, versions.Items[1].ID
	if got := get(); got != "one" {
		t.Errorf("got %q although it is not deployed", got)
	}
	for _, step := range []struct{ percentages, want string }{
		{two + " 100", "two"}, {one + " 100", "one"}, {one + " 10 " + two + " 90", "two"}, {one + " 50 " + two + " 50", "one"},
	} {
		var shares []string
		for fields := strings.Fields(step.percentages); len(fields) > 0; fields = fields[2:] {
			shares = append(shares, fmt.Sprintf(`{"version_id":%q,"percentage":%s}`, fields[0], fields[1]))
		}
		c.api("POST", scriptPath+"/deployments", "application/json", `{"strategy":"percentage","versions":[`+strings.Join(shares, ",")+`]}`)
		if got := get(); got != step.want {
			t.Errorf("%s: got %q, want %q", step.percentages, got, step.want)
		}
	}
}
