package main

import (
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/templates"
)

// minSecretLength is the length below which a value is not redacted: it is no secret, and is likely to be a part of other words.
const minSecretLength = 8

// redact removes the secrets of this run from a text that comes from outside, such as the cause of an error.
func (p *program) redact(text string) string {
	secrets := []string{p.envToken(), p.apiToken.Value, p.newToken.Secret}
	secrets = append(secrets, p.typedKeys...)
	// An unreadable catalogue of providers is reported elsewhere.
	providers, _ := templates.Providers()
	for _, provider := range providers {
		secrets = append(secrets, p.getenv(config.KeyVariable(provider.ID)))
	}
	if p.context != nil && p.context.String("key-env") != "" {
		secrets = append(secrets, p.getenv(p.context.String("key-env")))
	}
	for _, secret := range secrets {
		if secret = strings.TrimSpace(secret); len(secret) >= minSecretLength {
			text = binding.Redact(text, secret)
		}
	}
	return text
}

// redactArg returns an argument for an error message, or "…" if it looks like a key in the wrong place.
func redactArg(argument string) string {
	if config.LooksLikeKey(argument) {
		return "…"
	}
	return argument
}
