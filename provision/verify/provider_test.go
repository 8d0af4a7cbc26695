package verify

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestProvider(t *testing.T) {
	t.Parallel()
	const colo = "FRA"
	details := func(status string, more ...string) map[string]string {
		m := map[string]string{"status": status, "colo": colo, "placement": "remote-IAD"}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	region := `{"error":{"code":"unsupported_country_region_territory","message":"Country, region, or territory not supported","param":null,"type":"request_forbidden"}}`
	tests := map[string]struct {
		handler http.HandlerFunc
		code    string
		want    map[string]string
	}{
		"refused":                      {respond(401, keylessRefusal), CodeProviderRecognised, details("401", "error_type", "invalid_request_error")},
		"refused, other message":       {respond(401, strings.Replace(keylessRefusal, "no key", "Missing bearer", 1)), CodeProviderRecognised, nil},
		"bad key":                      {respond(401, `{"error":{"type":"invalid_request_error","code":"invalid_api_key"}}`), CodeProviderRecognised, details("401", "error_type", "invalid_request_error", "error_code", "invalid_api_key")},
		"other 401":                    {respond(401, `{"error":{"type":"nginx","code":null}}`, "Content-Type", "application/json"), CodeProviderUnexpected, nil},
		"refusal with wrong status":    {respond(400, keylessRefusal, "Content-Type", "a/b"), CodeProviderUnexpected, map[string]string{"status": "400", "content_type": "a/b", "excerpt": keylessRefusal}},
		"region":                       {respond(403, region), CodeProviderRegionBlocked, details("403", "error_type", "request_forbidden", "error_code", "unsupported_country_region_territory")},
		"busy":                         {respond(429, `{"error":{"type":"requests"}}`, "Retry-After", "20"), CodeProviderRateLimited, details("429", "retry_after", "20")},
		"down":                         {respond(503, "overloaded"), CodeProviderUnavailable, details("503")},
		"down, from its edge":          {respond(502, problemDocument("5xx", "502")), CodeProviderUnavailable, details("502", "number", "502")},
		"slow, from its edge":          {respond(524, problemDocument("5xx", "524")), CodeProviderUnavailable, details("524", "number", "524")},
		"no connection, from its edge": {respond(522, "error code: 522"), CodeProviderUnreachable, details("522", "number", "522")},
		"no connection":                {respond(523, ""), CodeProviderUnreachable, details("523", "number", "523")},
		"unresolved":                   {respond(530, "error code: 1016"), CodeProviderUnreachable, details("530", "number", "1016")},
		"same zone":                    {respond(404, "error code: 1042"), CodeProviderUnreachable, details("404", "number", "1042")},
		"challenged":                   {respond(403, "<title>Just a moment...</title>", "Cf-Mitigated", "challenge"), CodeProviderChallenged, details("403")},
		"error of the Worker":          {respond(502, `{"error":{"type":"cfproxy_error","code":"upstream_unreachable"}}`), CodeRelayError, details("502", "error_code", "upstream_unreachable")},
		"open":                         {respond(200, `{"choices":[]}`, "Content-Type", "application/json"), CodeProviderOpen, map[string]string{"status": "200", "content_type": "application/json", "excerpt": `{"choices":[]}`}},
		"redirect":                     {respond(308, "", "Location", "/elsewhere", "Content-Type", "a/b"), CodeProviderUnexpected, map[string]string{"status": "308", "content_type": "a/b", "location": "/elsewhere"}},
		"binary junk":                  {respond(418, "\x00\x01\x1b]0;x\a\xff tea\r\n\tpot", "Content-Type", "a/b"), CodeProviderUnexpected, map[string]string{"status": "418", "content_type": "a/b", "excerpt": "]0;x tea pot"}},
		"error page without build":     {func(w http.ResponseWriter, r *http.Request) { w.Header().Del(BuildHeader); respond(522, "")(w, r) }, CodeEdgeRouteMissing, nil},
		"refusal without build": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Del(BuildHeader)
			respond(401, keylessRefusal)(w, r)
		}, CodeWorkerNotOurs, nil},
		"two build headers": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add(BuildHeader, testBuild)
			respond(401, keylessRefusal)(w, r)
		}, CodeWorkerNotOurs, nil},
		"another build": {respond(401, keylessRefusal, BuildHeader, "ffffffffffffffff"), CodeWorkerOtherBuild, map[string]string{"wanted": testBuild, "got": "ffffffffffffffff", "colo": colo}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := findResult(t, newTestRelay(t, fakeWorker{testBuild, test.handler}).run(t, Options{}), ProbeProvider)
			if got.Code != test.code {
				t.Fatalf("%+v, want %s", got, test.code)
			}
			if diff := cmp.Diff(test.want, got.Details); test.want != nil && diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProviderTimeout(t *testing.T) {
	t.Parallel()
	deadline := newDeadline(t)
	relay := newTestRelay(t, fakeWorker{testBuild, func(_ http.ResponseWriter, r *http.Request) { deadline.expire(); <-r.Context().Done() }})
	if got := findResult(t, relay.runContext(deadline, t, Options{}), ProbeProvider); got.Code != CodeProviderTimeout {
		t.Errorf("%+v, want %s", got, CodeProviderTimeout)
	}
}

// The request is the same as in the curl command, and has no key even if the target has one.
func TestKeylessRequest(t *testing.T) {
	t.Parallel()
	requests := make(chan *http.Request, 8)
	bodies := make(chan string, 8)
	relay := newTestRelay(t, fakeWorker{testBuild, func(w http.ResponseWriter, r *http.Request) {
		var body [64]byte
		n, _ := r.Body.Read(body[:])
		requests <- r
		bodies <- string(body[:n])
		respond(418, "")(w, r)
	}})
	upstream := &relay.target.Upstreams[0]
	relay.target.Key, upstream.Method, upstream.Path, upstream.Body = testKey, "PUT", "/v1/x?y=1", `{"a":1}`
	relay.run(t, Options{})
	got, body := <-requests, <-bodies
	if got.Method != "PUT" || got.RequestURI != "/v1/x?y=1" || body != `{"a":1}` {
		t.Errorf("%s %s %s", got.Method, got.RequestURI, body)
	}
	want := http.Header{"User-Agent": {"cfproxy-verify"}, "Content-Type": {"application/json"}, "Accept": {"*/*"}, "Content-Length": {"7"}}
	if diff := cmp.Diff(want, got.Header); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestSignature(t *testing.T) {
	t.Parallel()
	fields := func(path string, values ...any) map[string][]any { return map[string][]any{path: values} }
	tests := []struct {
		body   string
		fields map[string][]any
		want   bool
	}{
		{`{"a":{"b":"x"}}`, fields("a.b", "x"), true},
		{`{"a":{"b":"x"}}`, fields("a.b", "y", "x"), true},
		{`{"a":{"b":"x"}}`, fields("a.b", "y"), false},
		{`{"a":{"b":"x"}}`, fields("a.b.c", "x"), false},
		{`{"a":{"b":null}}`, fields("a.b", nil), true},
		{`{"a":{}}`, fields("a.b", nil), true},
		{`{"a":{"b":0}}`, fields("a.b", nil), false},
		{`{"a":{"b":""}}`, fields("a.b", nil, "x"), false},
		{`{"code":401}`, fields("code", 401), true},
		{`{"code":401}`, fields("code", 401.0), true},
		{`{"code":401}`, fields("code", "401"), false},
		{`{"ok":false}`, fields("ok", false), true},
		{`[{"error":{"status":"INVALID"}}]`, fields("0.error.status", "INVALID"), true},
		{`[{"error":{}}]`, fields("1.error", nil), true},
		{`[1]`, fields("-1", 1), false},
		{`<html>`, fields("a", nil), false},
		{`<html>`, nil, true},
		{``, nil, true},
	}
	for _, test := range tests {
		r := response{status: 401, body: []byte(test.body)}
		if got := matchesAny([]Signature{{Status: 400}, {Status: 401, JSON: test.fields}}, r); got != test.want {
			t.Errorf("%s against %v: %v", test.body, test.fields, got)
		}
		if matchesAny([]Signature{{Status: 403, JSON: test.fields}}, r) {
			t.Errorf("%s matches another status", test.body)
		}
	}
}
