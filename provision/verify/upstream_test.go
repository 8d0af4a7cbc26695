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

// groq is a second provider, with a path and a refusal of its own.
func groq() Upstream {
	return Upstream{
		ID: "groq", Path: "/openai/v1/chat/completions", Body: "{}", Chat: "/openai/v1/chat/completions", Model: "llama", Auth: "api-key",
		Refused: []Signature{{Status: 403, Type: "text/html"}},
		Blocked: []Signature{{Status: 451}},
	}
}

// both answers for OpenAI at the root and under its name, and for groq under its name alone.
func both(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/v1/chat/completions", "/openai/v1/chat/completions":
		says(401, refusal)(w, r)
	case "/groq/openai/v1/chat/completions":
		says(403, "<p>no key", "Content-Type", "text/html; charset=utf-8")(w, r)
	default:
		says(404, "{}")(w, r)
	}
}

// codesOf lists what was found after the way: "provider:ID:code".
func codesOf(r Report) []string {
	var codes []string
	for _, result := range r.Results[4:] {
		codes = append(codes, result.Probe+":"+result.Provider+":"+result.Code)
	}
	return codes
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	at := func(u Upstream, place Place) Upstream { u.Place = place; return u }
	tests := map[string]struct {
		chosen []Upstream
		known  []Upstream
		want   []string
	}{
		"as listed":           {[]Upstream{openAI(), groq()}, nil, []string{"provider:openai:provider-recognised", "provider:groq:provider-recognised"}},
		"as listed, one":      {[]Upstream{groq()}, nil, []string{"provider:groq:provider-recognised"}},
		"as configured":       {[]Upstream{at(openAI(), PlaceRoot), at(groq(), PlacePrefix)}, nil, []string{"provider:openai:provider-recognised", "provider:groq:provider-recognised"}},
		"wrongly configured":  {[]Upstream{at(groq(), PlaceRoot)}, nil, []string{"provider:groq:provider-unexpected"}},
		"the first's prefix":  {[]Upstream{at(openAI(), PlacePrefix)}, nil, []string{"provider:openai:provider-recognised"}},
		"nobody chose":        {nil, []Upstream{groq(), openAI()}, []string{"provider:openai:provider-recognised", "provider:groq:provider-recognised"}},
		"nobody knows":        {nil, []Upstream{openAI()}, []string{"provider:openai:provider-recognised", "provider:groq:provider-unknown"}},
		"the Worker has not":  {[]Upstream{{ID: "x", Path: "/v1"}}, nil, []string{"provider:x:provider-absent"}},
		"unless told another": {[]Upstream{{ID: "x", Path: "/v1/chat/completions", Place: PlaceRoot, Refused: []Signature{{Status: 401}}}}, nil, []string{"provider:x:provider-recognised"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, relay{testBuild, both})
			w.target.Upstreams, w.target.Known = test.chosen, test.known
			if diff := cmp.Diff(test.want, codesOf(w.run(t, Options{}))); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
}

// One provider that fails is no reason to ask the others less, and its failure is waited for even if it is the last.
func TestProvidersDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	var waits atomic.Int32
	w := newWorld(t, relay{testBuild, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.HasPrefix(r.URL.Path, "/groq/"):
			says(403, `{"error":{"code":"unsupported_country_region_territory"}}`)(w, r)
		case waits.Load() == 0:
			w.Header().Del(MarkHeader)
			says(522, "error code: 522")(w, r)
		default:
			both(w, r)
		}
	}})
	w.target.Upstreams = []Upstream{openAI(), groq()}
	var events []Event
	report := w.run(t, Options{Wait: true, Observer: func(e Event) { events = append(events, e); waits.Add(1) }, Sleep: func(context.Context, time.Duration) error { return nil }})
	want := []string{"provider:openai:provider-region-blocked", "provider:groq:provider-recognised"}
	if diff := cmp.Diff(want, codesOf(report)); diff != "" || report.OK() {
		t.Errorf("OK %v, found (-want +got):\n%s", report.OK(), diff)
	}
	if len(events) != 1 || events[0].Failed.Provider != "groq" || events[0].Failed.Code != CodeEdgeRouteMissing {
		t.Errorf("waited for %+v", events)
	}
}

