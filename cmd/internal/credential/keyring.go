package credential

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

// Keyring is one entry in the keyring of the operating system: Keychain, Credential Manager, or a Secret Service.
type Keyring interface {
	// Get returns [ErrNotStored] if there is no entry, and [ErrNoKeyring] if there is no keyring.
	Get() (string, error)
	// Set creates or replaces the entry.
	Set(secret string) error
	// Delete returns the same errors as Get.
	Delete() error
}

// SystemKeyring is the entry of cfproxy in the user's own keyring. The user finds it there under the name of the program.
type SystemKeyring struct{}

const (
	keyringService = "cfproxy"
	keyringUser    = "cloudflare-api-token"
)

// Get returns the secret, or ErrNotStored.
// Get returns the secret. See [Keyring] for its errors.
func (SystemKeyring) Get() (string, error) {
	if !hasBus() {
		return "", ErrNoKeyring
	}
	secret, err := keyring.Get(keyringService, keyringUser)
	return secret, keyringError(err)
}

// Set creates or replaces the entry.
// Set stores a secret. It returns [ErrNoKeyring] if there is no keyring.
func (SystemKeyring) Set(secret string) error {
	if !hasBus() {
		return ErrNoKeyring
	}
	return keyringError(keyring.Set(keyringService, keyringUser, secret))
}

// Delete removes the entry.
// Delete removes the secret. See [Keyring] for its errors.
func (SystemKeyring) Delete() error {
	if !hasBus() {
		return ErrNoKeyring
	}
	return keyringError(keyring.Delete(keyringService, keyringUser))
}

func keyringError(err error) error {
	switch {
	case errors.Is(err, keyring.ErrNotFound):
		return ErrNotStored
	case errors.Is(err, keyring.ErrUnsupportedPlatform), isNoService(err):
		return fmt.Errorf("%w: %w", ErrNoKeyring, err)
	}
	return err
}

// KeyringStore stores the token in a keyring. A keyring that does not answer is an error after ten seconds, or after a minute if Terminal
// is set.
type KeyringStore struct {
	// Keyring is nil if there is none.
	Keyring Keyring
	// Terminal means that the user can unlock the keyring in its window, so the timeout is longer.
	Terminal bool
	// OnWait is called once if the keyring takes longer than a second.
	OnWait func()
}

const (
	keyringNotice          = time.Second
	keyringTimeoutTerminal = 60 * time.Second
	keyringTimeout         = 10 * time.Second
)

var errKeyringTimeout = errors.New("no answer in time")

// Source returns FromKeyring.
// Source returns FromKeyring.
func (KeyringStore) Source() Source { return FromKeyring }

// Load returns the token in the keyring.
// Load returns the token, [ErrNotStored], [ErrNoKeyring], [ErrMalformed], an error of the keyring, or one for a keyring that does not
// answer in time.
func (s KeyringStore) Load(ctx context.Context) (StoredToken, error) {
	var text string
	err := s.do(ctx, func() (err error) {
		text, err = s.Keyring.Get()
		return err
	})
	if err != nil {
		return StoredToken{}, err
	}
	return decode([]byte(text))
}

// Save creates or replaces the token. Its error is a problem.Error that tells what to do.
// Save creates or replaces the entry. Its error is a [problem.Error], except if ctx was cancelled.
func (s KeyringStore) Save(ctx context.Context, t StoredToken) error {
	return KeyringProblem(s.do(ctx, func() error { return s.Keyring.Set(string(encode(t))) }))
}

// Delete removes the token from the keyring.
// Delete removes the entry. It returns the same errors as Load, except [ErrMalformed].
func (s KeyringStore) Delete(ctx context.Context) error {
	return s.do(ctx, func() error { return s.Keyring.Delete() })
}

func (s KeyringStore) do(ctx context.Context, operation func() error) error {
	if s.Keyring == nil {
		return ErrNoKeyring
	}
	timeout := keyringTimeout
	if s.Terminal {
		timeout = keyringTimeoutTerminal
	}
	return doWithTimeout(ctx, s.OnWait, keyringNotice, timeout, operation)
}

// KeyringProblem returns the [problem.Error] for an error of a keyring that the user chose.
func KeyringProblem(err error) error {
	switch {
	case errors.Is(err, ErrNoKeyring):
		return problem.New("keyring-missing", problem.ExitFailed)
	case err == nil, errors.Is(err, context.Canceled):
		return err
	}
	return problem.Wrap("keyring-failed", err)
}

// doWithTimeout runs an operation and stops waiting for it after the timeout, because the library has none. The operation may
// still complete later. onWait is called once, after notice.
func doWithTimeout(ctx context.Context, onWait func(), notice, timeout time.Duration, operation func() error) error {
	done := make(chan error, 1)
	go func() {
		// A panic in this goroutine would end the program with a stack trace.
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("crashed: %v", r)
			}
		}()
		done <- operation()
	}()
	waiting, end := time.NewTimer(notice), time.NewTimer(timeout)
	defer waiting.Stop()
	defer end.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-waiting.C:
			onWait()
		case <-end.C:
			return errKeyringTimeout
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
