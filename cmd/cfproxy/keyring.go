package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	keyringlib "github.com/zalando/go-keyring"
)

// keyring is where the operating system keeps secrets for its user: Keychain, Credential Manager, a Secret Service. Of all
// that it holds, these are about one entry, ours.
type keyring interface {
	// get gives the entry; errNotKept where there is none, errNoKeyring where there is not even a keyring.
	get() (string, error)
	// set makes or replaces the entry.
	set(secret string) error
	// remove takes it away; errNotKept where there is none.
	remove() error
}

var (
	errNoKeyring     = errors.New("no keyring")
	errNotKept       = errors.New("not kept")
	errKeyringSilent = errors.New("no answer in time")
)

// systemKeyring is the real one. The entry has the program's name, by which its owner finds it in the keyring's own window.
type systemKeyring struct{}

const (
	keyringService = "cfproxy"
	keyringUser    = "cloudflare-api-token"
)

func (systemKeyring) get() (string, error) {
	if !hasBus() {
		return "", errNoKeyring
	}
	secret, err := keyringlib.Get(keyringService, keyringUser)
	return secret, keyringError(err)
}

func (systemKeyring) set(secret string) error {
	if !hasBus() {
		return errNoKeyring
	}
	return keyringError(keyringlib.Set(keyringService, keyringUser, secret))
}

func (systemKeyring) remove() error {
	if !hasBus() {
		return errNoKeyring
	}
	return keyringError(keyringlib.Delete(keyringService, keyringUser))
}

func keyringError(err error) error {
	switch {
	case errors.Is(err, keyringlib.ErrNotFound):
		return errNotKept
	case errors.Is(err, keyringlib.ErrUnsupportedPlatform), isNoService(err):
		return fmt.Errorf("%w: %w", errNoKeyring, err)
	}
	return err
}

// How long a keyring may take. Where somebody can see its window it may wait for a password; elsewhere nobody will type one.
const (
	keyringNotice         = time.Second
	keyringPatience       = 60 * time.Second
	keyringPatienceUnseen = 10 * time.Second
)

// inTime does one thing with a keyring, and gives up on it after limit, since the library would wait without end. What was
// begun may then still happen. notice is called if it takes a while.
func inTime(ctx context.Context, notice func(), wait, limit time.Duration, do func() error) error {
	done := make(chan error, 1)
	go func() {
		// What panics here would take the program along, with a stack trace.
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("crashed: %v", r)
			}
		}()
		done <- do()
	}()
	long, end := time.NewTimer(wait), time.NewTimer(limit)
	defer long.Stop()
	defer end.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-long.C:
			notice()
		case <-end.C:
			return errKeyringSilent
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
