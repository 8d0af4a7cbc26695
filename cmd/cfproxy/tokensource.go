package main

import (
	"context"
	"errors"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/templates"
)

// source is where the API token of a run comes from. There is no flag among them: arguments can be read by every process.
type source string

// In the order in which they are tried.
const (
	fromEnvironment source = "environment"
	fromKeyring     source = "keyring"
	fromFile        source = "file"
	fromPrompt      source = "prompt"
)

// held is the API token of this run.
type held struct {
	token string
	from  source
	// looked says that the keyring and the file were asked already.
	looked bool
}

func (h held) isStored() bool { return h.from == fromKeyring || h.from == fromFile }

// findToken gives the token that nobody need be asked for, "" for none. The keyring is asked only where the environment has
// no token, and once.
func (p *program) findToken(c *cli.Context) (string, error) {
	if token := p.token(); token != "" {
		p.held = held{token: token, from: fromEnvironment}
	}
	if p.held.token != "" || p.held.looked {
		return p.held.token, nil
	}
	base, err := p.baseURL()
	if err != nil {
		return "", err
	}
	p.held.looked = true
	for _, store := range p.stores() {
		stored, err := store.read(c.Context)
		var unusable *problem.Error
		switch {
		case errors.Is(err, errNotKept), errors.Is(err, errNoKeyring):
		case errors.Is(err, context.Canceled), errors.As(err, &unusable):
			return "", err
		case err != nil:
			p.note("keyring.unread", "cause", p.redact(rootCause(err)))
		case stored.BaseURL != base:
			p.note("login.elsewhere", "stored", redactURL(stored.BaseURL), "url", redactURL(base))
		default:
			p.held.token, p.held.from = stored.Token, store.source()
			return stored.Token, nil
		}
	}
	return "", nil
}

// placeOf names a store in a sentence.
func (p *program) placeOf(s source) string {
	if s == fromFile {
		return p.text.T("place.file", "file", p.inFile().path)
	}
	return p.text.T("place.keyring")
}

// redact takes the secrets of this run out of a text that others wrote, such as the cause of an error.
func (p *program) redact(text string) string {
	secrets := []string{p.token(), p.held.token, p.issued.Secret}
	secrets = append(secrets, p.typed...)
	// A catalogue that cannot be read is an error elsewhere.
	providers, _ := templates.Providers()
	for _, provider := range providers {
		secrets = append(secrets, p.getenv(config.KeyVariable(provider.ID)))
	}
	if p.context != nil && p.context.String("key-env") != "" {
		secrets = append(secrets, p.getenv(p.context.String("key-env")))
	}
	for _, secret := range secrets {
		// What is shorter is no secret, and would take letters out of every word.
		if secret = strings.TrimSpace(secret); len(secret) >= shortestSecret {
			text = binding.Redact(text, secret)
		}
	}
	return text
}

const shortestSecret = 8

// unlikely hides an argument that may be a secret, put where none belongs.
func unlikely(argument string) string {
	if config.LooksLikeKey(argument) {
		return "…"
	}
	return argument
}
