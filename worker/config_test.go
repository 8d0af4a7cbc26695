package worker_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/cfproxy/cfproxy/worker"
	"github.com/cfproxy/cfproxy/worker/workerd"
)

// badBindings are sets of bindings with something amiss, by the name of the
// worker that gets them.
func badBindings() map[string][]workerd.Binding {
	sets := map[string][]workerd.Binding{
		"no bindings": nil,
		"no version":  {good()[0], good()[1], good()[3]},
		"no settings": good()[:3],
		"access unsaid": append(good()[:3],
			workerd.Binding{Name: worker.BindingSettings, Type: workerd.BindingJSON, JSON: json.RawMessage(`{"page":true,"origins":null}`)}),
		"no build": {good()[0], good()[2], good()[3]},
		"build unfit for a header": {good()[0], good()[2], good()[3],
			{Name: worker.BindingBuild, Type: workerd.BindingText, Text: "a\nb: c"}},
		"providers as text": {good()[1], good()[2], good()[3],
			{Name: worker.BindingProviders, Type: workerd.BindingText, Text: string(good()[0].JSON)}},
	}
	for name, list := range map[string]string{
		"no list":             `{"openai":"https://api.openai.com"}`,
		"empty list":          `[]`,
		"null":                `null`,
		"null entry":          `[null]`,
		"no origin":           `[{"id":"openai"}]`,
		"no id":               `[{"origin":"https://api.openai.com"}]`,
		"id not a segment":    `[{"id":"a/b","origin":"https://api.openai.com"}]`,
		"id of the relay":     `[{"id":"-","origin":"https://api.openai.com"}]`,
		"id twice":            `[{"id":"a","origin":"https://api.openai.com"},{"id":"a","origin":"https://b.example"}]`,
		"origin with path":    `[{"id":"openai","origin":"https://api.openai.com/v1"}]`,
		"origin with slash":   `[{"id":"openai","origin":"https://api.openai.com/"}]`,
		"origin with user":    `[{"id":"openai","origin":"https://api.openai.com@evil.example"}]`,
		"origin in capitals":  `[{"id":"openai","origin":"https://API.openai.com"}]`,
		"origin without TLS":  `[{"id":"openai","origin":"http://api.openai.com"}]`,
		"origin is a number":  `[{"id":"openai","origin":1}]`,
		"second entry is bad": `[{"id":"openai","auth":"authorization","origin":"https://api.openai.com"},{"id":"x","origin":"x"}]`,
	} {
		sets[name] = []workerd.Binding{good()[1], good()[2], good()[3],
			{Name: worker.BindingProviders, Type: workerd.BindingJSON, JSON: json.RawMessage(list)}}
	}
	return sets
}

func TestBadConfigurationIsA500ForEveryRequest(t *testing.T) {
	t.Parallel()
	h := running(t)
	for name := range badBindings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := build
			switch name {
			case "no bindings", "no build", "build unfit for a header":
				want = "unknown"
			}
			for _, r := range []*http.Request{
				newRequest(t, "GET", "http://"+h.server.Addr(name)+"/v1/models", nil),
				newRequest(t, "GET", "http://"+h.server.Addr(name)+worker.HealthPath, nil),
				newRequest(t, "OPTIONS", "http://"+h.server.Addr(name)+"/v1/models", nil, "Origin", "https://a.example", "Access-Control-Request-Method", "GET"),
			} {
				response, body := askMarked(t, r, want)
				if response.StatusCode != http.StatusInternalServerError {
					t.Errorf("%s %s: got %d", r.Method, r.URL.Path, response.StatusCode)
				}
				failed(t, body, "bad_config")
			}
		})
	}
}
