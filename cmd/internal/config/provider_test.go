package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/templates"
	"github.com/cfproxy/cfproxy/worker"
)

// Every provider whose origin has a placeholder can be referred to with a value, and Refs returns the same reference.
func TestEveryPlaceholderIsKnown(t *testing.T) {
	t.Parallel()
	providers, err := templates.Providers()
	if err != nil {
		t.Fatal(err)
	}
	for _, provider := range providers {
		placeholder, open := PlaceholderOf(provider)
		if open != strings.Contains(provider.Origin, "{") {
			t.Errorf("%s: the placeholder in %s is not known", provider.ID, provider.Origin)
		}
		ref := provider.ID
		if open {
			ref += "=" + placeholder.Example
		}
		chosen, err := ResolveProviders([]string{ref})
		if err != nil || len(chosen) != 1 || Refs(chosen)[0] != ref {
			t.Errorf("%s: %v, %v", ref, Refs(chosen), err)
		}
	}
}

func TestProviderReferences(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string]string{
		" OpenAI ":                              "https://api.openai.com",
		"azure=My-Resource":                     "https://my-resource.openai.azure.com",
		"custom=https://llm.example.org":        "https://llm.example.org",
		"custom=HTTPS://LLM.Example.org:443/":   "https://llm.example.org",
		"custom=https://llm.example.org.:08443": "https://llm.example.org:8443",
		"custom=https://bücher.example":         "https://xn--bcher-kva.example",
		"nobody":                                "provider-unknown",
		"nobody=x":                              "provider-unknown",
		"":                                      "provider-unknown",
		"openai=x":                              "provider-value-unwanted",
		"openai=":                               "provider-value-unwanted",
		"azure":                                 "provider-value-missing",
		"azure=":                                "provider-value-missing",
		"custom":                                "provider-value-missing",
		"azure=my.resource":                     "provider-resource-invalid",
		"azure=-x":                              "provider-resource-invalid",
		"azure=https://x.openai.azure.com":      "provider-resource-invalid",
		"azure=x@evil":                          "provider-resource-invalid",
		"azure=x#":                              "provider-resource-invalid",
		"custom=http://llm.example.org":         "provider-origin-invalid",
		"custom=llm.example.org":                "provider-origin-invalid",
		"custom=//llm.example.org":              "provider-origin-invalid",
		"custom=https:llm.example.org":          "provider-origin-invalid",
		"custom=https://me:secret@llm.example.org": "provider-origin-invalid",
		"custom=https://":                          "provider-origin-invalid",
		"custom=https://llm.example.org:0":         "provider-origin-invalid",
		"custom=https://llm.example.org:65536":     "provider-origin-invalid",
		"custom=https://llm.example.org:x":         "provider-origin-invalid",
		"custom=https://llm.example.org/v1":        "provider-origin-path",
		"custom=https://llm.example.org?key=x":     "provider-origin-path",
		"custom=https://llm.example.org/#":         "provider-origin-path",
		"custom=https://192.0.2.1":                 "provider-origin-host",
		"custom=https://[2001:db8::1]":             "provider-origin-host",
		"custom=https://127.1":                     "provider-origin-host",
		"custom=https://localhost":                 "provider-origin-host",
		"custom=https://llm.local":                 "provider-origin-host",
		"custom=https://llm":                       "provider-origin-host",
		"custom=https://*.example.org":             "provider-origin-host",
		"custom=https://a b.example.org":           "provider-origin-invalid",
	} {
		chosen, err := ResolveProviders([]string{ref})
		got := ""
		if e := (*problem.Error)(nil); errors.As(err, &e) {
			got = e.Code
			if strings.Contains(strings.Join(valuesOf(e.Details), " "), "secret") {
				t.Errorf("%s: the error contains the password: %v", ref, e.Details)
			}
		} else if err == nil {
			got = chosen[0].Origin
		}
		if got != want {
			t.Errorf("%q: %s, want %s", ref, got, want)
		}
	}
}

func valuesOf(details map[string]string) []string {
	var values []string
	for _, value := range details {
		values = append(values, value)
	}
	return values
}

// A provider that is listed twice counts once, but with two values it is an error. RecogniseProviders needs no values.
func TestListsOfProviders(t *testing.T) {
	t.Parallel()
	chosen, err := ResolveProviders([]string{"openai", "azure=a", "OPENAI", "azure=A"})
	if diff := cmp.Diff([]string{"openai", "azure=a"}, Refs(chosen)); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	_, err = ResolveProviders([]string{"azure=a", "azure=b"})
	if e := (*problem.Error)(nil); !errors.As(err, &e) || e.Code != "provider-twice" {
		t.Errorf("two resources: %v", err)
	}
	seen, err := RecogniseProviders([]string{"azure", "custom=https://llm.example.org"})
	if err != nil || seen[0].Name != "Azure OpenAI" || seen[1].Name != "llm.example.org" {
		t.Errorf("%v, %v", seen, err)
	}
}

// Deployed providers are completed with what is known about them, except unknown ones and those with another origin.
func TestCompleteProviders(t *testing.T) {
	t.Parallel()
	other := worker.Provider{ID: "openai", Origin: "https://api.example.net"}
	unknown := worker.Provider{ID: "nobody", Origin: "https://nobody.example.net"}
	got := completeProviders([]worker.Provider{{ID: "azure", Origin: "https://a.openai.azure.com"}, other, unknown})
	chosen, err := ResolveProviders([]string{"azure=a"})
	if diff := cmp.Diff([]worker.Provider{Upstreams(chosen)[0], other, unknown}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
