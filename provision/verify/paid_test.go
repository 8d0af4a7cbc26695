package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fakeProvider is a provider that requires a key. It records the requests with one.
type fakeProvider struct {
	complete, stream http.HandlerFunc

	mu       sync.Mutex
	requests []map[string]any
}

const chunk = `data: {"model":"gpt-4o-mini-2024","choices":[{"delta":{"content":"蓝"}}]}` + "\n\n"

func sse(body string) http.HandlerFunc {
	return respond(200, body, "Content-Type", "text/event-stream; charset=utf-8")
}

func completion(content string) http.HandlerFunc {
	body, _ := json.Marshal(map[string]any{"model": "gpt-4o-mini-2024", "choices": []any{map[string]any{
		"finish_reason": "stop", "message": map[string]any{"role": "assistant", "content": content}}}})
	return respond(200, string(body), "Content-Type", "application/json")
}

func newFakeProvider() *fakeProvider {
	return &fakeProvider{complete: completion("蓝色 🌤️"), stream: sse(chunk + chunk + "data: [DONE]\n\n")}
}

func (p *fakeProvider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") == "" {
		respond(401, keylessRefusal)(w, r)
		return
	}
	var fields map[string]any
	json.NewDecoder(r.Body).Decode(&fields)
	fields["authorization"], fields["path"] = r.Header.Get("Authorization"), r.URL.Path
	p.mu.Lock()
	p.requests = append(p.requests, fields)
	p.mu.Unlock()
	if fields["stream"] == true {
		p.stream(w, r)
	} else {
		p.complete(w, r)
	}
}

func (p *fakeProvider) relay(t *testing.T, options ...serverOption) *testRelay {
	relay := newTestRelay(t, fakeWorker{testBuild, p.ServeHTTP}, options...)
	relay.target.Key = testKey
	return relay
}

