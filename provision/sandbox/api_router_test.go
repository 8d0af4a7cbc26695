package sandbox

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestCommonHeaders(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	for _, r := range []*response{c.do("GET", "/zones", nil), c.do("GET", "/nowhere", nil), c.do("DELETE", "/zones/$Z", nil)} {
		if !regexp.MustCompile(`^[0-9a-f]{16}-SBX$`).MatchString(r.Header.Get("Cf-Ray")) {
			t.Errorf("%s: cf-ray %q", r.what, r.Header.Get("Cf-Ray"))
		}
		for _, name := range []string{"Ratelimit", "Ratelimit-Policy"} {
			if r.Header.Get(name) == "" {
				t.Errorf("%s: no %s", r.what, name)
			}
		}
		if got := r.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("%s: content-type %q", r.what, got)
		}
	}
}

func TestRouting(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	zero := strings.Repeat("0", 32)
	for _, test := range []struct {
		method, path string
		status, code int
	}{
		{"GET", "/nowhere", 404, 7003},
		{"GET", "/zones/", 404, 7003},
		{"GET", "//zones", 404, 7003},
		{"GET", "/zones/$Z/dns_records/nonsense", 404, 7003},
		{"GET", "/zones/$Z/dns_records/batch", 404, 7003},
		{"GET", "/zones/$Z/workers/routes/ABC", 404, 7003},
		{"GET", "/accounts/undefined/workers/scripts", 404, 7003},
		{"DELETE", "/zones/$Z/dns_records", 405, 7001},
		{"POST", "/zones/$Z", 405, 7001},
		{"POST", "/user/tokens/verify", 405, 7001},
		{"PATCH", "/zones/$Z/workers/routes/" + zero, 405, 10405},
		{"POST", "/accounts/$A/workers/scripts/x", 405, 10405},
		{"POST", "/accounts/$A/workers/domains", 405, 10405},
		{"GET", "/zones/$Z/workers/routes/" + zero, 404, 10007},
		{"PUT", "/zones/$Z/workers/routes/" + zero, 404, 10009},
		{"DELETE", "/zones/$Z/workers/routes/" + zero, 404, 10009},
		{"GET", "/zones/$Z/dns_records/" + zero, 404, 81044},
		{"DELETE", "/zones/$Z/dns_records/" + zero, 404, 81044},
	} {
		c.do(test.method, test.path, nil).wantError(test.status, test.code)
	}
	c.token = ""
	c.do("POST", "/accounts/$A/workers/domains", nil).wantError(400, 9106)
}

func TestUnknownPathHasBothCodes(t *testing.T) {
	t.Parallel()
	r := newClient(t, acme).do("GET", "/nowhere", nil).wantError(404, 7003)
	if len(r.Errors) != 2 || r.Errors[1].Code != 7000 {
		t.Errorf("got %s", r.Raw)
	}
}

func TestOutsideTheAPI(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	res, err := http.Get(c.base + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 404 || res.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	const records, routes = "/zones/$Z/dns_records", "/zones/$Z/workers/routes"
	c.send("POST", records, "", []byte(`{}`)).wantError(400, 9207)
	c.send("POST", records, "text/plain", []byte(`{}`)).wantError(400, 9207).wantMessage("Content-type must be application/json.")
	c.do("POST", records, `{"type":`).wantError(400, 6007).wantMessage("Malformed JSON in request body")
	c.do("POST", records, `{"type":1}`).wantError(400, 9207)
	c.do("POST", records, `[]`).wantError(400, 9207)
	c.send("POST", routes, "text/plain", []byte(`{}`)).wantError(400, 10001)
	c.do("POST", routes, `{"pattern":`).wantError(400, 10026)
	c.do("POST", routes, `{"pattern":1}`).wantError(400, 10026)
	c.do("POST", routes, strings.Repeat(" ", bodyJSON)+"{}").wantError(413, 10026)
}
