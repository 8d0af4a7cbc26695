package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/credential"
	"github.com/cfproxy/cfproxy/cmd/internal/input"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// tokenVariable is the environment variable of the API token. There is no flag, because other processes can read arguments.
const tokenVariable = "CLOUDFLARE_API_TOKEN"

// otherTokenVariables are those in which other tools, and older versions of Cloudflare's, read a token or a Global API Key.
func otherTokenVariables() []string {
	return []string{
		"CF_API_TOKEN", "CLOUDFLARE_TOKEN", "CF_TOKEN", "CLOUDFLARE_DNS_API_TOKEN", "CF_DNS_API_TOKEN", "CLOUDFLARE_API_KEY", "CF_API_KEY",
	}
}

// missingTokenError returns the error of a run without a token. It names another variable that is set, if there is one.
func (s *session) missingTokenError() error {
	e := errcode.New(errcode.TokenMissing)
	for _, name := range otherTokenVariables() {
		if strings.TrimSpace(s.getenv(name)) != "" {
			e.Details["variable"] = name
			break
		}
	}
	return e
}

func (s *session) hasEnvToken() bool {
	token, err := s.envToken()
	return token != "" || err != nil
}

func (s *session) envToken() (string, error) {
	return cleanToken(tokenVariable, s.getenv(tokenVariable))
}

// cleanToken returns an API token without what was pasted around it. name is where it comes from.
func cleanToken(name, text string) (string, error) {
	token, err := input.Clean(name, text)
	if e, ok := errors.AsType[*problem.Error](err); ok {
		e.Exit = problem.ExitToken
		return "", e
	}
	return token, nil
}

// checkTypedToken returns an error for a text that cannot be an API token.
func (c *console) checkTypedToken(text string) error {
	token, err := cleanToken(c.text.T("ask.token.title"), text)
	if err != nil {
		return err
	}
	return cloudflare.CheckToken(token)
}

// setTypedToken uses a token that checkTypedToken has accepted.
func (s *session) setTypedToken(text string) {
	s.addSecret(text)
	token, _ := input.Clean("", text)
	s.setToken(credential.APIToken{Value: token, Source: credential.FromPrompt})
}

// findToken looks for the API token in the environment, the keyring and the file, in this order. It leaves s.token empty if there is
// none. The stores are asked once, and only if the environment has no token.
func (s *session) findToken(ctx context.Context) error {
	switch token, err := s.envToken(); {
	case err != nil:
		return err
	case token != "":
		s.setToken(credential.APIToken{Value: token, Source: credential.FromEnvironment})
	}
	if s.token.Value != "" || s.isTokenSearched {
		return nil
	}
	base, err := s.baseURL()
	if err != nil {
		return err
	}
	s.isTokenSearched = true
	token, err := credential.Find(ctx, s.tokenStores(), base, func(err error) {
		if other := (*credential.OtherAPIError)(nil); errors.As(err, &other) {
			s.errf("login.elsewhere", "stored", redactURL(other.BaseURL), "url", redactURL(base))
			return
		}
		s.errf("keyring.unread", "cause", s.redact(rootCause(err)))
	})
	if err == nil {
		s.setToken(token)
	}
	return err
}

// setToken uses a token for the rest of the run.
func (s *session) setToken(token credential.APIToken) {
	s.token = token
	s.addSecret(token.Value)
	s.tokenPlace = ""
	if token.IsStored() {
		s.tokenPlace = s.placeName(token.Source)
	}
}

// openWithTypedToken opens the account of s.token and reads its zones. On a terminal it asks for another token while the API rejects it.
func (s *session) openWithTypedToken(ctx context.Context, read func(*account) ([]plan.Zone, error)) (*account, []plan.Zone, error) {
	for {
		account, err := s.openAccount()
		if err != nil {
			return nil, nil, err
		}
		zones, err := read(account)
		if err == nil || !s.terminal || exitOf(errcode.Of(err)) != problem.ExitToken {
			return account, zones, err
		}
		code, details, _ := s.describe(err)
		fmt.Fprintln(s.stderr, s.errorText(code, details))
		if err := s.askTokenAgain(ctx); err != nil {
			return nil, nil, err
		}
	}
}

// tokenStores returns the stores in the order in which they are tried.
func (s *session) tokenStores() []credential.Store {
	return []credential.Store{s.keyringStore(), s.fileStore()}
}

func (s *session) keyringStore() credential.Store {
	return credential.KeyringStore{Keyring: s.keyring, Terminal: s.terminal, OnWait: func() { s.errf("keyring.waiting") }}
}

func (s *session) fileStore() credential.FileStore { return credential.NewFileStore(s.configDir) }

// placeName returns the name of a store for a sentence.
func (s *session) placeName(source credential.Source) string {
	if source == credential.FromFile {
		return s.text.T("place.file", "file", s.fileStore().Path())
	}
	return s.text.T("place.keyring")
}
