package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// groq returns a second provider with another path and another refusal.
func groq() Upstream {
	return Upstream{
		ID: "groq", Path: "/openai/v1/chat/completions", Body: "{}", ChatPath: "/openai/v1/chat/completions", Model: "llama", AuthHeader: "api-key",
		Refusals:     []Signature{{Status: 403, Type: "text/html"}},
		RegionBlocks: []Signature{{Status: 451}},
	}
}

// twoProviders responds for OpenAI at the root and below its ID, and for Groq below its ID only.
func twoProviders(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/v1/chat/completions", "/openai/v1/chat/completions":
		respond(401, keylessRefusal)(w, r)
	case "/groq/openai/v1/chat/completions":
		respond(403, "<p>no key", "Content-Type", "text/html; charset=utf-8")(w, r)
	default:
		respond(404, "{}")(w, r)
	}
}

// providerResults returns the results after the chain as "probe:ID:code".
func providerResults(r Report) []string {
	var codes []string
	for _, result := range r.Results[4:] {
		codes = append(codes, result.Probe+":"+result.Provider+":"+result.Code)
	}
	return codes
}

func TestUpstreamPlaces(t *testing.T) {
	t.Parallel()
	withPlace := func(u Upstream, place Place) Upstream { u.Place = place; return u }
	tests := map[string]struct {
		upstreams []Upstream
		known     []Upstream
		want      []string
	}{
		"as listed":                   {[]Upstream{openAI(), groq()}, nil, []string{"provider:openai:provider-recognised", "provider:groq:provider-recognised"}},
		"one as listed":               {[]Upstream{groq()}, nil, []string{"provider:groq:provider-recognised"}},
		"as configured":               {[]Upstream{withPlace(openAI(), PlaceRoot), withPlace(groq(), PlacePrefix)}, nil, []string{"provider:openai:provider-recognised", "provider:groq:provider-recognised"}},
		"wrongly configured":          {[]Upstream{withPlace(groq(), PlaceRoot)}, nil, []string{"provider:groq:provider-unexpected"}},
		"prefix of the first":         {[]Upstream{withPlace(openAI(), PlacePrefix)}, nil, []string{"provider:openai:provider-recognised"}},
		"none configured":             {nil, []Upstream{groq(), openAI()}, []string{"provider:openai:provider-recognised", "provider:groq:provider-recognised"}},
		"unknown provider":            {nil, []Upstream{openAI()}, []string{"provider:openai:provider-recognised", "provider:groq:provider-unknown"}},
		"not listed":                  {[]Upstream{{ID: "x", Path: "/v1"}}, nil, []string{"provider:x:provider-absent"}},
		"not listed but with a place": {[]Upstream{{ID: "x", Path: "/v1/chat/completions", Place: PlaceRoot, Refusals: []Signature{{Status: 401}}}}, nil, []string{"provider:x:provider-recognised"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := newTestRelay(t, fakeWorker{testBuild, twoProviders})
			relay.target.Upstreams, relay.target.Known = test.upstreams, test.known
			if diff := cmp.Diff(test.want, providerResults(relay.run(t, Options{}))); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
}

// A provider that fails does not prevent the others from being probed, and a transient failure of any of them is retried.
func TestProvidersAreIndependent(t *testing.T) {
	t.Parallel()
	var waits atomic.Int32
	relay := newTestRelay(t, fakeWorker{testBuild, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.HasPrefix(r.URL.Path, "/groq/"):
			respond(403, `{"error":{"code":"unsupported_country_region_territory"}}`)(w, r)
		case waits.Load() == 0:
			w.Header().Del(BuildHeader)
			respond(522, "error code: 522")(w, r)
		default:
			twoProviders(w, r)
		}
	}})
	relay.target.Upstreams = []Upstream{openAI(), groq()}
	var events []Event
	report := relay.run(t, Options{Wait: true, OnWait: func(e Event) { events = append(events, e); waits.Add(1) }, Sleep: func(context.Context, time.Duration) error { return nil }})
	want := []string{"provider:openai:provider-region-blocked", "provider:groq:provider-recognised"}
	if diff := cmp.Diff(want, providerResults(report)); diff != "" || report.OK() {
		t.Errorf("OK %v, found (-want +got):\n%s", report.OK(), diff)
	}
	if len(events) != 1 || events[0].Failed.Provider != "groq" || events[0].Failed.Code != CodeEdgeRouteMissing {
		t.Errorf("waited for %+v", events)
	}
}

// Without listed or configured providers, the first known one is probed at the root, also in the curl command.
func TestNoProvidersListed(t *testing.T) {
	t.Parallel()
	target := Target{Host: testHost, Known: []Upstream{openAI(), groq()}}
	report := Run(t.Context(), target, Net{Lookup: resolveTo(), CurlArgs: []string{"--cacert", "ca.pem"}}, Options{})
	checkReport(t, report, target)
	if !strings.HasSuffix(report.Curl, " https://gptapi.example.com/v1/chat/completions") || !strings.HasPrefix(report.Curl, "curl -sS -i --cacert ca.pem ") {
		t.Errorf("curl line: %s", report.Curl)
	}
	if report := Run(t.Context(), Target{Host: testHost}, Net{}, Options{}); report.OK() || report.Results[0].Details["field"] != "upstreams" {
		t.Errorf("%+v", report)
	}
}

// The key is sent to the first provider only, in the header that it expects.
func TestKeyIsSentToFirstProvider(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var requests []string
	relay := newTestRelay(t, fakeWorker{testBuild, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Api-Key") == "" && r.Header.Get("Authorization") == "" {
			twoProviders(w, r)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		requests = append(requests, r.URL.Path+" "+r.Header.Get("Api-Key")+r.Header.Get("Authorization"))
		completion("blue")(w, r)
	}})
	relay.target.Key, relay.target.Upstreams = testKey, []Upstream{groq(), openAI()}
	report := relay.run(t, Options{})
	const path = "/groq/openai/v1/chat/completions "
	if diff := cmp.Diff([]string{path + testKey, path + testKey}, requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if got := findResult(t, report, ProbeCompletion); got.Code != CodeCompletionAnswered || got.Provider != "groq" {
		t.Errorf("%+v", got)
	}
	relay.target.Upstreams[0].ChatPath = ""
	if got := findResult(t, relay.run(t, Options{}), ProbeCompletion); got.Code != CodeKeyUnsupported || len(requests) != 2 {
		t.Errorf("%+v after %d requests", got, len(requests))
	}
}

const cfpToken = "cfp_0123456789abcdefghij"

func TestManaged(t *testing.T) {
	t.Parallel()
	open := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/chat/completions" {
			w.Header().Set(BuildHeader, testBuild)
			respond(200, `{"choices":[]}`)(w, r)
			return
		}
		managedWorker(cfpToken, twoProviders)(w, r)
	}
	broken := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/chat/completions" {
			w.Header().Set(BuildHeader, testBuild)
			respond(500, `{"type":"error"}`, ErrorHeader, "bad_config")(w, r)
			return
		}
		managedWorker(cfpToken, twoProviders)(w, r)
	}
	root, prefix := openAI(), groq()
	root.Place, prefix.Place = PlaceRoot, PlacePrefix
	tests := map[string]struct {
		handler   http.HandlerFunc
		upstreams []Upstream
		want      []string
	}{
		"correct":             {managedWorker(cfpToken, twoProviders), []Upstream{root, prefix}, []string{"access:openai:access-refused", "provider:openai:provider-recognised", "provider:groq:provider-recognised"}},
		"at its prefix":       {managedWorker(cfpToken, twoProviders), []Upstream{groq()}, []string{"access:groq:access-refused", "provider:groq:provider-recognised"}},
		"provider is down":    {managedWorker(cfpToken, respond(503, "")), []Upstream{root}, []string{"access:openai:access-refused", "provider:openai:provider-unavailable"}},
		"open":                {open, []Upstream{root}, []string{"access:openai:access-open", "provider:openai:provider-recognised"}},
		"error of the Worker": {broken, []Upstream{root}, []string{"access:openai:relay-error", "provider:openai:provider-recognised"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := newTestRelay(t, test.handler)
			relay.target.Upstreams = test.upstreams
			report := relay.run(t, Options{Wait: true, Sleep: noSleep(t)})
			if diff := cmp.Diff(test.want, providerResults(report)); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			if got := findResult(t, report, ProbeWorker).Details; got["access"] != "managed" || got["placement"] != "local-HKG" || got["providers"] != "" {
				t.Errorf("health response: %v", got)
			}
			if !strings.Contains(report.Curl, " https://"+testHost+keylessPrefix+"/") {
				t.Errorf("curl does not use the keyless path: %s", report.Curl)
			}
		})
	}
}

