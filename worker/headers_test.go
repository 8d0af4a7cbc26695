package worker_test

import (
	"maps"
	"net/http"
	"testing"

	"github.com/cfproxy/cfproxy/worker"
	"github.com/google/go-cmp/cmp"
)

// forwardedHeaders reach the upstream unchanged.
var forwardedHeaders = http.Header{
	"Authorization":                {"Bearer sk-0123"},
	"X-Api-Key":                    {"sk-ant-0123"},
	"Api-Key":                      {"0123"},
	"X-Goog-Api-Key":               {"AIza0123"},
	"Content-Type":                 {"application/json; charset=utf-8"},
	"Content-Encoding":             {"x-own"},
	"Content-Language":             {"zh-CN"},
	"Accept":                       {"text/event-stream"},
	"Accept-Encoding":              {"gzip, br, zstd"},
	"Accept-Language":              {"zh-CN,zh;q=0.9"},
	"User-Agent":                   {"OpenAI/Python 2.1.0"},
	"Idempotency-Key":              {"stainless-retry-1"},
	"Openai-Organization":          {"org-1"},
	"Openai-Project":               {"proj_1"},
	"Openai-Beta":                  {"assistants=v2, realtime=v1"},
	"Anthropic-Version":            {"2023-06-01"},
	"Anthropic-Beta":               {"a-1,b-2"},
	"X-Stainless-Lang":             {"python"},
	"X-Stainless-Retry-Count":      {"0"},
	"X-Request-Id":                 {"r-1"},
	"X-Client-Request-Id":          {"r-2"},
	"X-Forward":                    {"not in the family"},
	"X-Real-Ip-Not":                {"nor this"},
	"Cfg":                          {"nor this"},
	"Secret":                       {"nor this"},
	"Sec":                          {"nor this"},
	"Cookie-Policy":                {"nor this"},
	"Range":                        {"bytes=0-1"},
	"If-None-Match":                {`"v1"`},
	"Cache-Control":                {"no-cache"},
	"Pragma":                       {"no-cache"},
	"Traceparent":                  {"00-0-0-01"},
	"Http-Referer":                 {"https://app.example"},
	"X-Title":                      {"my app"},
	"Sec-Websocket-Protocol":       {"not an upgrade"},
	"Access-Control-Allow-Origin":  {"unusual"},
	"X-Latin":                      {"caf\xc3\xa9"},
	"Priority":                     {"u=1, i"},
	"Dnt":                          {"1"},
	"Helicone-Auth":                {"Bearer x"},
	"X-Cfproxy":                    {"the caller's own"},
	"Access-Control-Request-Hello": {"x"},
}

// strippedHeaders identify the caller or its browser, or apply to one connection only.
var strippedHeaders = http.Header{
	"Cf-Connecting-Ip":                 {"203.0.113.7"},
	"Cf-Connecting-Ipv6":               {"2001:db8::7"},
	"Cf-Pseudo-Ipv4":                   {"240.0.0.1"},
	"Cf-Ipcountry":                     {"NL"},
	"Cf-Ipcity":                        {"Amsterdam"},
	"Cf-Ray":                           {"8c1-AMS"},
	"Cf-Visitor":                       {`{"scheme":"https"}`},
	"Cf-Ew-Via":                        {"15"},
	"Cf-Worker":                        {"example.com"},
	"Cf-Whatever-Comes-Next":           {"x"},
	"Cdn-Loop":                         {"cloudflare; loops=1"},
	"X-Forwarded-For":                  {"203.0.113.7"},
	"X-Forwarded-Host":                 {"relay.example"},
	"X-Forwarded-Proto":                {"https"},
	"X-Forwarded-Ssl":                  {"on"},
	"X-Real-Ip":                        {"203.0.113.7"},
	"X-Client-Ip":                      {"203.0.113.7"},
	"True-Client-Ip":                   {"203.0.113.7"},
	"Forwarded":                        {"for=203.0.113.7"},
	"Via":                              {"1.1 proxy"},
	"Cookie":                           {"session=1"},
	"Origin":                           {"https://app.example"},
	"Referer":                          {"https://app.example/page"},
	"Sec-Fetch-Mode":                   {"cors"},
	"Sec-Fetch-Site":                   {"cross-site"},
	"Sec-Ch-Ua":                        {`"Chromium";v="140"`},
	"Sec-Ch-Ua-Platform":               {`"Linux"`},
	"Sec-Gpc":                          {"1"},
	"Keep-Alive":                       {"timeout=5"},
	"Proxy-Authorization":              {"Basic eDp5"},
	"Proxy-Connection":                 {"keep-alive"},
	"Te":                               {"trailers"},
	"Upgrade":                          {"h2c"},
	"Connection":                       {"X-Named, keep-alive, authorization, Content-Type, Http2-Settings, b@d"},
	"X-Named":                          {"for this connection only"},
	"Http2-Settings":                   {"AAMAAABkAAQAAP__"},
	"Sec-Websocket":                    {"not a handshake header"},
	"Sec-Private-State-Token":          {"x"},
	"Sec-Purpose":                      {"prefetch"},
	"X-Forwarded-Whatever-Else-Exists": {"x"},
}

