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

// model plays a provider that wants testKey, and records what it was asked with a key.
type model struct {
	whole, stream http.HandlerFunc

	mu    sync.Mutex
	asked []map[string]any
}

const chunk = `data: {"model":"gpt-4o-mini-2024","choices":[{"delta":{"content":"蓝"}}]}` + "\n\n"

func sse(body string) http.HandlerFunc {
	return says(200, body, "Content-Type", "text/event-stream; charset=utf-8")
}

func completed(content string) http.HandlerFunc {
	body, _ := json.Marshal(map[string]any{"model": "gpt-4o-mini-2024", "choices": []any{map[string]any{
		"finish_reason": "stop", "message": map[string]any{"role": "assistant", "content": content}}}})
	return says(200, string(body), "Content-Type", "application/json")
}

func newModel() *model {
	return &model{whole: completed("蓝色 🌤️"), stream: sse(chunk + chunk + "data: [DONE]\n\n")}
}

func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") == "" {
		says(401, refusal)(w, r)
		return
	}
	var asked map[string]any
	json.NewDecoder(r.Body).Decode(&asked)
	asked["authorization"], asked["path"] = r.Header.Get("Authorization"), r.URL.Path
	m.mu.Lock()
	m.asked = append(m.asked, asked)
	m.mu.Unlock()
	if asked["stream"] == true {
		m.stream(w, r)
	} else {
		m.whole(w, r)
	}
}

func (m *model) world(t *testing.T, options ...worldOption) *world {
	w := newWorld(t, relay{testBuild, m.ServeHTTP}, options...)
	w.target.Key = testKey
	return w
}

