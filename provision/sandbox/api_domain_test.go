package sandbox

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const domains = "/accounts/$A/workers/domains"

// twoWorkers is an account with the scripts relay and other and without routes.
const twoWorkers = `{"clock":"2026-11-20T12:00:00Z","accounts":[{"name":"Acme","zones":[{"name":"example.com"}],"scripts":[
	{"name":"relay","modules":[{"name":"index.js","text":"export default { fetch() { return new Response('relay') } }"}]},
	{"name":"other","modules":[{"name":"index.js","text":"export default { fetch() { return new Response('other') } }"}]}]}]}`

func TestDomainInFileHasRecord(t *testing.T) {
	t.Parallel()
	c := newClient(t, `{"accounts":[{"name":"Acme","zones":[{"name":"example.com"}],
		"domains":[{"hostname":"a.example.com","service":"relay"}]}]}`)
	var views []domainView
	c.do("GET", domains+"?zone_id="+c.zone, nil).wantOK(&views)
	if len(views) != 1 || views[0].Hostname != "a.example.com" || views[0].ZoneName != "example.com" {
		t.Fatalf("got %+v", views)
	}
	c.do("GET", domains+"/"+views[0].ID, nil).wantOK(nil)
	var created []recordView
	c.do("GET", records, nil).wantOK(&created)
	if len(created) != 1 || created[0].Content != "100::" || !created[0].Proxied || string(created[0].Meta) != `{"read_only":true}` {
		t.Errorf("got %+v", created)
	}
	c.do("GET", domains+"?service=other", nil).wantOK(&views)
	if len(views) != 0 {
		t.Errorf("got %+v", views)
	}
	again := parseStore(t, c.bytes())
	if got, err := again.Bytes(); err != nil || string(got) != c.bytes() {
		t.Errorf("decoding again returns another state: %v %s", err, got)
	}
}

func TestCustomDomain(t *testing.T) {
	t.Parallel()
	c := newClient(t, twoWorkers)
	before := c.bytes()
	var d, again domainView
	c.do("PUT", domains, `{"hostname":"A.example.com","service":"relay"}`).wantOK(&d)
	c.do("PUT", domains, `{"hostname":"a.example.com","service":"relay","zone_id":"`+c.zone+`","environment":"production"}`).wantOK(&again)
	if diff := cmp.Diff(d, again); diff != "" || d.Hostname != "a.example.com" || d.ZoneID != c.zone {
		t.Errorf("%+v: %s", d, diff)
	}
	var created []recordView
	if c.do("GET", records, nil).wantOK(&created); len(created) != 1 || created[0].Type != "AAAA" {
		t.Fatalf("got %+v", created)
	}
	one := records + "/" + created[0].ID
	c.do("PATCH", one, `{"content":"2001:db8::1"}`).wantError(400, 1043)
	c.do("PUT", one, `{"type":"A","name":"a","content":"2.2.2.2"}`).wantError(400, 1043)
	c.do("DELETE", one, nil).wantError(400, 1043)
	c.do("POST", records+"/batch", `{"deletes":[{"id":"`+created[0].ID+`"}]}`).wantError(400, 1043)
	c.do("POST", records, `{"type":"A","name":"a","content":"2.2.2.2"}`).wantError(400, 81062)

	c.do("PUT", domains, `{"hostname":"a.example.com","service":"other"}`).wantError(409, 100116)
	c.do("PUT", domains, `{"hostname":"a.example.com","service":"other","override_existing_origin":true}`).wantOK(&again)
	if again.ID != d.ID || again.Service != "other" {
		t.Errorf("got %+v", again)
	}
	r := c.do("DELETE", domains+"/"+d.ID, nil)
	if _, typed := r.Header["Content-Type"]; r.Status != 200 || len(r.Raw) != 0 || typed {
		t.Errorf("got %d %v %q", r.Status, r.Header, r.Raw)
	}
	c.do("DELETE", domains+"/"+d.ID, nil).wantError(404, 100114)
	c.do("GET", domains+"/"+d.ID, nil).wantError(404, 100114)
	if diff := cmp.Diff(before, c.bytes()); diff != "" {
		t.Error(diff)
	}
}

func TestCustomDomainErrors(t *testing.T) {
	t.Parallel()
	c := newClient(t, twoWorkers)
	c.do("POST", records, `{"type":"A","name":"a","content":"2.2.2.2"}`).wantOK(nil)
	c.do("POST", records, `{"type":"TXT","name":"a","content":"kept"}`).wantOK(nil)
	for body, want := range map[string]int{
		`{"hostname":"a.example.com","service":"absent"}`:                        10007,
		`{"hostname":"a.example.com","service":"relay"}`:                         100117,
		`{"hostname":"*.example.com","service":"relay"}`:                         10026,
		`{"hostname":"a.example.com"}`:                                           10026,
		`{"hostname":"a.example.org","service":"relay"}`:                         10082,
		`{"hostname":"b.example.com","service":"relay","zone_name":"other.com"}`: 10082,
		`[]`: 10026,
	} {
		if r := c.do("PUT", domains, body); len(r.Errors) == 0 || r.Errors[0].Code != want {
			t.Errorf("%s: want %d, got %d %s", body, want, r.Status, r.Raw)
		}
	}
	c.do("PUT", domains, `{"hostname":"a.example.com","service":"relay","override_existing_dns_record":true}`).wantOK(nil)
	var remaining []recordView
	c.do("GET", records+"?order=type", nil).wantOK(&remaining)
	if len(remaining) != 2 || remaining[0].Content != "100::" || remaining[1].Content != "kept" {
		t.Errorf("got %+v", remaining)
	}
	for i := range customQuota - 1 {
		c.do("PUT", domains, fmt.Sprintf(`{"hostname":"n%d.example.com","service":"relay"}`, i)).wantOK(nil)
	}
	c.do("PUT", domains, `{"hostname":"more.example.com","service":"relay"}`).wantError(400, 10025)

	for _, hosts := range []string{`{"hostname":"a.example.org","service":"relay"}`, `null`,
		`{"hostname":"a.example.com","service":"relay"},{"hostname":"A.example.com","service":"other"}`} {
		state := `{"accounts":[{"name":"Acme","zones":[{"name":"example.com"}],"domains":[` + hosts + `]}]}`
		if _, err := Parse([]byte(state)); err == nil || !strings.Contains(err.Error(), "domains[") {
			t.Errorf("%s: got %v", hosts, err)
		}
	}
}

func TestCustomDomainInWrongZone(t *testing.T) {
	t.Parallel()
	state := strings.Replace(twoWorkers, `{"name":"example.com"}`, `{"name":"example.com"},{"name":"example.org"}`, 1)
	c := newClient(t, strings.Replace(state, "{", `{"tokens":[{"value":"cfut_narrow","zones":["example.org"]}],`, 1))
	c.do("PUT", domains, `{"hostname":"a.example.com","service":"relay"}`).wantError(403, 10000)
	c.do("PUT", domains, `{"hostname":"a.example.org","service":"relay"}`).wantOK(nil)
}

func TestCustomDomainLag(t *testing.T) {
	t.Parallel()
	c := newClient(t, strings.Replace(twoWorkers, "{", `{"lag":1,`, 1))
	c.do("PUT", domains, `{"hostname":"a.example.com","service":"relay"}`).wantOK(nil)
	for i := range 2 {
		var d []domainView
		var r []recordView
		c.do("GET", domains, nil).wantOK(&d)
		c.do("GET", records, nil).wantOK(&r)
		if len(d) != i || len(r) != i {
			t.Errorf("read %d: %d domains, %d records", i, len(d), len(r))
		}
	}
}
