package config

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/cfproxy/cfproxy/cmd/internal/input"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

// keyShapes returns a pattern of how the keys and tokens of providers begin, and one of twenty letters and digits in a row, which no
// name has. They are compiled when a name is checked.
var keyShapes = sync.OnceValues(func() (prefix, run *regexp.Regexp) {
	return regexp.MustCompile(`(?i)^(sk|rk|pk|xai|gsk|csk|pplx|hf|tgp|nvapi)[-_].{4}|^cf(p|k|at|ut)_.{4}|^aiza.{4}|^eyj.{8}|^bearer\s`),
		regexp.MustCompile(`[A-Za-z0-9]{20,}`)
})

// LooksLikeKey reports whether a text that should be a name is probably a secret that was pasted by mistake. It must be neither
// stored nor repeated.
func LooksLikeKey(name string) bool {
	prefix, run := keyShapes()
	isMixed := func(s string) bool {
		return strings.ContainsAny(s, "0123456789") && strings.IndexFunc(s, unicode.IsLetter) >= 0
	}
	cleaned, _ := input.Clean("", name)
	return prefix.MatchString(strings.TrimSpace(name)) || prefix.MatchString(cleaned) || slices.ContainsFunc(run.FindAllString(name, -1), isMixed)
}

// KeyVariable returns the environment variable of a provider's key: CFPROXY_KEY_OPENAI.
func KeyVariable(provider string) string {
	return "CFPROXY_" + strings.ToUpper(worker.KeyBinding(provider))
}

// KeyVariables returns the variables of several providers.
func KeyVariables(providers []string) []string {
	var names []string
	for _, id := range providers {
		names = append(names, KeyVariable(id))
	}
	return names
}

// maxKey is what a variable of a Worker holds, in bytes.
// https://developers.cloudflare.com/workers/platform/limits/#environment-variables
const maxKey = 5 << 10

// CleanKey returns a provider's key without what was pasted around it, or an error for a text that cannot be one, without repeating it.
// name is its environment variable.
func CleanKey(name, text string) (string, error) {
	key, err := input.Clean(name, text)
	switch {
	case err != nil:
		return "", err
	case strings.HasPrefix(key, worker.TokenPrefix):
		return "", problem.Usage("owner-key-token", "name", name)
	case key == "" || len(key) > maxKey:
		return "", problem.Usage("owner-key-invalid", "name", name)
	}
	return key, nil
}

// Keys returns the owner's keys that the environment has for the providers of a managed relay, by the id of the provider.
func Keys(c plan.Config, getenv func(string) string) (map[string]binding.Secret, error) {
	keys := map[string]binding.Secret{}
	if !c.Settings.Managed {
		return keys, nil
	}
	for _, provider := range c.Providers {
		name := KeyVariable(provider.ID)
		text := getenv(name)
		if cleaned, err := input.Clean(name, text); err == nil && cleaned == "" {
			continue
		}
		key, err := CleanKey(name, text)
		if err != nil {
			return nil, err
		}
		keys[provider.ID] = binding.NewSecret(key)
	}
	return keys, nil
}
