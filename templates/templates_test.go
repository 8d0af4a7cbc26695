package templates_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/templates"
)

func TestEveryProviderIsComplete(t *testing.T) {
	t.Parallel()
	providers, err := templates.Providers()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range providers {
		origin, err := url.Parse(p.Origin)
		if err != nil || origin.Scheme != "https" || p.Origin != "https://"+origin.Host {
			t.Errorf("%s: origin %q is more or less than https and a host", p.ID, p.Origin)
		}
		if !regexp.MustCompile(`^[a-z0-9]+$`).MatchString(p.ID) || seen[p.ID] {
			t.Errorf("id %q is malformed or stands twice", p.ID)
		}
		seen[p.ID] = true
		if p.Name == "" || p.Chat.Model == "" || !strings.HasPrefix(p.Docs, "https://") || len(p.Refused) == 0 {
			t.Errorf("%s lacks a name, a model, docs or the answer by which it refuses", p.ID)
		}
		if p.Probe.Method == "" || !strings.HasPrefix(p.Probe.Path, p.Base+"/") {
			t.Errorf("%s: the probe %q is not below the base path %q", p.ID, p.Probe.Path, p.Base)
		}
		snippets, err := templates.Snippets(p, "gptapi.example.com")
		if err != nil || len(snippets) != 4 {
			t.Fatalf("%s: %v, %v", p.ID, snippets, err)
		}
		for _, snippet := range snippets {
			if !strings.Contains(snippet.Text, "https://gptapi.example.com"+p.Base) {
				t.Errorf("%s, %s: no base URL in\n%s", p.ID, snippet.Kind, snippet.Text)
			}
		}
	}
}