// With nothing listed and nobody chosen, the first known provider is asked at the root, and the curl line says so.
func TestWithoutAList(t *testing.T) {
	t.Parallel()
	target := Target{Host: testHost, Known: []Upstream{openAI(), groq()}}
	report := Run(t.Context(), target, Net{Lookup: answers(), Curl: []string{"--cacert", "ca.pem"}}, Options{})
	checkReport(t, report, target)
	if !strings.HasSuffix(report.Curl, " https://gptapi.example.com/v1/chat/completions") || !strings.HasPrefix(report.Curl, "curl -sS -i --cacert ca.pem ") {
		t.Errorf("curl line: %s", report.Curl)
	}
	if report := Run(t.Context(), Target{Host: testHost}, Net{}, Options{}); report.OK() || report.Results[0].Details["field"] != "upstreams" {
		t.Errorf("%+v", report)
	}
}

// The key goes to the first provider alone, in the header that it wants.
func TestKeyGoesToTheFirst(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	w := newWorld(t, relay{testBuild, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Api-Key") == "" && r.Header.Get("Authorization") == "" {
			both(w, r)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.Path+" "+r.Header.Get("Api-Key")+r.Header.Get("Authorization"))
		completed("blue")(w, r)
	}})
	w.target.Key, w.target.Upstreams = testKey, []Upstream{groq(), openAI()}
	report := w.run(t, Options{})
	const path = "/groq/openai/v1/chat/completions "
	if diff := cmp.Diff([]string{path + testKey, path + testKey}, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if got := find(t, report, ProbeCompletion); got.Code != CodeCompletionAnswered || got.Provider != "groq" {
		t.Errorf("%+v", got)
	}
	w.target.Upstreams[0].Chat = ""
	if got := find(t, w.run(t, Options{}), ProbeCompletion); got.Code != CodeKeyUnsupported || len(asked) != 2 {
		t.Errorf("%+v after %d requests", got, len(asked))
	}
}

const cfpToken = "cfp_0123456789abcdefghij"

func TestManaged(t *testing.T) {
	t.Parallel()
	open := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/chat/completions" {
			w.Header().Set(MarkHeader, testBuild)
			says(200, `{"choices":[]}`)(w, r)
			return
		}
		managed(cfpToken, both)(w, r)
	}
	broken := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/chat/completions" {
			w.Header().Set(MarkHeader, testBuild)
			says(500, `{"type":"error"}`, ErrorHeader, "bad_config")(w, r)
			return
		}
		managed(cfpToken, both)(w, r)
	}
	root, prefix := openAI(), groq()
	root.Place, prefix.Place = PlaceRoot, PlacePrefix
	tests := map[string]struct {
		answer http.HandlerFunc
		chosen []Upstream
		want   []string
	}{
		"as it should be":     {managed(cfpToken, both), []Upstream{root, prefix}, []string{"access:openai:access-refused", "provider:openai:provider-recognised", "provider:groq:provider-recognised"}},
		"at its prefix":       {managed(cfpToken, both), []Upstream{groq()}, []string{"access:groq:access-refused", "provider:groq:provider-recognised"}},
		"provider is down":    {managed(cfpToken, says(503, "")), []Upstream{root}, []string{"access:openai:access-refused", "provider:openai:provider-unavailable"}},
		"strangers let in":    {open, []Upstream{root}, []string{"access:openai:access-open", "provider:openai:provider-recognised"}},
		"the relay is broken": {broken, []Upstream{root}, []string{"access:openai:relay-error", "provider:openai:provider-recognised"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.answer)
			w.target.Upstreams = test.chosen
			report := w.run(t, Options{Wait: true, Sleep: noSleep(t)})
			if diff := cmp.Diff(test.want, codesOf(report)); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			if got := find(t, report, ProbeWorker).Details; got["access"] != "managed" || got["placement"] != "local-HKG" || got["providers"] != "" {
				t.Errorf("the Worker says %v", got)
			}
			if !strings.Contains(report.Curl, " https://"+testHost+keylessPath+"/") {
				t.Errorf("the curl line is not what proves the provider: %s", report.Curl)
			}
		})
	}
}

