package standin

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// client calls the stand-ins as a Worker does: through a proxy.
type client struct {
	t    *testing.T
	http *http.Client
}

func newClient(t *testing.T, regionBlocked bool) *client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := Handler(r.URL.Hostname(), r.URL.Path, regionBlocked)
		if h == nil {
			h = http.NotFoundHandler()
		}
		h.ServeHTTP(w, r)
	}))
	proxy, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{Proxy: http.ProxyURL(proxy)}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		server.Close()
	})
	return &client{t, &http.Client{Transport: tr}}
}

func (c *client) do(method, url, body string, header ...string) (int, http.Header, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	res, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(data)
}

func TestOpenAIRefusals(t *testing.T) {
	t.Parallel()
	c := newClient(t, false)
	good, bad := "Bearer "+Key, "Bearer sk-wrongwrongwrongwrong"
	const question = `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"x"}]}`
	for _, test := range []struct {
		method, path, key, body string
		status                  int
		message                 string // a prefix
		code, param             any
	}{
		{"POST", "/v1/chat/completions", "", "{}", 401, "You didn't provide an API key.", nil, nil},
		{"GET", "/v1/models", "", "", 401, "You didn't provide an API key.", nil, nil},
		{"POST", "/v1/responses", "", "{}", 401, "Missing bearer or basic authentication in header", nil, nil},
		{"POST", "/v1/chat/completions", bad, question, 401, "Incorrect API key provided: sk-wrong***********rong. You can find", "invalid_api_key", nil},
		{"GET", "/v1/nonsense", "", "", 404, "Invalid URL (GET /v1/nonsense)", nil, nil},
		{"GET", "/v1/chat/completions", good, "", 405, "Not allowed to GET", "method_not_supported", nil},
		{"POST", "/v1/chat/completions", good, "{", 400, "We could not parse the JSON body", nil, nil},
		{"POST", "/v1/chat/completions", good, "{}", 400, "you must provide a model parameter", nil, nil},
		{"POST", "/v1/chat/completions", good, `{"model":"gpt-4o-mini"}`, 400, "Missing required parameter", "missing_required_parameter", "messages"},
		{"POST", "/v1/chat/completions", good, strings.Replace(question, "gpt-4o-mini", "llama", 1), 404, "The model `llama` does not exist", "model_not_found", nil},
		{"GET", "/v1/models/absent", good, "", 404, "The model `absent`", "model_not_found", nil},
		{"POST", "/v1/responses", good, "{}", 400, "Missing required parameter", "missing_required_parameter", "model"},
		{"GET", "/v1/realtime", good, "", 400, "You must connect with a WebSocket", nil, nil},
	} {
		status, header, body := c.do(test.method, "http://api.openai.com"+test.path, test.body, "Authorization", test.key)
		var got struct{ Error map[string]any }
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		e := got.Error
		if status != test.status || !strings.HasPrefix(fmt.Sprint(e["message"]), test.message) || e["code"] != test.code || e["param"] != test.param || e["type"] != "invalid_request_error" {
			t.Errorf("%s %s: got %d %s", test.method, test.path, status, body)
		}
		if len(e) != 4 || header.Get("X-Request-Id") == "" || !strings.HasPrefix(header.Get("Set-Cookie"), "__cf_bm=") {
			t.Errorf("%s %s: got %v %s", test.method, test.path, header, body)
		}
	}
}

