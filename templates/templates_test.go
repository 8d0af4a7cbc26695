package templates_test

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/templates"
)

var (
	idForm     = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	headerForm = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	sourceForm = regexp.MustCompile(`^([\w.-]+/[\w.-]+(#\d+|:\S+)|https://\S+)$`)
)

func loadProviders(t *testing.T) []templates.Provider {
	t.Helper()
	providers, err := templates.Providers()
	if err != nil {
		t.Fatal(err)
	}
	return providers
}

func TestProviders(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, p := range loadProviders(t) {
		if !idForm.MatchString(p.ID) || seen[p.ID] {
			t.Errorf("id %q is malformed or a duplicate", p.ID)
		}
		seen[p.ID] = true
		if !headerForm.MatchString(p.Auth) {
			t.Errorf("%s: %q is not a header name in lower case", p.ID, p.Auth)
		}
		if p.Name == "" || p.Chat.Model == "" || !strings.HasPrefix(p.Docs, "https://") {
			t.Errorf("%s lacks a name, a model or docs", p.ID)
		}
		for _, path := range []string{p.Probe.Path, p.Chat.Path} {
			if path != "" && !strings.HasPrefix(path, p.Base+"/") {
				t.Errorf("%s: %q is not below the base path %q", p.ID, path, p.Base)
			}
		}
		// A managed relay sends its probe as one of these two, and drops the query.
		if (p.Probe.Method != "POST" || p.Probe.Body != "{}") && p.Probe.Method != "GET" || strings.Contains(p.Probe.Path, "?") {
			t.Errorf("%s: the probe %+v cannot be sent by a managed relay", p.ID, p.Probe)
		}
		if p.Chat.Path != "" && p.Dialect != "openai" {
			t.Errorf("%s: a chat endpoint in OpenAI's format, but the dialect %s", p.ID, p.Dialect)
		}
		for _, socket := range p.WebSockets {
			if !strings.HasPrefix(socket.Path, "/") {
				t.Errorf("%s: WebSocket path %q", p.ID, socket.Path)
			}
		}
	}
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	for _, p := range loadProviders(t) {
		if len(p.Refused.Keyless) == 0 || len(p.Refused.BadKey) == 0 || len(p.Sources) == 0 {
			t.Errorf("%s has no refusals or no sources", p.ID)
		}
		for _, source := range p.Sources {
			if !sourceForm.MatchString(source) {
				t.Errorf("%s: %q is not a source", p.ID, source)
			}
		}
		for _, s := range slices.Concat(p.Refused.Keyless, p.Refused.BadKey) {
			if s.Status < 400 || s.Status > 499 {
				t.Errorf("%s: %+v is not a refusal", p.ID, s)
			}
		}
		for _, s := range p.Blocked {
			if len(s.JSON) == 0 {
				t.Errorf("%s: %+v matches any refusal", p.ID, s)
			}
		}
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	for _, p := range loadProviders(t) {
		value := map[string]string{"": "", "resource": "my-resource", "origin": "https://llm.example.org:8443"}[p.Placeholder()]
		filled := p.Fill(value)
		origin, err := url.Parse(filled.Origin)
		if err != nil || origin.Scheme != "https" || filled.Origin != "https://"+origin.Host {
			t.Errorf("%s: origin %q is not https and a host", p.ID, filled.Origin)
		}
		if got := p.ValueIn(filled.Origin); got != value {
			t.Errorf("%s: the value in %q is %q, want %q", p.ID, filled.Origin, got, value)
		}
		if p.Placeholder() != "" && p.ValueIn("http://nobody") != "" && p.ID != "custom" {
			t.Errorf("%s reads a value from a foreign origin", p.ID)
		}
		if p.ID == "custom" && filled.Name != "llm.example.org:8443" {
			t.Errorf("a custom provider is called %q", filled.Name)
		}
	}
}

func TestSnippetsContainKeyNote(t *testing.T) {
	t.Parallel()
	for _, p := range loadProviders(t) {
		const note = "_KEY: your key"
		snippets, err := templates.Snippets(p, "https://gptapi.example.com", ": your key")
		if err != nil {
			t.Fatal(err)
		}
		for _, snippet := range snippets {
			if got, want := strings.Contains(snippet.Text, note), snippet.Kind == "python" || snippet.Kind == "node"; got != want {
				t.Errorf("%s, %s: contains %q: %t, want %t in\n%s", p.ID, snippet.Kind, note, got, want, snippet.Text)
			}
		}
	}
}

func TestSnippets(t *testing.T) {
	t.Parallel()
	for _, p := range loadProviders(t) {
		for _, root := range []string{"https://gptapi.example.com", "https://gptapi.example.com/" + p.ID} {
			snippets, err := templates.Snippets(p, root, "")
			if err != nil || len(snippets) < 3 {
				t.Fatalf("%s: %v, %v", p.ID, snippets, err)
			}
			for _, snippet := range snippets {
				if !strings.Contains(snippet.Text, root+p.Base) {
					t.Errorf("%s, %s: no base URL in\n%s", p.ID, snippet.Kind, snippet.Text)
				}
				if snippet.Kind == "curl" && !strings.Contains(strings.ToLower(snippet.Text), `"`+p.Auth+": ") {
					t.Errorf("%s: the key is not in the header %s in\n%s", p.ID, p.Auth, snippet.Text)
				}
			}
		}
	}
}
