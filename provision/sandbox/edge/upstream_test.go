package edge

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/provision/sandbox/standin"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

// newUpstreamClient returns an HTTP client that sends its requests through an upstream, as a Worker does.
func newUpstreamClient(t *testing.T, state string) *client {
	t.Helper()
	u, err := openUpstream(t.Context(), parse(t, state))
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: u.addr()})}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		if err := u.close(); err != nil {
			t.Error(err)
		}
	})
	return &client{t: t, http: &http.Client{Transport: tr}}
}

func TestUpstreamHosts(t *testing.T) {
	t.Parallel()
	c := newUpstreamClient(t, `{"accounts":[{"name":"Acme","zones":[{"name":"example.com"}]}]}`)
	for _, test := range []struct {
		url    string
		status int
		text   string
	}{
		{"http://api.openai.com/v1/models", 401, "You didn't provide an API key."},
		{"http://api.anthropic.com/v1/messages", 401, "x-api-key header is required"},
		{"http://llm.example.org/v1/chat/completions", 401, "You didn't provide an API key."},
		{"http://openai.azure.com/openai/v1/chat/completions", 530, "error code: 1016"},
		{"http://nobody.invalid/", 530, "error code: 1016"},
		{"http://www.example.com/", 522, "Connection timed out"},
	} {
		if res := c.send("POST", test.url, "{}"); res.StatusCode != test.status || !strings.Contains(res.body, test.text) {
			t.Errorf("%s: got %d %s", test.url, res.StatusCode, res.body)
		}
	}
}

func TestUpstreamRegionBlock(t *testing.T) {
	t.Parallel()
	c := newUpstreamClient(t, `{"accounts":[{"name":"Acme"}],"provider":{"region_blocked":true}}`)
	res := c.send("GET", "http://api.openai.com/v1/models", "")
	if res.StatusCode != 403 || !strings.Contains(res.body, "unsupported_country_region_territory") {
		t.Errorf("got %d %s", res.StatusCode, res.body)
	}
}

func TestUpstreamFaults(t *testing.T) {
	t.Parallel()
	c := newUpstreamClient(t, withFaults(`{"at":"provider","path":"api.openai.com/v1/**","status":500},{"at":"provider","retry_after":"2"}`))
	if res := c.send("POST", "http://api.openai.com/v1/chat/completions", "{}"); res.StatusCode != 500 || !strings.Contains(res.body, "server_error") {
		t.Errorf("got %d %s", res.StatusCode, res.body)
	}
	if res := c.send("POST", "http://api.openai.com/v1/models", "{}"); res.StatusCode != 429 || res.Header.Get("Retry-After") != "2" || !strings.Contains(res.body, "rate_limit_exceeded") {
		t.Errorf("got %d %s", res.StatusCode, res.body)
	}
	if res := c.send("POST", "http://api.openai.com/v1/models", "{}"); res.StatusCode != 401 {
		t.Errorf("got %d", res.StatusCode)
	}
}

func TestProviderThroughWorker(t *testing.T) {
	t.Parallel()
	c := newClient(t, parse(t, edgeState), workerdtest.Binary(t))
	c.deploy(relaySource)
	const url = "https://relay.example.com/v1/chat/completions"
	for _, accept := range []string{"", "gzip"} {
		res := c.send("POST", url, "{}", "Accept-Encoding", accept)
		if res.StatusCode != 401 || res.Header.Get("Content-Encoding") != accept {
			t.Errorf("%q: got %d %v", accept, res.StatusCode, res.Header)
		}
		if accept == "" && !strings.Contains(res.body, "You didn't provide an API key") {
			t.Errorf("got %s", res.body)
		}
		if res.Header.Values("Set-Cookie") == nil {
			t.Error("a relay that forwards all headers also forwards the cookies of the provider")
		}
	}
	res := c.send("POST", url, `{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"你好"}]}`, "Authorization", "Bearer "+standin.Key)
	if res.StatusCode != 200 || !strings.Contains(res.body, "data: [DONE]") || strings.Count(res.body, "data: ") < 5 {
		t.Errorf("got %d %s", res.StatusCode, res.body)
	}
	if res := c.send("GET", "https://relay.example.com/-/to/nobody.invalid/x", ""); res.StatusCode != 530 {
		t.Errorf("got %d %s", res.StatusCode, res.body)
	}
}
