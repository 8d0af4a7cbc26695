package binding_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/worker"
)

// What the Format functions return for a deploy is what the FromBinding functions return for the deployed Worker, and
// the Parse functions return the values.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	providers := []worker.Provider{{ID: "openai", Origin: "https://api.openai.com"}, {ID: "groq", Origin: "https://api.groq.com"}}
	settings := worker.Settings{Managed: true, Origins: []string{"https://a.example", "https://b.example"}}
	keys := []binding.Key{{Provider: "my-llm", Fingerprint: "0123abcd"}, {Provider: "groq", Fingerprint: "4567cdef"}}
	tokens := []worker.Token{token("a", "a", 60), token("b", "b", 0), token("c", "c", 30), token("d", "d", 60)}

	text := binding.FormatProviders(providers)
	equal(t, text, binding.ProvidersFromBinding(encode(t, providers)))
	equal(t, providers, binding.ParseProviders(text))

	attrs := binding.FormatSettings(settings)
	equal(t, attrs, binding.SettingsFromBinding(encode(t, settings)))
	equal(t, settings, binding.ParseSettings(attrs))

	text = binding.FormatKeys(keys)
	equal(t, text, binding.KeysFromBindings("my-llm:0123abcd groq:4567cdef", []string{"KEY_my_llm", "OTHER", "KEY_groq"}))
	equal(t, map[string]string{"my-llm": "0123abcd", "groq": "4567cdef"}, binding.ParseKeys(text))

	limits := binding.LimitsFor("relay", tokens)
	var names []string
	for _, limit := range limits {
		names = append(names, worker.RateBinding(limit.Requests))
	}
	text = binding.FormatLimits(binding.Rates(tokens))
	equal(t, "30 60", text)
	equal(t, text, binding.LimitsFromBindings(append(names, "OTHER")))
	if limits[0].Namespace == limits[1].Namespace || limits[0].Namespace == binding.LimitsFor("other", tokens)[0].Namespace {
		t.Errorf("limits share a namespace: %v", limits)
	}

	module := worker.Bundle{Modules: []worker.Module{{Name: worker.TokensModule}}}.WithTokens(tokens).Modules[0]
	equal(t, tokens, binding.ParseTokensModule(module.Source))
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	key := binding.NewSecret("sk-owner-0123456789abcdef")
	fingerprint := binding.Fingerprint("account", "relay", "openai", key)
	if len(fingerprint) != 8 || fingerprint != binding.Fingerprint("account", "relay", "openai", key) {
		t.Errorf("got %q", fingerprint)
	}
	for name, other := range map[string]string{
		"key":      binding.Fingerprint("account", "relay", "openai", binding.NewSecret(key.Reveal()+"x")),
		"account":  binding.Fingerprint("other", "relay", "openai", key),
		"Worker":   binding.Fingerprint("account", "other", "openai", key),
		"provider": binding.Fingerprint("account", "relay", "other", key),
	} {
		if other == fingerprint {
			t.Errorf("another %s has the same fingerprint", name)
		}
	}
}

func TestAttrsDiffSkipsWhatWasNotRead(t *testing.T) {
	t.Parallel()
	have := binding.Attrs{"build": "a", "region": "", "extra": "x"}
	want := binding.Attrs{"build": "b", "region": "", "code": "c"}
	equal(t, []binding.AttrDiff{{Name: "build", Before: "a", After: "b"}}, have.Diff(want))
}

func equal(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func encode(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
