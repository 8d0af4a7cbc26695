package main

import (
	"errors"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/credential"
)

// envToken returns the API token from the environment.
func (p *program) envToken() string { return strings.TrimSpace(p.getenv("CLOUDFLARE_API_TOKEN")) }

// findToken returns the API token from the environment, the keyring or the token file, "" if there is none. The stores are
// read only if the environment has no token, and once.
func (p *program) findToken(c *cli.Context) (string, error) {
	if token := p.envToken(); token != "" {
		p.apiToken = credential.APIToken{Value: token, Source: credential.FromEnvironment}
	}
	if p.apiToken.Value != "" || p.storesSearched {
		return p.apiToken.Value, nil
	}
	base, err := p.baseURL()
	if err != nil {
		return "", err
	}
	p.storesSearched = true
	p.apiToken, err = credential.Find(c.Context, p.stores(), base, func(err error) {
		if other := (*credential.OtherAPIError)(nil); errors.As(err, &other) {
			p.note("login.elsewhere", "stored", redactURL(other.BaseURL), "url", redactURL(base))
			return
		}
		p.note("keyring.unread", "cause", p.redact(rootCause(err)))
	})
	return p.apiToken.Value, err
}

// stores returns the stores of the API token in the order in which they are read.
func (p *program) stores() []credential.Store {
	return []credential.Store{p.keyringStore(), p.fileStore()}
}

func (p *program) keyringStore() credential.KeyringStore {
	return credential.KeyringStore{
		Keyring: p.keyring, Terminal: p.terminal, OnWait: func() { p.note("keyring.waiting") },
	}
}

func (p *program) fileStore() credential.FileStore { return credential.NewFileStore(p.configDir) }

// placeOf returns the name of a store for a sentence.
func (p *program) placeOf(s credential.Source) string {
	if s == credential.FromFile {
		return p.text.T("place.file", "file", p.fileStore().Path())
	}
	return p.text.T("place.keyring")
}