func TestPaidRequests(t *testing.T) {
	t.Parallel()
	m := newModel()
	w := m.world(t)
	w.target.Key = "\t" + testKey + "\n" // as a file might hold it
	report := w.run(t, Options{})
	if !report.OK() {
		t.Fatalf("%+v", report)
	}
	message := []any{map[string]any{"role": "user", "content": question}}
	want := []map[string]any{
		{"model": "gpt-4o-mini", "messages": message, "max_completion_tokens": 16.0, "authorization": "Bearer " + testKey, "path": "/v1/chat/completions"},
		{"model": "gpt-4o-mini", "messages": message, "max_completion_tokens": 16.0, "stream": true, "authorization": "Bearer " + testKey, "path": "/v1/chat/completions"},
	}
	if diff := cmp.Diff(want, m.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if w.conns.Load() != 1 {
		t.Errorf("%d connections, want 1", w.conns.Load())
	}
	answered := find(t, report, ProbeCompletion).Details
	delete(answered, "ms")
	if diff := cmp.Diff(map[string]string{"model": "gpt-4o-mini-2024", "answer": "蓝色 🌤\ufe0f", "limit": "max_completion_tokens"}, answered); diff != "" {
		t.Errorf("completion (-want +got):\n%s", diff)
	}
	streamed := find(t, report, ProbeStream).Details
	if streamed["events"] != "2" || streamed["deltas"] != "2" || streamed["model"] != "gpt-4o-mini-2024" || streamed["first_ms"] == "" || streamed["total_ms"] == "" || streamed["delivery"] == "" {
		t.Errorf("stream: %v", streamed)
	}
}

func TestOlderTokenLimit(t *testing.T) {
	t.Parallel()
	m := newModel()
	answered := m.whole
	m.whole = func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		last := m.asked[len(m.asked)-1]
		m.mu.Unlock()
		if last["max_tokens"] == nil {
			says(422, `{"detail":[{"type":"extra_forbidden"}]}`)(w, r)
			return
		}
		answered(w, r)
	}
	report := m.world(t).run(t, Options{})
	if got := find(t, report, ProbeCompletion); got.Code != CodeCompletionAnswered || got.Details["limit"] != "max_tokens" {
		t.Errorf("%+v", got)
	}
	if len(m.asked) != 3 || m.asked[2]["max_tokens"] != 16.0 || m.asked[2]["max_completion_tokens"] != nil {
		t.Errorf("asked %v", m.asked)
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer http.HandlerFunc
		code   string
		asked  int
		want   map[string]string
	}{
		"rejected": {says(401, `{"error":{"type":"invalid_request_error","code":"invalid_api_key"}}`), CodeKeyRejected, 1,
			map[string]string{"status": "401", "error_type": "invalid_request_error", "error_code": "invalid_api_key"}},
		"rejected with 400": {says(400, `{"error":{"code":"invalid_api_key"}}`), CodeKeyRejected, 2, nil},
		"forbidden":         {says(403, "no"), CodeKeyRejected, 1, map[string]string{"status": "403"}},
		"no credit":         {says(429, `{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}`), CodeKeyNoCredit, 1, nil},
		"no balance":        {says(402, `{}`), CodeKeyNoCredit, 1, map[string]string{"status": "402"}},
		"no such model": {says(404, `{"error":{"code":"model_not_found"}}`), CodeModelUnknown, 1,
			map[string]string{"status": "404", "error_code": "model_not_found", "model": "gpt-4o-mini"}},
		"region, by model": {says(403, `{"error":{"code":"unsupported_country_region_territory"}}`), CodeProviderRegionBlocked, 1, nil},
		"busy":             {says(429, `{}`), CodeProviderRateLimited, 2, nil},
		"down":             {says(500, `{}`), CodeProviderUnavailable, 2, nil},
		"relay":            {says(502, `{"error":{"type":"cfproxy_error","code":"x"}}`), CodeRelayError, 1, nil},
		"refused twice":    {says(400, `{"error":{"code":"first"}}`, "Content-Type", "a/b"), CodeCompletionUnexpected, 2, nil},
		"thinking only":    {completed(" "), CodeCompletionEmpty, 2, nil},
		"no choices":       {says(200, `{"choices":[]}`), CodeCompletionUnexpected, 1, nil},
		"html":             {says(200, `<p>hi`, "Content-Type", "text/html"), CodeCompletionUnexpected, 1, map[string]string{"status": "200", "content_type": "text/html", "excerpt": "<p>hi"}},
		"no content":       {says(204, ""), CodeCompletionUnexpected, 1, nil},
		"not ours":         {func(w http.ResponseWriter, r *http.Request) { w.Header().Del(MarkHeader); says(400, "{}")(w, r) }, CodeWorkerNotOurs, 1, nil},
		"past the Worker":  {func(w http.ResponseWriter, r *http.Request) { w.Header().Del(MarkHeader); says(522, "")(w, r) }, CodeEdgeRouteMissing, 1, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel()
			m.whole = test.answer
			got := find(t, m.world(t).run(t, Options{Wait: true, Sleep: noSleep(t)}), ProbeCompletion)
			if got.Code != test.code || len(m.asked) != test.asked {
				t.Fatalf("%+v after %d requests, want %s after %d", got, len(m.asked), test.code, test.asked)
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
		answer http.HandlerFunc
		code   string
		want   map[string]string
	}{
		"one delta":      {sse(chunk + "data: [DONE]\n\n"), CodeStreamAnswered, nil},
		"no last line":   {sse(chunk + "data: [DONE]"), CodeStreamAnswered, nil},
		"CRLF, comments": {sse(": hello\r\nevent: x\r\nid: 1\r\ndata:{\"choices\":[{\"delta\":\r\ndata: {}}]}\r\n\r\ndata: [DONE]\r\n\r\n"), CodeStreamAnswered, nil},
		"no end":         {sse(chunk), CodeStreamIncomplete, map[string]string{"events": "1", "deltas": "1", "reason": "closed"}},
		"no delta":       {sse("data: {}\n\ndata: [DONE]\n\n"), CodeStreamIncomplete, map[string]string{"events": "1", "deltas": "0", "reason": "no-delta"}},
		"nothing":        {sse(""), CodeStreamIncomplete, map[string]string{"events": "0", "deltas": "0", "reason": "closed"}},
		"junk":           {sse("data: \x00\xff\n\n\x1b[2J"), CodeStreamIncomplete, map[string]string{"events": "1", "deltas": "0", "reason": "closed"}},
		"endless":        {sse(strings.Repeat(": keep alive\n", maxPaid/8)), CodeStreamIncomplete, map[string]string{"events": "0", "deltas": "0", "reason": "too-long"}},
		"breaks off": {func(w http.ResponseWriter, r *http.Request) {
			sse(chunk)(w, r)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, CodeStreamIncomplete, map[string]string{"events": "1", "deltas": "1", "reason": "broken"}},
		"error event":   {sse(chunk + `data: {"error":{"type":"server_error","code":"x"}}` + "\n\n"), CodeStreamError, map[string]string{"events": "2", "error_type": "server_error", "error_code": "x"}},
		"whole at once": {completed("蓝"), CodeStreamNotSSE, nil},
		"refused":       {says(400, `{"error":{"code":"no_stream"}}`, "Content-Type", "a/b"), CodeCompletionUnexpected, nil},
		"another build": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(MarkHeader, "ffffffffffffffff")
			sse(chunk+"data: [DONE]\n\n")(w, r)
		}, CodeWorkerOtherBuild, nil},
		"without a mark": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Del(MarkHeader)
			sse(chunk+"data: [DONE]\n\n")(w, r)
		}, CodeWorkerNotOurs, nil},
		"busy": {says(429, ""), CodeProviderRateLimited, nil},
	}
	for name, test := range tests {
		for _, options := range [][]worldOption{nil, {http1}} {
			t.Run(fmt.Sprint(name, len(options)), func(t *testing.T) {
				t.Parallel()
				m := newModel()
				m.stream = test.answer
				got := find(t, m.world(t, options...).run(t, Options{Wait: true, Sleep: noSleep(t)}), ProbeStream)
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

// Each event counts when it comes, not when the body ends: the server sends the second only after the first was read.
func TestStreamIsReadAsItComes(t *testing.T) {
	t.Parallel()
	body, server := io.Pipe()
	seen := make(chan struct{})
	ticks := []time.Duration{1 * time.Second, 2 * time.Second, 3 * time.Second}
	clock := func() time.Duration {
		now := ticks[0]
		ticks = ticks[1:]
		if now == time.Second {
			close(seen)
		}
		return now
	}
	go func() {
		io.WriteString(server, chunk)
		<-seen
		io.WriteString(server, chunk+"data: [DONE]\n\n")
	}()
	ticks = append(ticks, 4*time.Second)
	got := readEvents(body, maxPaid, clock)
	if got.first != time.Second || got.last != 2*time.Second || got.end != 4*time.Second || got.delivery() != "spread" {
		t.Errorf("%+v", got)
	}
}

func TestDelivery(t *testing.T) {
	t.Parallel()
	for want, count := range map[string]tally{
		"single":   {deltas: 1, first: 3, last: 3},
		"together": {deltas: 9, first: time.Second, last: time.Second + together - 1},
		"spread":   {deltas: 9, first: time.Second, last: time.Second + together},
	} {
		if got := count.delivery(); got != want {
			t.Errorf("%+v: %s, want %s", count, got, want)
		}
	}
}

func TestStreamTimeout(t *testing.T) {
	t.Parallel()
	body := io.MultiReader(strings.NewReader(chunk), iotest.ErrReader(context.DeadlineExceeded))
	got := judgeStream(readEvents(body, maxPaid, func() time.Duration { return 0 }), testTarget().Upstreams[0]).result(ProbeStream, nil)
	want := Result{Probe: ProbeStream, Status: Fail, Code: CodeStreamIncomplete, Details: map[string]string{"events": "1", "deltas": "1", "reason": "timeout"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

// A server that echoes the key, whole or cut, must not bring it into the report, nor must any of our own errors.
func TestKeyIsNeverShown(t *testing.T) {
	t.Parallel()
	quoted := strings.ReplaceAll(testKey, "/", `\/`)
	for name, body := range map[string]string{
		"plain":    "you sent " + testKey,
		"in JSON":  fmt.Sprintf(`{"error":{"type":%q,"code":%q}}`, testKey, "x"+testKey),
		"slashed":  quoted,
		"escaped":  "sent sk-test-AbCdEfGhIj%2F%2B%3Dxyz",
		"joined":   testKey[:7] + "\x00" + testKey[7:],
		"at limit": strings.Repeat("\x00", maxBody-10) + testKey,
		"cut":      strings.Repeat("x", maxRunes-8) + testKey,
	} {
		m := newModel()
		m.whole = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/"+testKey)
			says(418, body)(w, r)
		}
		w := m.world(t)
		report := w.run(t, Options{})
		said := fmt.Sprintf("%q", report)
		for _, piece := range []string{testKey, quoted, testKey[:12], "AbCdEfGhIj"} {
			if strings.Contains(said, piece) {
				t.Errorf("%s: %q is in %s", name, piece, said)
			}
		}
		if find(t, report, ProbeCompletion).Code == CodeCompletionAnswered || len(m.asked) == 0 {
			t.Errorf("%s: the key was not sent, so nothing is proved: %s", name, said)
		}
	}
}

func TestMalformedKeyIsNotSent(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"sk-a\r\nX: y", "sk a", "sk-钥匙"} {
		m := newModel()
		w := m.world(t)
		w.target.Key = key
		if got := find(t, w.run(t, Options{}), ProbeCompletion); got.Code != CodeKeyMalformed || len(m.asked) != 0 {
			t.Errorf("%q: %+v after %d requests", key, got, len(m.asked))
		}
	}
}

// No key, no paid probes; and none before the relay has proved itself.
func TestKeyWaitsForProof(t *testing.T) {
	t.Parallel()
	m := newModel()
	w := m.world(t)
	w.target.Key = ""
	if report := w.run(t, Options{}); len(report.Results) != 5 || !report.OK() {
		t.Errorf("%+v", report)
	}
	var sent []string
	w = newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { sent = append(sent, r.Header.Get("Authorization")) }))
	w.target.Key = testKey
	if report := w.run(t, Options{}); report.OK() || len(m.asked) != 0 || slices.ContainsFunc(sent, func(s string) bool { return s != "" }) {
		t.Errorf("%+v after %q", report, sent)
	}
}
