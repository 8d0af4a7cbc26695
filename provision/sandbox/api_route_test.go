package sandbox

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const routes = "/zones/$Z/workers/routes"

func TestRouteLifecycle(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	c.uploadHello("relay")
	before := c.bytes()
	var created, got routeView
	c.do("POST", routes, `{"pattern":"a.example.com/*","script":"relay"}`).wantOK(&created)
	if !idPattern().MatchString(created.ID) || created.Pattern != "a.example.com/*" || *created.Script != "relay" || created.FailOpen {
		t.Errorf("got %+v", created)
	}
	c.do("POST", routes, `{"pattern":"a.example.com/*","script":"relay"}`).wantError(409, 10020).wantMessage("A route with the same pattern already exists")
	c.do("POST", routes, `{"pattern":"A.Example.com/*"}`).wantError(409, 10020)
	one := routes + "/" + created.ID
	c.do("GET", one, nil).wantOK(&got)
	if diff := cmp.Diff(created, got); diff != "" {
		t.Error(diff)
	}
	got = routeView{}
	c.do("PUT", one, `{"pattern":"b.example.com/*","request_limit_fail_open":true}`).wantOK(&got)
	if got.Script != nil || !got.FailOpen || got.Pattern != "b.example.com/*" {
		t.Errorf("got %+v", got)
	}
	var all []routeView
	c.do("GET", routes, nil).wantOK(&all)
	if len(all) != 1 || all[0].ID != created.ID {
		t.Errorf("got %+v", all)
	}
	var deleted struct{ ID string }
	c.do("DELETE", one, nil).wantOK(&deleted)
	if deleted.ID != created.ID {
		t.Errorf("got %+v", deleted)
	}
	c.do("DELETE", one, nil).wantError(404, 10009)
	if diff := cmp.Diff(before, c.bytes()); diff != "" {
		t.Error(diff)
	}
}

func TestRouteErrors(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	c.uploadHello("relay")
	c.do("POST", routes, `{"pattern":"a.example.com/*","script":"absent"}`).wantError(400, 10019).
		wantMessage("Cannot configure a route for a Worker which does not exist. Please ensure this Worker exists and try again.")
	for pattern, code := range map[string]int{
		"":                        10021,
		"a.example.org/*":         10022,
		"notexample.com/*":        10022,
		"a.*.example.com/*":       10021,
		"a.example.com/*/b":       10021,
		"a.example.com/?q":        10021,
		"ftp://a.example.com/":    10021,
		"a.example.com:8080/*":    10021,
		"**.example.com/*":        10021,
		"a.example.com**":         10021,
		"a.*example.com*":         10021,
		"a.example.org*":          10022,
		"a b.example.com/*":       10021,
		"https://example.com.x/*": 10022,
	} {
		c.do("POST", routes, map[string]string{"pattern": pattern, "script": "relay"}).wantError(400, code)
	}
	for _, pattern := range []string{"*/*", "*.example.com/*", "*example.com/*", "example.com", "https://example.com/a*", "xn--fiq.example.com/*",
		"a.example.com*", "*a.example.com*", "https://b.example.com*", "C.example.com*"} {
		c.do("POST", routes, map[string]string{"pattern": pattern, "script": "relay"}).wantOK(nil)
	}
	c.do("POST", routes, `{"pattern":"off.example.com/*"}`).wantOK(nil)
	c.do("POST", routes, `{"pattern":"off2.example.com/*","script":null}`).wantOK(nil)
}

func TestDeletingScriptKeepsRoutes(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	c.uploadHello("relay")
	c.do("POST", routes, `{"pattern":"a.example.com/*","script":"relay"}`).wantOK(nil)
	c.do("DELETE", relayPath, nil).wantOK(nil)
	var all []routeView
	c.do("GET", routes, nil).wantOK(&all)
	if len(all) != 1 {
		t.Errorf("got %+v", all)
	}
}

func TestPropagation(t *testing.T) {
	t.Parallel()
	c := newClient(t, `{"propagation":2,"accounts":[{"name":"Acme","zones":[{"name":"example.com"}]}]}`)
	before := c.bytes()
	c.uploadHello("relay")
	const body = `{"pattern":"a.example.com/*","script":"relay"}`
	c.do("POST", routes, body).wantError(400, 10019)
	c.uploadHello("relay") // an update does not start it again
	c.do("POST", routes, body).wantError(400, 10019)
	var created routeView
	c.do("POST", routes, body).wantOK(&created)
	c.do("DELETE", routes+"/"+created.ID, nil).wantOK(nil)
	c.do("DELETE", relayPath, nil).wantOK(nil)
	if diff := cmp.Diff(before, c.bytes()); diff != "" {
		t.Error(diff)
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	z := &zone{Name: "example.com"}
	for _, p := range []string{
		"example.com/*", "*.example.com/*", "a.example.com/*", "a.example.com/images*", "a.example.com/images/*",
		"a.example.com/exact", "d.example.com*", "d.example.com/*", "*d.example.com*", "http://b.example.com/*", "https://c.example.com/*", "c.example.com/*", "*b.example.com/*",
	} {
		z.Routes = append(z.Routes, (&routeInput{Pattern: p}).route(""))
	}
	for target, want := range map[string]string{
		"example.com /":                "example.com/*",
		"x.example.com /":              "*.example.com/*",
		"x.y.example.com /":            "*.example.com/*",
		"a.example.com /":              "a.example.com/*",
		"a.example.com /images/x":      "a.example.com/images*", // a known issue of Cloudflare's
		"a.example.com /imagesx":       "a.example.com/images*",
		"a.example.com /IMAGES":        "a.example.com/*",
		"a.example.com /exact":         "a.example.com/exact",
		"a.example.com /exact?q=1":     "a.example.com/*",
		"b.example.com /":              "*b.example.com/*",
		"bb.example.com /":             "*b.example.com/*",
		"d.example.com /":              "d.example.com*", // the same known issue
		"d.example.com /v1/x?q=1":      "d.example.com*",
		"dd.example.com /":             "*d.example.com*",
		"c.example.com /":              "https://c.example.com/*",
		"notexample.com /":             "",
		"a.example.com.evil.example /": "",
	} {
		var host, path string
		fmt.Sscan(target, &host, &path)
		got := ""
		if r := z.match("https", host, path); r != nil {
			got = r.Pattern
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
}
