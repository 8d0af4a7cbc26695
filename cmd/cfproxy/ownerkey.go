package main

import (
	"context"
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
	"github.com/cfproxy/cfproxy/provision/binding"
)

// The owner's keys for the providers, where access is managed. They come from the environment or from a masked question, and
// go into the upload; they are in no file, no argument list and no output.

// askOwnerKeys asks for the keys that neither the environment nor the account has.
func (p *program) askOwnerKeys(ctx context.Context, r config.Relay, missing []string) (map[string]binding.Secret, error) {
	if !p.terminal {
		return nil, problem.Usage("owner-key-missing", "name", config.KeyVariable(missing[0]), "names", strings.Join(config.KeyVariables(missing), ", "))
	}
	var page []prompt.Question
	for _, id := range missing {
		name := config.KeyVariable(id)
		page = append(page, prompt.Question{
			Key: id, Kind: prompt.Password, Title: p.text.T("ask.owner-key.title", "provider", r.ProviderName(id)),
			Help:     p.text.T("ask.owner-key.help", "name", name),
			Validate: p.saying(func(key string) error { return config.CheckKey(name, key) }),
		})
	}
	answers, err := p.ask().Ask(ctx, page)
	keys := map[string]binding.Secret{}
	for id, key := range answers {
		keys[id] = binding.NewSecret(key)
		p.typedKeys = append(p.typedKeys, key)
	}
	return keys, err
}
