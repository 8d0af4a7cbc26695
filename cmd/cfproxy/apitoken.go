package main

import (
	"context"
	"errors"
	"strings"

	"github.com/cfproxy/cfproxy/cmd/internal/credential"
)

// tokenVariable is the environment variable of the API token. There is no flag, because other processes can read arguments.
const tokenVariable = "CLOUDFLARE_API_TOKEN"

func (s *session) hasEnvToken() bool { return strings.TrimSpace(s.getenv(tokenVariable)) != "" }

// findToken looks for the API token in the environment, the keyring and the file, in this order. It leaves s.token empty if there is
// none. The stores are asked once, and only if the environment has no token.
func (s *session) findToken(ctx context.Context) error {
	if s.hasEnvToken() {
		s.setToken(credential.APIToken{Value: strings.TrimSpace(s.getenv(tokenVariable)), Source: credential.FromEnvironment})
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