func TestRequestHeaders(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	received := make(chan http.Header, 1)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) { received <- r.Header })
	request := newRequest(t, "GET", h.relayURL(path), nil)
	for _, headers := range []http.Header{forwardedHeaders, strippedHeaders} {
		maps.Copy(request.Header, headers)
	}
	do(t, request)
	if diff := cmp.Diff(forwardedHeaders, receive(t, received, "the upstream")); diff != "" {
		t.Errorf("headers at the upstream (-want +got):\n%s", diff)
	}
}

func TestRepeatedHeaders(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	received := make(chan http.Header, 1)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Link", "<a>")
		w.Header().Add("Link", "<b>")
		received <- r.Header
	})
	response, _ := do(t, newRequest(t, "GET", h.relayURL(path), nil, "Openai-Beta", "a", "Openai-Beta", "b"))
	got := receive(t, received, "the upstream")
	if beta := got.Values("Openai-Beta"); !cmp.Equal(beta, []string{"a, b"}) && !cmp.Equal(beta, []string{"a", "b"}) {
		t.Errorf("arrived as %q", beta)
	}
	if link := response.Header.Values("Link"); !cmp.Equal(link, []string{"<a>, <b>"}) && !cmp.Equal(link, []string{"<a>", "<b>"}) {
		t.Errorf("returned as %q", link)
	}
}

func TestHostIsReplaced(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	received := make(chan string, 1)
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) { received <- r.Host })
	request := newRequest(t, "GET", h.relayURL(path), nil)
	request.Host = "gptapi.example.com"
	do(t, request)
	if got := receive(t, received, "the upstream"); got != "api.openai.com" {
		t.Errorf("Host is %q", got)
	}
}

func TestResponseHeaders(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	want := http.Header{
		"Content-Type":                   {"application/json"},
		"Content-Length":                 {"2"},
		"Date":                           {"Mon, 01 Jun 2026 00:00:00 GMT"},
		"Server":                         {"upstream"},
		"Cache-Control":                  {"private, max-age=0"},
		"Etag":                           {`W/"1"`},
		"Vary":                           {"Accept-Encoding"},
		"X-Request-Id":                   {"req_1"},
		"Openai-Processing-Ms":           {"12"},
		"Openai-Version":                 {"2020-10-01"},
		"X-Ratelimit-Limit-Requests":     {"5000"},
		"X-Ratelimit-Remaining-Requests": {"4999"},
		"X-Ratelimit-Reset-Requests":     {"12ms"},
		"Anthropic-Organization-Id":      {"org"},
		"Cf-Ray":                         {"8c1-SJC"},
		"X-Content-Type-Options":         {"nosniff"},
		"Www-Authenticate":               {`Bearer realm="x"`},
	}
	dropped := http.Header{
		"Set-Cookie":                           {"__cf_bm=1; Path=/; Domain=api.openai.com", "b=2"},
		"Strict-Transport-Security":            {"max-age=31536000; includeSubDomains; preload"},
		"Alt-Svc":                              {`h3=":443"`},
		"Access-Control-Allow-Origin":          {"https://platform.example"},
		"Access-Control-Allow-Credentials":     {"true"},
		"Access-Control-Allow-Methods":         {"GET"},
		"Access-Control-Allow-Headers":         {"x"},
		"Access-Control-Max-Age":               {"1"},
		"Access-Control-Expose-Headers":        {"x"},
		"Access-Control-Allow-Private-Network": {"true"},
		"Keep-Alive":                           {"timeout=5"},
		"Upgrade":                              {"h2c"},
		"Trailer":                              {"X-Sum"},
		worker.BuildHeader:                     {"forged"},
	}
	path := h.handle(t, func(w http.ResponseWriter, r *http.Request) {
		for _, headers := range []http.Header{want, dropped} {
			maps.Copy(w.Header(), headers)
		}
		_, _ = w.Write([]byte("{}"))
	})
	response, _ := do(t, newRequest(t, "GET", h.relayURL(path), nil, "Origin", "https://app.example"))
	got := response.Header.Clone()
	for name, value := range map[string]string{"Access-Control-Allow-Origin": "*", worker.BuildHeader: build} {
		if values := got.Values(name); !cmp.Equal(values, []string{value}) {
			t.Errorf("%s is %q, want %q", name, values, value)
		}
		got.Del(name)
	}
	got.Del("Access-Control-Expose-Headers")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("response headers (-want +got):\n%s", diff)
	}
}
