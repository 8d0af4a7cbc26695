package sandbox

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// laggingState is an account in which two reads after a write return the state before it.
const laggingState = `{"clock":"2026-11-20T12:00:00Z","lag":2,"accounts":[{"name":"Acme","zones":[{"name":"example.com"},{"name":"example.org"}],
	"scripts":[{"name":"relay","modules":[{"name":"index.js","text":"export default {}"}]}]}]}`

// patterns returns the routes as the API lists them.
func (c *client) patterns() string {
	c.t.Helper()
	var views []routeView
	c.do("GET", routes, nil).wantOK(&views)
	var out []string
	for _, v := range views {
		out = append(out, v.Pattern)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestLag(t *testing.T) {
	t.Parallel()
	c := newClient(t, laggingState)
	const a, b = `{"pattern":"a.example.com/*","script":"relay"}`, `{"pattern":"b.example.com/*"}`
	var got []string
	read := func() { got = append(got, c.patterns()) }
	read()
	c.do("POST", routes, a).wantOK(nil)
	c.do("POST", routes, a).wantError(409, 10020)
	read()
	c.do("POST", routes, b).wantOK(nil) // starts the count again
	read()
	read()
	read()
	read()
	both := "a.example.com/* b.example.com/*"
	if diff := cmp.Diff([]string{"", "", "", "", both, both}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLagIsPerRequest(t *testing.T) {
	t.Parallel()
	c := newClient(t, laggingState)
	const one = `{"type":"A","name":"a","content":"2.2.2.2"}`
	var created recordView
	c.do("POST", records, one).wantOK(&created)
	c.do("POST", records, one).wantError(400, 81058)
	for _, path := range []string{records, records + "?name=a.example.com"} {
		for i, want := range []int{0, 0, 1, 1} {
			var views []recordView
			if c.do("GET", path, nil).wantOK(&views); len(views) != want {
				t.Errorf("%s, read %d: %d records, want %d", path, i, len(views), want)
			}
		}
	}
	c.do("GET", records+"/"+created.ID, nil).wantError(404, 81044)
	c.do("GET", records+"/"+created.ID, nil).wantError(404, 81044)
	c.do("GET", records+"/"+created.ID, nil).wantOK(nil)

	c.do("DELETE", records+"/"+created.ID, nil).wantOK(nil)
	c.do("DELETE", records+"/"+created.ID, nil).wantError(404, 81044)
	c.do("GET", records+"/"+created.ID, nil).wantOK(nil)
	c.do("GET", records+"/"+created.ID, nil).wantOK(nil)
	c.do("GET", records+"/"+created.ID, nil).wantError(404, 81044)
}

func TestLagIsPerResource(t *testing.T) {
	t.Parallel()
	c := newClient(t, laggingState)
	const scripts = "/accounts/$A/workers/scripts"
	c.uploadHello("other")
	for i, want := range []int{1, 1, 2} {
		var views []scriptView
		if c.do("GET", scripts, nil).wantOK(&views); len(views) != want {
			t.Errorf("read %d: %d scripts, want %d", i, len(views), want)
		}
	}
	c.do("GET", scripts+"/other/settings", nil).wantError(404, 10007)
	c.do("GET", scripts+"/other/settings", nil).wantError(404, 10007)
	c.do("GET", scripts+"/other/settings", nil).wantOK(nil)

	// A new upload of one script, and the settings of both.
	c.upload("other", `{"main_module":"index.js","compatibility_date":"2026-06-02"}`, js("index.js", hello)).wantOK(nil)
	for i, want := range []string{"2026-06-01", "2026-06-01", "2026-06-02"} {
		var s settingsView
		if c.do("GET", scripts+"/other/settings", nil).wantOK(&s); s.CompatibilityDate != want {
			t.Errorf("read %d: %s, want %s", i, s.CompatibilityDate, want)
		}
	}
	c.do("POST", routes, `{"pattern":"a.example.com/*","script":"other"}`).wantOK(nil)
	var r []recordView
	c.do("POST", records, `{"type":"A","name":"a","content":"2.2.2.2"}`).wantOK(nil)
	for range 2 {
		c.do("GET", records, nil).wantOK(&r)
	}
	if c.do("GET", records, nil).wantOK(&r); len(r) != 1 || c.patterns() != "" {
		t.Errorf("a write to routes must delay only routes: %d records, routes %q", len(r), c.patterns())
	}
}

func TestLagDoesNotChangeFile(t *testing.T) {
	t.Parallel()
	c := newClient(t, strings.Replace(acme, "{", `{"lag":3,`, 1))
	before := c.bytes()
	create, destroy := lifecycle(c)
	create()
	if got := c.patterns(); got != "" {
		t.Errorf("routes %q", got)
	}
	between := c.bytes()
	if got := newClientFor(t, c.store).patterns(); got != "a.example.com/*" {
		t.Errorf("another handler must see writes at once: routes %q", got)
	}
	if c.bytes() != between {
		t.Error("reading changed the state")
	}
	destroy()
	if diff := cmp.Diff(before, c.bytes()); diff != "" {
		t.Error(diff)
	}
	if _, err := Parse([]byte(strings.Replace(laggingState, `"lag":2`, `"lag":-1`, 1))); err == nil || !strings.Contains(err.Error(), "lag") {
		t.Errorf("got %v", err)
	}
}