func TestOpenAIAnswers(t *testing.T) {
	t.Parallel()
	c := newClient(t, false)
	const question = "你好, Größe?"
	status, header, body := c.do("POST", "http://api.openai.com/v1/chat/completions",
		`{"model":"gpt-4o-mini","messages":[{"role":"system","content":"x"},{"role":"user","content":[{"type":"text","text":"`+question+`"}]}]}`, "Authorization", "Bearer "+Key)
	var got struct {
		Object  string
		Choices []struct {
			Message      struct{ Role, Content string }
			FinishReason string `json:"finish_reason"`
		}
		Usage usage
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 {
		t.Fatalf("%d %v %s", status, err, body)
	}
	if got.Object != "chat.completion" || got.Choices[0].Message.Content != "You said: "+question || got.Choices[0].FinishReason != "stop" || got.Usage.Total == 0 {
		t.Errorf("got %+v", got)
	}
	for _, name := range []string{"Openai-Version", "Openai-Processing-Ms", "X-Ratelimit-Remaining-Requests", "Cf-Ray"} {
		if header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	if status, _, body := c.do("GET", "http://api.openai.com/v1/models", "", "Authorization", "Bearer "+Key); status != 200 || !strings.Contains(body, `"gpt-4o-mini"`) {
		t.Errorf("got %d %s", status, body)
	}
	if status, _, _ := c.do("GET", "http://api.openai.com/v1/models/gpt-4o-mini", "", "Authorization", "Bearer "+Key); status != 200 {
		t.Errorf("got %d", status)
	}
	if status, _, body := c.do("POST", "http://api.openai.com/v1/responses", `{"model":"gpt-5","input":"`+question+`"}`, "Authorization", "Bearer "+Key); status != 200 || !strings.Contains(body, question) {
		t.Errorf("got %d %s", status, body)
	}
}

func TestOpenAIStream(t *testing.T) {
	t.Parallel()
	c := newClient(t, false)
	const question = "你好, Größe?"
	status, header, body := c.do("POST", "http://api.openai.com/v1/chat/completions",
		`{"model":"gpt-4o-mini","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"`+question+`"}]}`, "Authorization", "Bearer "+Key)
	if status != 200 || header.Get("Content-Type") != "text/event-stream; charset=utf-8" {
		t.Fatalf("got %d %v", status, header)
	}
	answer, chunks, finished, counted, done := "", 0, false, false, false
	for lines := bufio.NewScanner(strings.NewReader(body)); lines.Scan(); {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		if data == "[DONE]" {
			done = true
			continue
		}
		var e struct {
			Object  string
			Choices []struct {
				Delta        struct{ Content string }
				FinishReason string `json:"finish_reason"`
			}
			Usage *usage
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil || e.Object != "chat.completion.chunk" {
			t.Fatalf("%v: %s", err, data)
		}
		chunks++
		counted = counted || e.Usage != nil && len(e.Choices) == 0
		for _, choice := range e.Choices {
			answer += choice.Delta.Content
			finished = finished || choice.FinishReason == "stop"
		}
	}
	if answer != "You said: "+question || chunks < 5 || !finished || !counted || !done {
		t.Errorf("answer %q in %d chunks, finished %v, counted %v, done %v", answer, chunks, finished, counted, done)
	}
}

func TestRegionBlock(t *testing.T) {
	t.Parallel()
	c := newClient(t, true)
	for url, want := range map[string]string{
		"http://api.openai.com/v1/models":                                          `403 "code": "unsupported_country_region_territory"`,
		"http://api.anthropic.com/v1/messages":                                     `403 "message": "Request not allowed"`,
		"http://generativelanguage.googleapis.com/v1beta/models/x:generateContent": `400 "status": "FAILED_PRECONDITION"`,
	} {
		status, _, body := c.do("POST", url, "{}")
		code, text, _ := strings.Cut(want, " ")
		if fmt.Sprint(status) != code || !strings.Contains(body, text) {
			t.Errorf("%s: got %d %s", url, status, body)
		}
	}
}

func TestOtherProvidersRefuse(t *testing.T) {
	t.Parallel()
	c := newClient(t, false)
	for _, test := range []struct {
		url, header string
		status      int
		text        string
	}{
		{"http://api.anthropic.com/v1/messages", "", 401, "x-api-key header is required"},
		{"http://api.anthropic.com/v1/messages", "X-Api-Key", 401, "invalid x-api-key"},
		{"http://generativelanguage.googleapis.com/v1beta/models/x:generateContent", "", 403, "PERMISSION_DENIED"},
		{"http://generativelanguage.googleapis.com/v1beta/models/x:generateContent", "X-Goog-Api-Key", 400, "API key not valid"},
		{"http://generativelanguage.googleapis.com/v1beta/openai/chat/completions", "", 400, "Missing Authorization header."},
		{"http://api.deepseek.com/v1/chat/completions", "", 401, "auth header format should be Bearer"},
		{"http://openrouter.ai/api/v1/chat/completions", "", 401, "No auth credentials found"},
		{"http://openrouter.ai/api/v1/chat/completions", "Authorization", 401, "User not found."},
		{"http://my-resource.openai.azure.com/openai/v1/chat/completions", "", 401, "missing subscription key"},
		{"http://my-resource.openai.azure.com/openai/v1/chat/completions", "Api-Key", 401, "invalid subscription key"},
		{"http://openai.azure.com/openai/v1/chat/completions", "", 404, ""},
		{"http://generativelanguage.googleapis.com/v1beta/models/x:generateContent?key=x", "", 400, "API key not valid"},
		{"http://api.deepseek.com/v1/chat/completions", "Authorization", 401, "Your api key: ****x is invalid"},
		{"http://api.perplexity.ai/chat/completions", "", 401, "<center>openresty"},
		{"http://open.bigmodel.cn/api/paas/v4/chat/completions", "Authorization", 401, "令牌已过期或验证不正确"},
		{"http://llm.example.org/v1/chat/completions", "", 401, "You didn't provide an API key."},
		{"http://nobody.invalid/", "", 404, ""},
	} {
		status, _, body := c.do("POST", test.url, "{}", test.header, "x")
		if status != test.status || !strings.Contains(body, test.text) {
			t.Errorf("%s: got %d %s", test.url, status, body)
		}
		if strings.Contains(test.url, "/v1beta/openai/") && !strings.HasPrefix(body, "[") {
			t.Errorf("the compatible interface wraps its errors in a list: %s", body)
		}
	}
}

// Every entry of refusals.json has a response for a request with a key and without, and the first matching entry of a host counts.
func TestRefusals(t *testing.T) {
	t.Parallel()
	if n := len(providers()); n < 20 {
		t.Fatalf("%d providers", n)
	}
	for _, p := range providers() {
		for _, response := range []rejection{p.Keyless, p.BadKey} {
			if response.Status < 400 || (response.Text == "") == (response.Body == nil) {
				t.Errorf("%s: %d with %d bytes of JSON and %d of text", p.Host, response.Status, len(response.Body), len(response.Text))
			}
		}
		if len(p.Key) == 0 {
			t.Errorf("%s: no header has its key", p.Host)
		}
	}
	first, ok := findProvider("generativelanguage.googleapis.com", "/v1beta/openai/models")
	if !ok || first.Path == "" {
		t.Errorf("%+v, %v", first, ok)
	}
}