// Only the Worker's own error about a missing token passes.
func TestClassifyAccess(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status            int
		build, code, want string
	}{
		{401, testBuild, "token_missing", CodeAccessRefused},
		{403, testBuild, "token_missing", CodeRelayError},
		{401, testBuild, "token_unknown", CodeRelayError},
		{401, testBuild, "", CodeAccessOpen},
		{200, testBuild, "", CodeAccessOpen},
		{401, "", "token_missing", CodeWorkerNotOurs},
		{401, "ffffffffffffffff", "token_missing", CodeWorkerOtherBuild},
	} {
		r := response{status: test.status, header: http.Header{}, body: []byte(keylessRefusal)}
		r.header.Set(BuildHeader, test.build)
		r.header.Set(ErrorHeader, test.code)
		if got := classifyAccess(r, testBuild); got.Code != test.want {
			t.Errorf("%+v: %s", test, got.Code)
		}
	}
}

// A token is sent as a key would be, and each of the Worker's errors about it has a code.
func TestManagedWithToken(t *testing.T) {
	t.Parallel()
	chat := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case r.Header.Get("Authorization") == "":
			twoProviders(w, r)
		case strings.Contains(string(body), `"stream":true`):
			sse(chunk+"data: [DONE]\n\n")(w, r)
		default:
			completion("blue")(w, r)
		}
	}
	refusing := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "" {
				twoProviders(w, r)
				return
			}
			respond(status, fmt.Sprintf(`{"type":"error","error":{"type":"x","message":"(cfproxy: %s)"}}`, code), ErrorHeader, code)(w, r)
		}
	}
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		key     string
		want    string
	}{
		"good":           {chat, cfpToken, CodeCompletionAnswered},
		"unknown":        {chat, cfpToken + "x", CodeKeyTokenUnknown},
		"no token":       {chat, "sk-0123456789", CodeKeyNotToken},
		"expired":        {refusing(401, "token_expired"), cfpToken, CodeKeyTokenExpired},
		"other provider": {refusing(403, "token_provider"), cfpToken, CodeKeyTokenProvider},
		"rate limited":   {refusing(429, "token_rate"), cfpToken, CodeKeyTokenRate},
		"no key":         {refusing(500, "key_missing"), cfpToken, CodeKeyOwnerMissing},
		"other":          {refusing(502, "upstream_unreachable"), cfpToken, CodeRelayError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := newTestRelay(t, managedWorker(cfpToken, test.handler))
			relay.target.Key, relay.target.Upstreams[0].Place = test.key, PlaceRoot
			relay.target.Upstreams[0].AuthHeader = "api-key" // the provider's own header; not used with managed access
			report := relay.run(t, Options{Wait: true, Sleep: noSleep(t)})
			if got := findResult(t, report, ProbeCompletion); got.Code != test.want {
				t.Errorf("%+v, want %s", got, test.want)
			}
			if test.want == CodeKeyTokenRate && !report.OK() {
				t.Error("a rate limited token is a failure")
			}
			if text, _ := json.Marshal(report); strings.Contains(string(text), test.key) {
				t.Errorf("the key is in %s", text)
			}
		})
	}
}

func TestSignatureType(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		mediaType, body string
		signature       Signature
		want            bool
	}{
		{"text/html", "<html>", Signature{Status: 401, Type: "text/html"}, true},
		{"text/html; charset=utf-8", "<html>", Signature{Status: 401, Type: "text/html"}, true},
		{"application/json", "{}", Signature{Status: 401, Type: "text/html"}, false},
		{"application/json", "{}", Signature{Status: 401, Type: "application/json"}, true},
		{"application/json", "<html>", Signature{Status: 401, Type: "application/json"}, false},
		{"", "{}", Signature{Status: 401, Type: "application/json"}, false},
	} {
		r := response{status: 401, header: http.Header{"Content-Type": {test.mediaType}}, body: []byte(test.body)}
		if got := matchesAny([]Signature{test.signature}, r); got != test.want {
			t.Errorf("%s %s against %+v: %v", test.mediaType, test.body, test.signature, got)
		}
	}
}
