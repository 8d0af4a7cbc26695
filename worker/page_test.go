package worker_test

import (
	"encoding/json"
	"testing"

	"github.com/cfproxy/cfproxy/worker"
	"github.com/cfproxy/cfproxy/worker/workerd"
)

// pageProviders has one of each dialect.
var pageProviders = []worker.Provider{
	{ID: "openai", Name: "OpenAI", Origin: "https://api.openai.com", Base: "/v1", Dialect: worker.DialectOpenAI, Auth: "authorization", Model: "gpt-4o-mini"},
	{ID: "anthropic", Name: "Anthropic", Origin: "https://api.anthropic.com", Dialect: worker.DialectAnthropic, Auth: "x-api-key", Model: "claude-haiku-4-5"},
	{ID: "gemini", Name: "Gemini", Origin: "https://generativelanguage.googleapis.com", Dialect: worker.DialectGoogle, Auth: "x-goog-api-key", Model: "gemini-2.5-flash"},
	{ID: "cohere", Name: "Cohere", Origin: "https://api.cohere.com", Dialect: worker.DialectCohere, Auth: "authorization", Model: "command-r7b-12-2024"},
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