func TestPaidRequests(t *testing.T) {
	t.Parallel()
	p := newFakeProvider()
	relay := p.relay(t)
	relay.target.Key = "\t" + testKey + "\n" // as read from a file
	report := relay.run(t, Options{})
	if !report.OK() {
		t.Fatalf("%+v", report)
	}
	message := []any{map[string]any{"role": "user", "content": question}}
	want := []map[string]any{
		{"model": "gpt-4o-mini", "messages": message, "max_completion_tokens": 16.0, "authorization": "Bearer " + testKey, "path": "/v1/chat/completions"},
		{"model": "gpt-4o-mini", "messages": message, "max_completion_tokens": 16.0, "stream": true, "authorization": "Bearer " + testKey, "path": "/v1/chat/completions"},
	}
	if diff := cmp.Diff(want, p.requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if relay.conns.Load() != 1 {
		t.Errorf("%d connections, want 1", relay.conns.Load())
	}
	completed := findResult(t, report, ProbeCompletion).Details
	delete(completed, "ms")
	if diff := cmp.Diff(map[string]string{"model": "gpt-4o-mini-2024", "answer": "蓝色 🌤\ufe0f", "limit": "max_completion_tokens"}, completed); diff != "" {
		t.Errorf("completion (-want +got):\n%s", diff)
	}
	streamed := findResult(t, report, ProbeStream).Details
	if streamed["events"] != "2" || streamed["deltas"] != "2" || streamed["model"] != "gpt-4o-mini-2024" || streamed["first_ms"] == "" || streamed["total_ms"] == "" || streamed["delivery"] == "" {
		t.Errorf("stream: %v", streamed)
	}
}

func TestTokenLimitFallback(t *testing.T) {
	t.Parallel()
	p := newFakeProvider()
	complete := p.complete
	p.complete = func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		last := p.requests[len(p.requests)-1]
		p.mu.Unlock()
		if last["max_tokens"] == nil {
			respond(422, `{"detail":[{"type":"extra_forbidden"}]}`)(w, r)
			return
		}
		complete(w, r)
	}
	report := p.relay(t).run(t, Options{})
	if got := findResult(t, report, ProbeCompletion); got.Code != CodeCompletionAnswered || got.Details["limit"] != "max_tokens" {
		t.Errorf("%+v", got)
	}
	if len(p.requests) != 3 || p.requests[2]["max_tokens"] != 16.0 || p.requests[2]["max_completion_tokens"] != nil {
		t.Errorf("requests: %v", p.requests)
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handler  http.HandlerFunc
		code     string
		requests int
		want     map[string]string
	}{
		"rejected": {respond(401, `{"error":{"type":"invalid_request_error","code":"invalid_api_key"}}`), CodeKeyRejected, 1,
			map[string]string{"status": "401", "error_type": "invalid_request_error", "error_code": "invalid_api_key"}},
		"rejected with 400": {respond(400, `{"error":{"code":"invalid_api_key"}}`), CodeKeyRejected, 2, nil},
		"forbidden":         {respond(403, "no"), CodeKeyRejected, 1, map[string]string{"status": "403"}},
		"no credit":         {respond(429, `{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}`), CodeKeyNoCredit, 1, nil},
		"no balance":        {respond(402, `{}`), CodeKeyNoCredit, 1, map[string]string{"status": "402"}},
		"no such model": {respond(404, `{"error":{"code":"model_not_found"}}`), CodeModelUnknown, 1,
			map[string]string{"status": "404", "error_code": "model_not_found", "model": "gpt-4o-mini"}},
		"region, by model":  {respond(403, `{"error":{"code":"unsupported_country_region_territory"}}`), CodeProviderRegionBlocked, 1, nil},
		"busy":              {respond(429, `{}`), CodeProviderRateLimited, 2, nil},
		"down":              {respond(500, `{}`), CodeProviderUnavailable, 2, nil},
		"relay":             {respond(502, `{"error":{"type":"cfproxy_error","code":"x"}}`), CodeRelayError, 1, nil},
		"rejected twice":    {respond(400, `{"error":{"code":"first"}}`, "Content-Type", "a/b"), CodeCompletionUnexpected, 2, nil},
		"reasoning only":    {completion(" "), CodeCompletionEmpty, 2, nil},
		"no choices":        {respond(200, `{"choices":[]}`), CodeCompletionUnexpected, 1, nil},
		"html":              {respond(200, `<p>hi`, "Content-Type", "text/html"), CodeCompletionUnexpected, 1, map[string]string{"status": "200", "content_type": "text/html", "excerpt": "<p>hi"}},
		"no content":        {respond(204, ""), CodeCompletionUnexpected, 1, nil},
		"not ours":          {func(w http.ResponseWriter, r *http.Request) { w.Header().Del(BuildHeader); respond(400, "{}")(w, r) }, CodeWorkerNotOurs, 1, nil},
		"not by the Worker": {func(w http.ResponseWriter, r *http.Request) { w.Header().Del(BuildHeader); respond(522, "")(w, r) }, CodeEdgeRouteMissing, 1, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newFakeProvider()
			p.complete = test.handler
			got := findResult(t, p.relay(t).run(t, Options{Wait: true, Sleep: noSleep(t)}), ProbeCompletion)
			if got.Code != test.code || len(p.requests) != test.requests {
				t.Fatalf("%+v after %d requests, want %s after %d", got, len(p.requests), test.code, test.requests)
			}
			if diff := cmp.Diff(test.want, got.Details); test.want != nil && diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handler http.HandlerFunc
		code    string
		want    map[string]string
	}{
		"one delta":                {sse(chunk + "data: [DONE]\n\n"), CodeStreamAnswered, nil},
		"no blank line at the end": {sse(chunk + "data: [DONE]"), CodeStreamAnswered, nil},
		"CRLF, comments":           {sse(": hello\r\nevent: x\r\nid: 1\r\ndata:{\"choices\":[{\"delta\":\r\ndata: {}}]}\r\n\r\ndata: [DONE]\r\n\r\n"), CodeStreamAnswered, nil},
		"no end":                   {sse(chunk), CodeStreamIncomplete, map[string]string{"events": "1", "deltas": "1", "reason": "closed"}},
		"no delta":                 {sse("data: {}\n\ndata: [DONE]\n\n"), CodeStreamIncomplete, map[string]string{"events": "1", "deltas": "0", "reason": "no-delta"}},
		"nothing":                  {sse(""), CodeStreamIncomplete, map[string]string{"events": "0", "deltas": "0", "reason": "closed"}},
		"junk":                     {sse("data: \x00\xff\n\n\x1b[2J"), CodeStreamIncomplete, map[string]string{"events": "1", "deltas": "0", "reason": "closed"}},
		"endless":                  {sse(strings.Repeat(": keep alive\n", maxPaidBody/8)), CodeStreamIncomplete, map[string]string{"events": "0", "deltas": "0", "reason": "too-long"}},
		"connection closed": {func(w http.ResponseWriter, r *http.Request) {
			sse(chunk)(w, r)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, CodeStreamIncomplete, map[string]string{"events": "1", "deltas": "1", "reason": "broken"}},
		"error event":  {sse(chunk + `data: {"error":{"type":"server_error","code":"x"}}` + "\n\n"), CodeStreamError, map[string]string{"events": "2", "error_type": "server_error", "error_code": "x"}},
		"not a stream": {completion("蓝"), CodeStreamNotSSE, nil},
		"rejected":     {respond(400, `{"error":{"code":"no_stream"}}`, "Content-Type", "a/b"), CodeCompletionUnexpected, nil},
		"another build": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(BuildHeader, "ffffffffffffffff")
			sse(chunk+"data: [DONE]\n\n")(w, r)
		}, CodeWorkerOtherBuild, nil},
		"without a build": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Del(BuildHeader)
			sse(chunk+"data: [DONE]\n\n")(w, r)
		}, CodeWorkerNotOurs, nil},
		"busy": {respond(429, ""), CodeProviderRateLimited, nil},
	}
	for name, test := range tests {
		for _, options := range [][]serverOption{nil, {http1}} {
			t.Run(fmt.Sprint(name, len(options)), func(t *testing.T) {
				t.Parallel()
				p := newFakeProvider()
				p.stream = test.handler
				got := findResult(t, p.relay(t, options...).run(t, Options{Wait: true, Sleep: noSleep(t)}), ProbeStream)
				if got.Code != test.code {
					t.Fatalf("%+v, want %s", got, test.code)
				}
				if diff := cmp.Diff(test.want, got.Details); test.want != nil && diff != "" {
					t.Errorf("details (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// Events are counted when they arrive: the server sends the second one only after the first was read.
func TestStreamIsReadIncrementally(t *testing.T) {
	t.Parallel()
	body, server := io.Pipe()
	received := make(chan struct{})
	ticks := []time.Duration{1 * time.Second, 2 * time.Second, 3 * time.Second}
	clock := func() time.Duration {
		now := ticks[0]
		ticks = ticks[1:]
		if now == time.Second {
			close(received)
		}
		return now
	}
	go func() {
		io.WriteString(server, chunk)
		<-received
		io.WriteString(server, chunk+"data: [DONE]\n\n")
	}()
	ticks = append(ticks, 4*time.Second)
	got := readEvents(body, clock)
	if got.firstDelta != time.Second || got.lastDelta != 2*time.Second || got.end != 4*time.Second || got.delivery() != "spread" {
		t.Errorf("%+v", got)
	}
}

func TestDelivery(t *testing.T) {
	t.Parallel()
	for want, stats := range map[string]streamStats{
		"single":   {deltas: 1, firstDelta: 3, lastDelta: 3},
		"together": {deltas: 9, firstDelta: time.Second, lastDelta: time.Second + burstWindow - 1},
		"spread":   {deltas: 9, firstDelta: time.Second, lastDelta: time.Second + burstWindow},
	} {
		if got := stats.delivery(); got != want {
			t.Errorf("%+v: %s, want %s", stats, got, want)
		}
	}
}

func TestStreamTimeout(t *testing.T) {
	t.Parallel()
	body := io.MultiReader(strings.NewReader(chunk), iotest.ErrReader(context.DeadlineExceeded))
	got := classifyStream(readEvents(body, func() time.Duration { return 0 }), testTarget().Upstreams[0])
	want := Result{Code: CodeStreamIncomplete, Details: map[string]string{"events": "1", "deltas": "1", "reason": "timeout"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

// The report must not contain the key, even if the server echoes it, whole or cut off.
func TestReportRedactsKey(t *testing.T) {
	t.Parallel()
	quoted := strings.ReplaceAll(testKey, "/", `\/`)
	for name, body := range map[string]string{
		"plain":    "you sent " + testKey,
		"in JSON":  fmt.Sprintf(`{"error":{"type":%q,"code":%q}}`, testKey, "x"+testKey),
		"slashed":  quoted,
		"escaped":  "sent sk-test-AbCdEfGhIj%2F%2B%3Dxyz",
		"with NUL": testKey[:7] + "\x00" + testKey[7:],
		"at limit": strings.Repeat("\x00", maxBody-10) + testKey,
		"cut":      strings.Repeat("x", maxRunes-8) + testKey,
	} {
		p := newFakeProvider()
		p.complete = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/"+testKey)
			respond(418, body)(w, r)
		}
		relay := p.relay(t)
		report := relay.run(t, Options{})
		text := fmt.Sprintf("%q", report)
		for _, piece := range []string{testKey, quoted, testKey[:12], "AbCdEfGhIj"} {
			if strings.Contains(text, piece) {
				t.Errorf("%s: %q is in %s", name, piece, text)
			}
		}
		if findResult(t, report, ProbeCompletion).Code == CodeCompletionAnswered || len(p.requests) == 0 {
			t.Errorf("%s: the key was not sent, so the test checks nothing: %s", name, text)
		}
	}
}

func TestMalformedKeyIsNotSent(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"sk-a\r\nX: y", "sk a", "sk-钥匙"} {
		p := newFakeProvider()
		relay := p.relay(t)
		relay.target.Key = key
		if got := findResult(t, relay.run(t, Options{}), ProbeCompletion); got.Code != CodeKeyMalformed || len(p.requests) != 0 {
			t.Errorf("%q: %+v after %d requests", key, got, len(p.requests))
		}
	}
}

// The paid probes run only with a key, and the key is sent only after the other probes have passed.
func TestKeyNeedsPassingRelay(t *testing.T) {
	t.Parallel()
	p := newFakeProvider()
	relay := p.relay(t)
	relay.target.Key = ""
	if report := relay.run(t, Options{}); len(report.Results) != 5 || !report.OK() {
		t.Errorf("%+v", report)
	}
	var sent []string
	relay = newTestRelay(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { sent = append(sent, r.Header.Get("Authorization")) }))
	relay.target.Key = testKey
	if report := relay.run(t, Options{}); report.OK() || len(p.requests) != 0 || slices.ContainsFunc(sent, func(s string) bool { return s != "" }) {
		t.Errorf("%+v after %q", report, sent)
	}
}
