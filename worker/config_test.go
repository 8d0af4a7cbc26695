package worker_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/cfproxy/cfproxy/worker"
	"github.com/cfproxy/cfproxy/worker/workerd"
)

// invalidBindings returns invalid sets of bindings by worker name.
func invalidBindings() map[string][]workerd.Binding {
	sets := map[string][]workerd.Binding{
		"no bindings": nil,
		"no version":  {validBindings()[0], validBindings()[1], validBindings()[3]},
		"no settings": validBindings()[:3],
		"no access mode": append(validBindings()[:3],
			workerd.Binding{Name: worker.BindingSettings, Type: workerd.BindingJSON, JSON: json.RawMessage(`{"page":true,"origins":null}`)}),
		"no build": {validBindings()[0], validBindings()[2], validBindings()[3]},
		"build with a line break": {validBindings()[0], validBindings()[2], validBindings()[3],
			{Name: worker.BindingBuild, Type: workerd.BindingText, Text: "a\nb: c"}},
		"providers as text": {validBindings()[1], validBindings()[2], validBindings()[3],
			{Name: worker.BindingProviders, Type: workerd.BindingText, Text: string(validBindings()[0].JSON)}},
	}
	for name, list := range map[string]string{
		"no list":              `{"openai":"https://api.openai.com"}`,
		"empty list":           `[]`,
		"null":                 `null`,
		"null entry":           `[null]`,
		"no origin":            `[{"id":"openai"}]`,
		"no id":                `[{"origin":"https://api.openai.com"}]`,
		"id with a slash":      `[{"id":"a/b","origin":"https://api.openai.com"}]`,
		"reserved id":          `[{"id":"-","origin":"https://api.openai.com"}]`,
		"duplicate id":         `[{"id":"a","origin":"https://api.openai.com"},{"id":"a","origin":"https://b.example"}]`,
		"origin with path":     `[{"id":"openai","origin":"https://api.openai.com/v1"}]`,
		"origin with slash":    `[{"id":"openai","origin":"https://api.openai.com/"}]`,
		"origin with user":     `[{"id":"openai","origin":"https://api.openai.com@evil.example"}]`,
		"origin in upper case": `[{"id":"openai","origin":"https://API.openai.com"}]`,
		"origin without TLS":   `[{"id":"openai","origin":"http://api.openai.com"}]`,
		"origin is a number":   `[{"id":"openai","origin":1}]`,
		"invalid second entry": `[{"id":"openai","auth":"authorization","origin":"https://api.openai.com"},{"id":"x","origin":"x"}]`,
	} {
		sets[name] = []workerd.Binding{validBindings()[1], validBindings()[2], validBindings()[3],
			{Name: worker.BindingProviders, Type: workerd.BindingJSON, JSON: json.RawMessage(list)}}
	}
	return sets
}

func TestInvalidBindings(t *testing.T) {
	t.Parallel()
	h := sharedHarness(t)
	for name := range invalidBindings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := build
			switch name {
			case "no bindings", "no build", "build with a line break":
				want = "unknown"
			}
			for _, r := range []*http.Request{
				newRequest(t, "GET", "http://"+h.server.Addr(name)+"/v1/models", nil),
				newRequest(t, "GET", "http://"+h.server.Addr(name)+worker.HealthPath, nil),
				newRequest(t, "OPTIONS", "http://"+h.server.Addr(name)+"/v1/models", nil, "Origin", "https://a.example", "Access-Control-Request-Method", "GET"),
			} {
				response, body := doWithBuild(t, r, want)
				if response.StatusCode != http.StatusInternalServerError {
					t.Errorf("%s %s: got %d", r.Method, r.URL.Path, response.StatusCode)
				}
				checkError(t, body, "bad_config")
			}
		})
	}
}
