package sandbox

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestEveryAnswerIsDressed(t *testing.T) {
	t.Parallel()
	c := serve(t, acme)
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
	c := serve(t, acme)
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
		c.do(test.method, test.path, nil).refused(test.status, test.code)
	}
	c.token = ""
	c.do("POST", "/accounts/$A/workers/domains", nil).refused(400, 9106)
}

func TestUnknownPathHasBothCodes(t *testing.T) {
	t.Parallel()
	r := serve(t, acme).do("GET", "/nowhere", nil).refused(404, 7003)
	if len(r.Errors) != 2 || r.Errors[1].Code != 7000 {
		t.Errorf("got %s", r.Raw)
	}
}

func TestOutsideTheAPI(t *testing.T) {
	t.Parallel()
	c := serve(t, acme)
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
	c := serve(t, acme)
	const records, routes = "/zones/$Z/dns_records", "/zones/$Z/workers/routes"
	c.send("POST", records, "", []byte(`{}`)).refused(400, 9207)
	c.send("POST", records, "text/plain", []byte(`{}`)).refused(400, 9207).says("Content-type must be application/json.")
	c.do("POST", records, `{"type":`).refused(400, 6007).says("Malformed JSON in request body")
	c.do("POST", records, `{"type":1}`).refused(400, 9207)
	c.do("POST", records, `[]`).refused(400, 9207)
	c.send("POST", routes, "text/plain", []byte(`{}`)).refused(400, 10001)
	c.do("POST", routes, `{"pattern":`).refused(400, 10026)
	c.do("POST", routes, `{"pattern":1}`).refused(400, 10026)
	c.do("POST", routes, strings.Repeat(" ", bodyJSON)+"{}").refused(413, 10026)
}
