package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// withFaults returns an account with these faults.
func withFaults(faults string) string {
	return `{"accounts":[{"name":"Acme","zones":[{"name":"example.com"}]}],"faults":[` + faults + `]}`
}

func TestFaults(t *testing.T) {
	t.Parallel()
	c := newClient(t, withFaults(`
		{"method":"POST","path":"/zones/*/workers/routes","times":2,"status":503},
		{"method":"POST","path":"/zones/*/workers/routes","code":10019},
		{"path":"/zones","skip":1,"retry_after":"7"},
		{"path":"/accounts/**","status":403,"body":"<html>blocked</html>"},
		{"path":"/user/tokens/verify","status":502,"body":"bad gateway","content_type":"text/plain"},
		{"method":"DELETE"}`))
	const route = `{"pattern":"a.example.com/*"}`
	c.do("POST", routes, route).wantError(503, 10013)
	c.do("GET", routes, nil).wantOK(nil)
	c.do("POST", routes, route).wantError(503, 10013)
	c.do("POST", routes, route).wantError(400, 10019)
	c.do("POST", routes, route).wantOK(nil)

	c.do("GET", "/zones", nil).wantOK(nil)
	if r := c.do("GET", "/zones", nil).wantError(429, 10100); r.Header.Get("Retry-After") != "7" {
		t.Errorf("got %v", r.Header)
	}
	c.do("GET", "/zones", nil).wantOK(nil)

	if r := c.do("GET", "/accounts/$A/workers/scripts", nil); r.Status != 403 || string(r.Raw) != "<html>blocked</html>" || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		t.Errorf("got %d %s", r.Status, r.Raw)
	}
	if r := c.do("GET", "/user/tokens/verify", nil); r.Status != 502 || r.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("got %d %v", r.Status, r.Header)
	}
	c.do("DELETE", routes+"/x", nil).wantError(500, 10013)
	if strings.Contains(c.bytes(), "faults") {
		t.Errorf("faults remain: %s", c.bytes())
	}
}

func TestFaultAfter(t *testing.T) {
	t.Parallel()
	c := newClient(t, withFaults(`{"method":"POST","after":true,"status":502}`))
	c.do("POST", routes, `{"pattern":"a.example.com/*"}`).wantError(502, 10013)
	c.do("POST", routes, `{"pattern":"a.example.com/*"}`).wantError(409, 10020)
}

func TestPermanentFault(t *testing.T) {
	t.Parallel()
	c := newClient(t, withFaults(`{"path":"/zones","times":-1,"status":500}`))
	before := c.bytes()
	for range 3 {
		c.do("GET", "/zones", nil).wantError(500, 10013)
	}
	if before != c.bytes() {
		t.Error("the file was changed")
	}
}

func TestDroppedConnections(t *testing.T) {
	t.Parallel()
	for _, after := range []string{"", `"after":true,`} {
		c := newClient(t, withFaults(`{"method":"POST",`+after+`"drop":true}`))
		for name, try := range map[string]http.RoundTripper{"network": http.DefaultTransport, "process": Transport(Handler(c.store))} {
			if name == "process" {
				c.store = parseStore(t, withFaults(`{"method":"POST",`+after+`"drop":true}`))
				try = Transport(Handler(c.store))
			}
			r, err := http.NewRequest("POST", c.path(routes), strings.NewReader(`{"pattern":"a.example.com/*"}`))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+c.token)
			r.Header.Set("Content-Type", "application/json")
			res, err := try.RoundTrip(r)
			if err == nil {
				res.Body.Close()
				t.Errorf("%s: want an error, got %s", name, res.Status)
			}
			if name == "process" && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: got %v", name, err)
			}
			if done := strings.Contains(c.bytes(), "a.example.com/*"); name == "process" && done != (after != "") {
				t.Errorf("%s, after=%q: done=%v", name, after, done)
			}
		}
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	c := newClient(t, withFaults(`{"path":"/zones","delay_ms":1},{"path":"/zones","delay_ms":60000}`))
	c.do("GET", "/zones", nil).wantOK(nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", c.path("/zones"), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	if _, err := Transport(Handler(c.store)).RoundTrip(r); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestGlob(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, s string
		want       bool
	}{
		{"/zones", "/zones", true},
		{"/zones", "/zones/x", false},
		{"/zones/*/workers/routes", "/zones/abc/workers/routes", true},
		{"/zones/*/workers/routes", "/zones/a/b/workers/routes", false},
		{"/zones/*", "/zones/a/b", false},
		{"/zones/**", "/zones/a/b", true},
		{"**/routes", "/zones/a/routes", true},
		{"*.example.com", "a.example.com", true},
		{"*.example.com", "example.com", false},
		{"**", "", true},
		{"", "x", false},
	} {
		if got := glob(test.pattern, test.s); got != test.want {
			t.Errorf("glob(%q, %q) = %v", test.pattern, test.s, got)
		}
	}
}

func TestTransport(t *testing.T) {
	t.Parallel()
	s := parseStore(t, acme)
	hc := http.Client{Transport: Transport(Handler(s))}
	r, err := http.NewRequest("GET", "https://api.cloudflare.com/client/v4/zones?name=example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.Token())
	res, err := hc.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var e struct{ Result []zoneView }
	if err := json.NewDecoder(res.Body).Decode(&e); err != nil || len(e.Result) != 1 || res.StatusCode != 200 || res.Request != r {
		t.Errorf("got %+v %v %v", e, err, res)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := hc.Do(r.WithContext(ctx)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestPanicIsAnError(t *testing.T) {
	t.Parallel()
	h := &api{store: parseStore(t, acme), endpoints: []endpoint{{"GET", "/zones", nil, func(*call) (*apiResponse, error) { panic("bug") }}}}
	r, err := http.NewRequest("GET", "https://api.cloudflare.com/client/v4/zones", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+defaultToken)
	res, err := Transport(h).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 500 || !strings.Contains(string(body), `"code":10013`) {
		t.Errorf("got %d %s %v", res.StatusCode, body, err)
	}
}