// Only the Worker's own refusal for want of a token says that strangers are refused.
func TestJudgeAccess(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status           int
		mark, code, want string
	}{
		{401, testBuild, "token_missing", CodeAccessRefused},
		{403, testBuild, "token_missing", CodeRelayError},
		{401, testBuild, "token_unknown", CodeRelayError},
		{401, testBuild, "", CodeAccessOpen},
		{200, testBuild, "", CodeAccessOpen},
		{401, "", "token_missing", CodeWorkerNotOurs},
		{401, "ffffffffffffffff", "token_missing", CodeWorkerOtherBuild},
	} {
		a := answer{status: test.status, header: http.Header{}, body: []byte(refusal)}
		a.header.Set(MarkHeader, test.mark)
		a.header.Set(ErrorHeader, test.code)
		if got := judgeAccess(a, testBuild); got.code != test.want {
			t.Errorf("%+v: %s", test, got.code)
		}
	}
}

// A token goes the way of a key, and what the relay holds against it has a code of its own.
func TestManagedWithAToken(t *testing.T) {
	t.Parallel()
	model := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case r.Header.Get("Authorization") == "":
			both(w, r)
		case strings.Contains(string(body), `"stream":true`):
			sse(chunk+"data: [DONE]\n\n")(w, r)
		default:
			completed("blue")(w, r)
		}
	}
	refusing := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "" {
				both(w, r)
				return
			}
			says(status, fmt.Sprintf(`{"type":"error","error":{"type":"x","message":"(cfproxy: %s)"}}`, code), ErrorHeader, code)(w, r)
		}
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		key    string
		want   string
	}{
		"good":       {model, cfpToken, CodeCompletionAnswered},
		"unknown":    {model, cfpToken + "x", CodeKeyTokenUnknown},
		"no token":   {model, "sk-0123456789", CodeKeyNotToken},
		"expired":    {refusing(401, "token_expired"), cfpToken, CodeKeyTokenExpired},
		"of another": {refusing(403, "token_provider"), cfpToken, CodeKeyTokenProvider},
		"too often":  {refusing(429, "token_rate"), cfpToken, CodeKeyTokenRate},
		"no key":     {refusing(500, "key_missing"), cfpToken, CodeKeyOwnerMissing},
		"other":      {refusing(502, "upstream_unreachable"), cfpToken, CodeRelayError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, managed(cfpToken, test.answer))
			w.target.Key, w.target.Upstreams[0].Place = test.key, PlaceRoot
			w.target.Upstreams[0].Auth = "api-key" // the provider's, of which the relay takes care
			report := w.run(t, Options{Wait: true, Sleep: noSleep(t)})
			if got := find(t, report, ProbeCompletion); got.Code != test.want {
				t.Errorf("%+v, want %s", got, test.want)
			}
			if test.want == CodeKeyTokenRate && !report.OK() {
				t.Error("a token that has to wait is no fault of the relay's")
			}
			if said, _ := json.Marshal(report); strings.Contains(string(said), test.key) {
				t.Errorf("the key is in %s", said)
			}
		})
	}
}

func TestSignatureOfAType(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind, body string
		signature  Signature
		want       bool
	}{
		{"text/html", "<html>", Signature{Status: 401, Type: "text/html"}, true},
		{"text/html; charset=utf-8", "<html>", Signature{Status: 401, Type: "text/html"}, true},
		{"application/json", "{}", Signature{Status: 401, Type: "text/html"}, false},
		{"application/json", "{}", Signature{Status: 401, Type: "application/json"}, true},
		{"application/json", "<html>", Signature{Status: 401, Type: "application/json"}, false},
		{"", "{}", Signature{Status: 401, Type: "application/json"}, false},
	} {
		a := answer{status: 401, header: http.Header{"Content-Type": {test.kind}}, body: []byte(test.body)}
		if got := matchesAny([]Signature{test.signature}, a); got != test.want {
			t.Errorf("%s %s against %+v: %v", test.kind, test.body, test.signature, got)
		}
	}
}
