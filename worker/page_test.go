package worker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/templates"
	"github.com/cfproxy/cfproxy/worker"
	"github.com/cfproxy/cfproxy/worker/workerd"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

// pageProviders has one provider of each dialect.
var pageProviders = []worker.Provider{
	{ID: "openai", Name: "OpenAI", Origin: "https://api.openai.com", Base: "/v1", Dialect: worker.DialectOpenAI, Auth: "authorization", Model: "gpt-4o-mini"},
	{ID: "anthropic", Name: "Anthropic", Origin: "https://api.anthropic.com", Dialect: worker.DialectAnthropic, Auth: "x-api-key", Model: "claude-haiku-4-5"},
	{ID: "gemini", Name: "Gemini", Origin: "https://generativelanguage.googleapis.com", Dialect: worker.DialectGoogle, Auth: "x-goog-api-key", Model: "gemini-2.5-flash"},
	{ID: "cohere", Name: "Cohere", Origin: "https://api.cohere.com", Dialect: worker.DialectCohere, Auth: "authorization", Model: "command-r7b-12-2024"},
}

// hostileProvider has markup in every free text.
var hostileProvider = worker.Provider{ID: "evil", Name: `<script>alert(1)</script>{{nonce}}"'&`, Origin: "https://evil.example", Base: `/"><img>{{Copy|x}}`,
	Dialect: worker.DialectOpenAI, Auth: "authorization", Model: `"><script>alert(2)</script>$&`}

// allProviders returns all known providers, with placeholders filled in.
func allProviders(t *testing.T) ([]templates.Provider, []worker.Provider) {
	t.Helper()
	known, err := templates.Providers()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"resource": "my-resource", "origin": "https://llm.example.org"}
	var filled []templates.Provider
	var list []worker.Provider
	for _, p := range known {
		p = p.Fill(values[p.Placeholder()])
		filled = append(filled, p)
		list = append(list, worker.Provider{ID: p.ID, Name: p.Name, Origin: p.Origin, Base: p.Base, Dialect: p.Dialect, Auth: p.Auth, Model: p.Chat.Model})
	}
	return filled, list
}

func pageBindings(t testing.TB, list []worker.Provider, s worker.Settings) []workerd.Binding {
	t.Helper()
	named, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return []workerd.Binding{
		{Name: worker.BindingProviders, Type: workerd.BindingJSON, JSON: named},
		{Name: worker.BindingSettings, Type: workerd.BindingJSON, JSON: settings},
		{Name: worker.BindingBuild, Type: workerd.BindingText, Text: build},
		{Name: worker.BindingVersion, Type: workerd.BindingText, Text: "v1.2.3"},
	}
}

// startPage serves these providers with these settings, and returns the URL.
func startPage(t *testing.T, list []worker.Provider, s worker.Settings) string {
	t.Helper()
	bin := workerdtest.Binary(t)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("upstream " + r.RequestURI))
	}))
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	server, err := workerd.Start(ctx, bin, workerd.Config{
		Workers: []workerd.Worker{relay("relay", pageBindings(t, list, s))}, Outbound: upstream.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Close()
		upstream.Close()
	})
	return "http://" + server.Addr("relay")
}

func TestPageLanguage(t *testing.T) {
	t.Parallel()
	url := startPage(t, pageProviders, worker.Settings{Page: true})
	for _, test := range []struct{ query, accept, want string }{
		{"", "", "en"},
		{"", "en-US,en;q=0.9", "en"},
		{"", "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"},
		{"", "ZH-tw", "zh-CN"},
		{"", "en;q=0.8, zh-Hant;q=0.9", "zh-CN"},
		{"", "zh;q=0.2,en;q=0.3", "en"},
		{"", "en, zh", "en"},
		{"", "zh, en", "zh-CN"},
		{"", "fr, zh;q=0.1", "zh-CN"},
		{"", "zh;q=0, fr", "en"},
		{"", "zhx, enx, *", "en"},
		{"", ";;,q=;zh;q=nonsense", "en"},
		{"?lang=zh", "en", "zh-CN"},
		{"?lang=en", "zh", "en"},
		{"?lang=fr", "zh", "en"},
	} {
		response, body := do(t, newRequest(t, "GET", url+"/"+test.query, nil, "Accept-Language", test.accept))
		other, word := "zh", "Copy"
		if test.want != "en" {
			other, word = "en", "复制"
		}
		for _, part := range []string{`<html lang="` + test.want + `">`, `<a href="/?lang=` + other + `"`, `>` + word + `</button>`} {
			if response.StatusCode != http.StatusOK || !strings.Contains(body, part) {
				t.Errorf("%q %q: no %s", test.query, test.accept, part)
			}
		}
		if strings.Contains(body, "{{") || strings.Contains(body, "undefined") {
			t.Errorf("%q %q: a placeholder is left", test.query, test.accept)
		}
	}
}

