// Package credential finds and stores the Cloudflare API token of the user: in the keyring of the operating system or in a
// private file. There is no flag for the token, because every process can read the arguments of another.
package credential

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/cfproxy/cfproxy/cmd/internal/input"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

// Source is where the API token of a run comes from.
type Source string

// Sources, in the order in which they are tried.
const (
	FromEnvironment Source = "environment"
	FromKeyring     Source = "keyring"
	FromFile        Source = "file"
	FromPrompt      Source = "prompt"
)

// APIToken is the API token of a run.
type APIToken struct {
	Value  string
	Source Source
}

// IsStored reports whether the token comes from a store.
func (t APIToken) IsStored() bool { return t.Source == FromKeyring || t.Source == FromFile }

// StoredToken is an API token that is stored for later runs, and the base URL of the API that it was entered for. It must not be
// sent to another one.
type StoredToken struct {
	Token   string `json:"token"`
	BaseURL string `json:"base_url"`
}

// Store is a place for one API token.
type Store interface {
	// Source returns which store it is: FromKeyring or FromFile.
	Source() Source
	// Load returns [ErrNotStored] if there is no token, and [ErrNoKeyring] if there is no keyring.
	Load(ctx context.Context) (StoredToken, error)
	// Save creates or replaces the token.
	Save(ctx context.Context, t StoredToken) error
	// Delete returns the same errors as Load.
	Delete(ctx context.Context) error
}

// Errors of a Store.
// Errors of stores.
var (
	ErrNoKeyring = errors.New("no keyring")
	ErrNotStored = errors.New("no token stored")
	ErrMalformed = errors.New("the stored data was not written by cfproxy")
)

// OtherAPIError is the error of a token that is stored for another API.
type OtherAPIError struct{ BaseURL string }

// Error returns the address of the other API in a sentence.
func (e *OtherAPIError) Error() string { return "the token is for " + e.BaseURL }

// Find returns the first token that is stored for the API at baseURL, or an empty one. A store without a token is skipped. So is
// a keyring that fails and a token for another API, and skipped is called with the error or an [OtherAPIError].
func Find(ctx context.Context, stores []Store, baseURL string, skipped func(error)) (APIToken, error) {
	for _, store := range stores {
		stored, err := store.Load(ctx)
		var e *problem.Error
		switch {
		case isAbsent(err):
		case errors.Is(err, context.Canceled), errors.As(err, &e):
			return APIToken{}, err
		case err != nil:
			skipped(err)
		case stored.BaseURL != baseURL:
			skipped(&OtherAPIError{stored.BaseURL})
		default:
			return APIToken{Value: stored.Token, Source: store.Source()}, nil
		}
	}
	return APIToken{}, nil
}

// Deletion is the attempt to delete a stored token.
type Deletion struct {
	Source Source
	Err    error // nil if the token was deleted
}

// Delete deletes the token from the stores. The result has no entry for a store without a token.
func Delete(ctx context.Context, stores []Store) []Deletion {
	var all []Deletion
	for _, store := range stores {
		if err := store.Delete(ctx); !isAbsent(err) {
			all = append(all, Deletion{store.Source(), err})
		}
	}
	return all
}

func isAbsent(err error) bool { return errors.Is(err, ErrNotStored) || errors.Is(err, ErrNoKeyring) }

func encode(t StoredToken) []byte {
	// Marshalling plain strings cannot fail.
	text, _ := json.Marshal(t)
	return text
}

func decode(text []byte) (StoredToken, error) {
	var t StoredToken
	if json.Unmarshal(text, &t) != nil || t.Token == "" || t.BaseURL == "" {
		// The error of the decoder would repeat a part of the text.
		return StoredToken{}, ErrMalformed
	}
	// The file may have been edited by hand.
	if token, err := input.Clean("", t.Token); err == nil && token != "" {
		t.Token = token
	}
	return t, nil
}
