package main

import (
	"context"
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/worker"
)

// The owner's keys for the providers, where access is managed. They come from the environment or from a masked question, and
// go into the upload; they are in no file, no argument list and no output.

// keyVariable names the environment variable of a provider's key: CFPROXY_KEY_OPENAI.
func keyVariable(provider string) string {
	return "CFPROXY_" + strings.ToUpper(worker.KeyBinding(provider))
}

func keyVariables(providers []string) []string {
	var names []string
	for _, id := range providers {
		names = append(names, keyVariable(id))
	}
	return names
}

// longestKey is what a variable of a Worker holds.
const longestKey = 5 << 10

// checkOwnerKey tells what cannot be a provider's key, without repeating it: name is that of its variable.
func checkOwnerKey(name, key string) error {
	isWrong := func(r rune) bool { return r <= ' ' || r > '~' }
	switch {
	case strings.HasPrefix(key, worker.TokenPrefix):
		return problem.Usage("owner-key-token", "name", name)
	case key == "" || len(key) > longestKey || strings.ContainsFunc(key, isWrong):
		return problem.Usage("owner-key-invalid", "name", name)
	}
	return nil
}

// ownerKeys reads the keys that the environment has for the providers of a managed relay.
func (p *program) ownerKeys(r relay) (map[string]binding.Secret, error) {
	keys := map[string]binding.Secret{}
	if !r.Settings.Managed {
		return keys, nil
	}
	for _, provider := range r.Providers {
		name := keyVariable(provider.ID)
		key := p.getenv(name)
		if key == "" {
			continue
		}
		if err := checkOwnerKey(name, key); err != nil {
			return nil, err
		}
		keys[provider.ID] = binding.NewSecret(key)
	}
	return keys, nil
}

// askOwnerKeys asks for the keys that neither the environment nor the account has.
func (p *program) askOwnerKeys(ctx context.Context, r relay, missing []string) (map[string]binding.Secret, error) {
	if !p.terminal {
		return nil, problem.Usage("owner-key-missing", "name", keyVariable(missing[0]), "names", strings.Join(keyVariables(missing), ", "))
	}
	var page []prompt.Question
	for _, id := range missing {
		name := keyVariable(id)
		page = append(page, prompt.Question{
			Key: id, Kind: prompt.Password, Title: p.text.T("ask.owner-key.title", "provider", r.nameOf(id)),
			Help:     p.text.T("ask.owner-key.help", "name", name),
			Validate: p.saying(func(key string) error { return checkOwnerKey(name, key) }),
		})
	}
	answers, err := p.ask().Ask(ctx, page)
	keys := map[string]binding.Secret{}
	for id, key := range answers {
		keys[id] = binding.NewSecret(key)
		p.typed = append(p.typed, key)
	}
	return keys, err
}