func TestPageHeadersAndPolicy(t *testing.T) {
	t.Parallel()
	url := startPage(t, pageProviders, worker.Settings{Page: true})
	response, body := do(t, newRequest(t, "GET", url+"/", nil))
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Vary": "accept-language",
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	policy := regexp.MustCompile(`^default-src 'none'; script-src 'nonce-([0-9a-f-]{36})'; style-src 'nonce-([0-9a-f-]{36})'; img-src data:; ` +
		`connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'$`)
	nonce := policy.FindStringSubmatch(response.Header.Get("Content-Security-Policy"))
	if nonce == nil || nonce[1] != nonce[2] {
		t.Fatalf("policy is %q", response.Header.Get("Content-Security-Policy"))
	}
	if n := len(regexp.MustCompile(`<(?:script|style)\b`).FindAllString(body, -1)); n != strings.Count(body, ` nonce="`+nonce[1]+`"`) {
		t.Errorf("some of %d scripts and styles have no nonce", n)
	}
	if found := regexp.MustCompile(`\s(?:src|on\w+|style)\s*=\s*"|(?:href="|url\()(?:https?:)?//|localStorage|sessionStorage|\bcookie\b`).FindString(body); found != "" {
		t.Errorf("the page has %q", found)
	}
	again, _ := do(t, newRequest(t, "GET", url+"/", nil))
	if again.Header.Get("Content-Security-Policy") == response.Header.Get("Content-Security-Policy") {
		t.Error("the nonce is reused")
	}
}

