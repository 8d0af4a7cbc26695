package sandbox

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestService(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	const service = "/accounts/$A/workers/services/relay"
	c.do("GET", service, nil).wantError(404, 10090)
	c.uploadHello("relay")
	var v serviceView
	c.do("GET", service, nil).wantOK(&v)
	if v.ID != "relay" || v.Default.Environment != "production" || v.Default.Script.LastDeployedFrom != "api" || !idPattern().MatchString(v.Default.Script.Tag) {
		t.Errorf("got %+v", v)
	}
	c.version("", `{"main_module":"index.js"}`, replyWith("two")).wantOK(nil)
	c.deploy("", c.versions()[0].ID+" 100").wantOK(nil)
	c.do("GET", service, nil).wantOK(&v)
	if v.Default.Script.LastDeployedFrom != "wrangler" {
		t.Errorf("got %+v", v.Default.Script)
	}
	c.upload("front", `{"main_module":"index.js","bindings":[{"type":"service","name":"R","service":"relay"}]}`, js("index.js", hello)).wantOK(nil)
	var refs references
	c.do("GET", relayPath+"/references", nil).wantOK(&refs)
	want := references{serviceReferences{Incoming: []serviceReference{{"front", "production", "R"}}, Outgoing: []serviceReference{}}}
	if diff := cmp.Diff(want, refs); diff != "" {
		t.Error(diff)
	}
	c.do("GET", "/accounts/$A/workers/tails/by-consumer/relay", nil).wantOK(nil)
	c.do("DELETE", service+"?force=false", nil).wantError(400, 10064)
	c.do("DELETE", service+"?force=true", nil).wantOK(nil)
	c.do("GET", relayPath+"/references", nil).wantError(404, 10007)
}

func TestPutScriptRoutes(t *testing.T) {
	t.Parallel()
	c := newClient(t, `{"accounts":[{"name":"Acme","zones":[{"name":"example.com"},{"name":"example.org"}]},{"name":"B","zones":[{"name":"example.edu"}]}],
		"tokens":[{"value":"all"},{"value":"one zone","zones":["example.com"]}]}`)
	const path = relayPath + "/routes"
	c.do("PUT", path, `[]`).wantError(404, 10007)
	c.uploadHello("relay")
	c.uploadHello("other")
	c.do("POST", "/zones/$Z/workers/routes", `{"pattern":"taken.example.com/*","script":"other"}`).wantOK(nil)
	routes := func() string {
		t.Helper()
		st, err := c.store.state()
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, z := range st.Accounts[0].Zones {
			for _, r := range z.Routes {
				all = append(all, r.Pattern+" "+r.Script)
			}
		}
		slices.Sort(all)
		return strings.Join(all, ", ")
	}
	for _, step := range []struct{ body, want string }{
		{`[{"pattern":"a.example.com/*"},{"pattern":"*.example.org/*","zone_name":"example.org"}]`, "*.example.org/* relay, a.example.com/* relay, taken.example.com/* other"},
		{`[{"pattern":"A.example.com/*","zone_id":"` + c.zone + `"}]`, "a.example.com/* relay, taken.example.com/* other"},
		{`[]`, "taken.example.com/* other"},
	} {
		c.do("PUT", path, step.body).wantOK(nil)
		if got := routes(); got != step.want {
			t.Errorf("%s: got %s", step.body, got)
		}
	}
	before := c.bytes()
	c.do("PUT", path, `[{"pattern":"b.example.com/*"},{"pattern":"taken.example.com/*"}]`).wantError(409, 10020)
	c.do("PUT", path, `[{"pattern":"a.example.com/*","zone_name":"example.org"}]`).wantError(400, 10022)
	c.do("PUT", path, `[{"pattern":"a.example.edu/*"}]`).wantError(400, 10082)
	c.do("PUT", path, `[{"pattern":"a.example.edu/*","zone_name":"example.edu"}]`).wantError(400, 10082)
	c.do("PUT", path, `[{"pattern":"a.*.example.com"}]`).wantError(400, 10021)
	c.token = "one zone"
	c.do("PUT", path, `[{"pattern":"b.example.com/*"}]`).wantError(403, 10000)
	if before != c.bytes() {
		t.Error("a call that failed changed the state")
	}
}

func TestUser(t *testing.T) {
	t.Parallel()
	c := newClient(t, `{"accounts":[{"name":"Acme","zones":[{"name":"example.com"}]}],"tokens":[
		{"value":"user","permissions":["Memberships Read","User Details Read","Workers KV Storage Read"]},{"value":"deploy"},{"value":"account","account":"Acme"}]}`)
	var all []membership
	c.do("GET", "/memberships", nil).wantOK(&all)
	if len(all) != 1 || all[0].Account.Name != "Acme" {
		t.Errorf("got %+v", all)
	}
	c.do("GET", "/user", nil).wantOK(nil)
	c.do("GET", "/accounts/$A/storage/kv/namespaces", nil).wantOK(nil)
	for token, code := range map[string]int{"deploy": 9109, "account": 10000} {
		c.token = token
		c.do("GET", "/memberships", nil).wantError(403, code)
		c.do("GET", "/user", nil).wantError(403, 9109)
		c.do("GET", "/accounts/$A/storage/kv/namespaces", nil).wantError(403, 10000)
	}
}

// Writes through these calls are delayed like those through the documented ones.
func TestLagOfWranglerEndpoints(t *testing.T) {
	t.Parallel()
	c := newClient(t, `{"lag":1,"accounts":[{"name":"Acme","zones":[{"name":"example.com"}],
		"scripts":[{"name":"relay","modules":[{"name":"i.js","text":"export default {}"}]}]}]}`)
	c.do("PUT", relayPath+"/routes", `[{"pattern":"a.example.com/*"}]`).wantOK(nil)
	for _, want := range []int{0, 1} {
		var views []routeView
		if c.do("GET", "/zones/$Z/workers/routes", nil).wantOK(&views); len(views) != want {
			t.Errorf("%d routes, want %d", len(views), want)
		}
	}
	c.do("DELETE", "/accounts/$A/workers/services/relay", nil).wantOK(nil)
	c.do("GET", relayPath+"/settings", nil).wantOK(nil)
	c.do("GET", relayPath+"/settings", nil).wantError(404, 10007)
}
