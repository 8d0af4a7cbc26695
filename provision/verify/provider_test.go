package verify

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestProvider(t *testing.T) {
	t.Parallel()
	const where = "FRA"
	at := func(status string, more ...string) map[string]string {
		details := map[string]string{"status": status, "colo": where, "placement": "remote-IAD"}
		for i := 0; i < len(more); i += 2 {
			details[more[i]] = more[i+1]
		}
		return details
	}
	region := `{"error":{"code":"unsupported_country_region_territory","message":"Country, region, or territory not supported","param":null,"type":"request_forbidden"}}`
	tests := map[string]struct {
		answer http.HandlerFunc
		code   string
		want   map[string]string
	}{
		"refused":                    {says(401, refusal), CodeProviderRecognised, at("401", "error_type", "invalid_request_error")},
		"refused, other words":       {says(401, strings.Replace(refusal, "no key", "Missing bearer", 1)), CodeProviderRecognised, nil},
		"bad key":                    {says(401, `{"error":{"type":"invalid_request_error","code":"invalid_api_key"}}`), CodeProviderRecognised, at("401", "error_type", "invalid_request_error", "error_code", "invalid_api_key")},
		"other 401":                  {says(401, `{"error":{"type":"nginx","code":null}}`, "Content-Type", "application/json"), CodeProviderUnexpected, nil},
		"right words, wrong status":  {says(400, refusal, "Content-Type", "a/b"), CodeProviderUnexpected, map[string]string{"status": "400", "content_type": "a/b", "excerpt": refusal}},
		"region":                     {says(403, region), CodeProviderRegionBlocked, at("403", "error_type", "request_forbidden", "error_code", "unsupported_country_region_territory")},
		"busy":                       {says(429, `{"error":{"type":"requests"}}`, "Retry-After", "20"), CodeProviderRateLimited, at("429", "retry_after", "20")},
		"down":                       {says(503, "overloaded"), CodeProviderUnavailable, at("503")},
		"down, at its edge":          {says(502, problem("5xx", "502")), CodeProviderUnavailable, at("502", "number", "502")},
		"slow, at its edge":          {says(524, problem("5xx", "524")), CodeProviderUnavailable, at("524", "number", "524")},
		"no connection, at its edge": {says(522, "error code: 522"), CodeProviderUnreachable, at("522", "number", "522")},
		"no connection":              {says(523, ""), CodeProviderUnreachable, at("523", "number", "523")},
		"unresolved":                 {says(530, "error code: 1016"), CodeProviderUnreachable, at("530", "number", "1016")},
		"same zone":                  {says(404, "error code: 1042"), CodeProviderUnreachable, at("404", "number", "1042")},
		"challenged":                 {says(403, "<title>Just a moment...</title>", "Cf-Mitigated", "challenge"), CodeProviderChallenged, at("403")},
		"relay's own error":          {says(502, `{"error":{"type":"cfproxy_error","code":"upstream_unreachable"}}`), CodeRelayError, at("502", "error_code", "upstream_unreachable")},
		"open":                       {says(200, `{"choices":[]}`, "Content-Type", "application/json"), CodeProviderOpen, map[string]string{"status": "200", "content_type": "application/json", "excerpt": `{"choices":[]}`}},
		"redirect":                   {says(308, "", "Location", "/elsewhere", "Content-Type", "a/b"), CodeProviderUnexpected, map[string]string{"status": "308", "content_type": "a/b", "location": "/elsewhere"}},
		"binary junk":                {says(418, "\x00\x01\x1b]0;x\a\xff tea\r\n\tpot", "Content-Type", "a/b"), CodeProviderUnexpected, map[string]string{"status": "418", "content_type": "a/b", "excerpt": "]0;x tea pot"}},
		"unmarked page":              {func(w http.ResponseWriter, r *http.Request) { w.Header().Del(MarkHeader); says(522, "")(w, r) }, CodeEdgeRouteMissing, nil},
		"unmarked refusal":           {func(w http.ResponseWriter, r *http.Request) { w.Header().Del(MarkHeader); says(401, refusal)(w, r) }, CodeWorkerNotOurs, nil},
		"doubly marked": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add(MarkHeader, testBuild)
			says(401, refusal)(w, r)
		}, CodeWorkerNotOurs, nil},
		"another build": {says(401, refusal, MarkHeader, "ffffffffffffffff"), CodeWorkerOtherBuild, map[string]string{"wanted": testBuild, "got": "ffffffffffffffff", "colo": where}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := find(t, newWorld(t, relay{testBuild, test.answer}).run(t, Options{}), ProbeProvider)
			if got.Code != test.code {
				t.Fatalf("%+v, want %s", got, test.code)
			}
			if diff := cmp.Diff(test.want, got.Details); test.want != nil && diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProviderSilence(t *testing.T) {
	t.Parallel()
	soon := newDeadline(t)
	w := newWorld(t, relay{testBuild, func(_ http.ResponseWriter, r *http.Request) { soon.pass(); <-r.Context().Done() }})
	if got := find(t, w.runIn(soon, t, Options{}), ProbeProvider); got.Code != CodeProviderTimeout {
		t.Errorf("%+v, want %s", got, CodeProviderTimeout)
	}
}

// The request is the one that the curl line shows, and has no key even if there is one.
func TestKeylessRequest(t *testing.T) {
	t.Parallel()
	requests := make(chan *http.Request, 8)
	bodies := make(chan string, 8)
	w := newWorld(t, relay{testBuild, func(w http.ResponseWriter, r *http.Request) {
		var body [64]byte
		n, _ := r.Body.Read(body[:])
		requests <- r
		bodies <- string(body[:n])
		says(418, "")(w, r)
	}})
	upstream := &w.target.Upstreams[0]
	w.target.Key, upstream.Method, upstream.Path, upstream.Body = testKey, "PUT", "/v1/x?y=1", `{"a":1}`
	w.run(t, Options{})
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
		a := answer{status: 401, body: []byte(test.body)}
		if got := matchesAny([]Signature{{Status: 400}, {Status: 401, JSON: test.fields}}, a); got != test.want {
			t.Errorf("%s against %v: %v", test.body, test.fields, got)
		}
		if matchesAny([]Signature{{Status: 403, JSON: test.fields}}, a) {
			t.Errorf("%s matches another status", test.body)
		}
	}
}