func TestPageShowsBaseURLs(t *testing.T) {
	t.Parallel()
	url := startPage(t, pageProviders, worker.Settings{Page: true})
	_, body := do(t, newPageRequest(t, url, "gptapi.example.com"))
	for _, want := range []string{
		"<b>OpenAI</b><code>https://gptapi.example.com/v1</code>",
		"<b>Anthropic</b><code>https://gptapi.example.com/anthropic</code>",
		"<b>Gemini</b><code>https://gptapi.example.com/gemini</code>",
		"<b>Cohere</b><code>https://gptapi.example.com/cohere</code>",
		`"https://gptapi.example.com/v1/chat/completions"`,
		`"https://gptapi.example.com/anthropic/v1/messages"`,
		`"https://gptapi.example.com/gemini/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"`,
		`"https://gptapi.example.com/cohere/v2/chat"`,
		`-H "authorization: Bearer YOUR_KEY"`, `-H "x-api-key: YOUR_KEY"`, `-H "x-goog-api-key: YOUR_KEY"`,
		`-H "anthropic-version: 2023-06-01"`, "<code>https://gptapi.example.com</code>", "cfproxy v1.2.3",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if strings.Contains(body, "https://api.") {
		t.Error("the page links to a provider")
	}
}

// The program prints the same snippets, where they are tested too.
func TestPageShowsClientSnippets(t *testing.T) {
	t.Parallel()
	filled, list := allProviders(t)
	url := startPage(t, list, worker.Settings{Page: true})
	_, body := do(t, newPageRequest(t, url, "gptapi.example.com"))
	shown := html.UnescapeString(body)
	for i, p := range filled {
		root := "https://gptapi.example.com"
		if i > 0 {
			root += "/" + p.ID
		}
		snippets, err := templates.Snippets(p, root, ": your "+p.Name+" key")
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range snippets {
			if (s.Kind == "python" || s.Kind == "node") && !strings.Contains(shown, "<code>"+s.Text+"</code>") {
				t.Errorf("%s: the page has no\n%s", p.ID, s.Text)
			}
		}
	}
}

func TestPageEscapesValues(t *testing.T) {
	t.Parallel()
	url := startPage(t, []worker.Provider{hostileProvider}, worker.Settings{Page: true})
	_, body := do(t, newRequest(t, "GET", url+"/?lang=%3Cscript%3E", nil, "Accept-Language", "<script>"))
	if n := strings.Count(body, "<script"); n != 1 {
		t.Errorf("%d scripts, want 1", n)
	}
	for _, want := range []string{
		"&#60;script&#62;alert(1)&#60;/script&#62;&#123;&#123;nonce&#125;&#125;&#34;'&#38;</b>",
		"/&#34;&#62;&#60;img&#62;&#123;&#123;Copy|x&#125;&#125;</code>",
		`value="&#34;&#62;&#60;script&#62;alert(2)&#60;/script&#62;$&#38;"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %s", want)
		}
	}
}

func TestPageEscapesHost(t *testing.T) {
	t.Parallel()
	url := startPage(t, pageProviders, worker.Settings{Page: true})
	for _, host := range []string{
		`a"b.example`, "a'b.example", "a&b.example", "{{nonce}}.example", "$&.example", "a`b.example", "<script>.example", "a%b.example", "a|b.example",
		"1.2.3.999", "[::g]", "bücher.example", "xn--bcher-kva.example:8443", "[::1]:8443",
	} {
		response, err := client(t).Do(newPageRequest(t, url, host))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK && response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d %v", host, response.StatusCode, err)
		}
		if n := bytes.Count(body, []byte("<script")); response.StatusCode == http.StatusOK && n != 1 {
			t.Errorf("%s: %d scripts", host, n)
		}
		if bytes.Contains(body, []byte(host)) && strings.ContainsAny(host, `"&{<`) {
			t.Errorf("%s is in the page unescaped", host)
		}
	}
}

func TestManagedPageRevealsNoProvider(t *testing.T) {
	t.Parallel()
	var bodies []string
	for _, list := range [][]worker.Provider{pageProviders, {hostileProvider}} {
		url := startPage(t, list, worker.Settings{Page: true, Managed: true})
		_, body := do(t, newPageRequest(t, url, "gptapi.example.com"))
		bodies = append(bodies, regexp.MustCompile(` nonce="[^"]*"`).ReplaceAllString(body, ""))
	}
	if bodies[0] != bodies[1] {
		t.Error("the page depends on the providers")
	}
	for _, want := range []string{"<code>https://gptapi.example.com</code>", "<code>https://gptapi.example.com/v1</code>", "cfp_"} {
		if !strings.Contains(bodies[0], want) {
			t.Errorf("the page has no %s", want)
		}
	}
}

func TestPageMethodsAndSetting(t *testing.T) {
	t.Parallel()
	on := startPage(t, pageProviders, worker.Settings{Page: true})
	response, body := do(t, newRequest(t, "HEAD", on+"/", nil))
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Security-Policy") == "" || body != "" {
		t.Errorf("HEAD: %d %q", response.StatusCode, body)
	}
	if _, body := do(t, newRequest(t, "POST", on+"/", nil)); body != "upstream https://api.openai.com/" {
		t.Errorf("POST: %q", body)
	}
	off := startPage(t, pageProviders, worker.Settings{})
	response, body = do(t, newRequest(t, "GET", off+"/?lang=zh", nil))
	if body != "upstream https://api.openai.com/?lang=zh" || response.Header.Get("Content-Security-Policy") != "" {
		t.Errorf("off: %q", body)
	}
}

func newPageRequest(t *testing.T, url, host string) *http.Request {
	t.Helper()
	r := newRequest(t, "GET", url+"/", nil)
	r.Host = host
	return r
}
