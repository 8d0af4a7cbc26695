package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/atomicfile"
)

// kept is an API token that was stored for later runs, and the address of the API that it was given for: it is sent nowhere
// else.
type kept struct {
	Token   string `json:"token"`
	BaseURL string `json:"base_url"`
}

// tokenStore is a place for it.
type tokenStore interface {
	// source names the place.
	source() source
	// read gives errNotKept where nothing is stored, errNoKeyring where there is no such place.
	read(ctx context.Context) (kept, error)
	write(ctx context.Context, k kept) error
	// remove gives the errors of read.
	remove(ctx context.Context) error
}

// stores lists the places in the order in which they are asked.
func (p *program) stores() []tokenStore {
	return []tokenStore{p.inKeyring(), p.inFile()}
}

func (p *program) inKeyring() keyringStore { return keyringStore{p} }

// keyringStore waits for the keyring with the program's patience, and says so.
type keyringStore struct{ p *program }

func (keyringStore) source() source { return fromKeyring }

func (s keyringStore) try(ctx context.Context, do func() error) error {
	if s.p.keyring == nil {
		return errNoKeyring
	}
	limit := keyringPatienceUnseen
	if s.p.terminal {
		limit = keyringPatience
	}
	return inTime(ctx, func() { s.p.note("keyring.waiting") }, keyringNotice, limit, do)
}

func (s keyringStore) read(ctx context.Context) (kept, error) {
	var text string
	err := s.try(ctx, func() (err error) {
		text, err = s.p.keyring.get()
		return err
	})
	if err != nil {
		return kept{}, err
	}
	return parseKept([]byte(text))
}

func (s keyringStore) write(ctx context.Context, k kept) error {
	// Marshalling plain strings cannot fail.
	text, _ := json.Marshal(k)
	err := s.try(ctx, func() error { return s.p.keyring.set(string(text)) })
	return s.failure(err)
}

func (s keyringStore) remove(ctx context.Context) error {
	return s.try(ctx, func() error { return s.p.keyring.remove() })
}

// failure words what a keyring says when it was to do something.
func (s keyringStore) failure(err error) error {
	switch {
	case errors.Is(err, errNoKeyring):
		return problem.New("keyring-missing", problem.ExitFailed)
	case err == nil, errors.Is(err, context.Canceled):
		return err
	}
	return problem.Wrap("keyring-failed", err)
}

var errKeptMalformed = errors.New("what is stored is not of cfproxy's making")

func parseKept(text []byte) (kept, error) {
	var k kept
	if json.Unmarshal(text, &k) != nil || k.Token == "" || k.BaseURL == "" {
		// The cause would repeat a part of the text.
		return kept{}, errKeptMalformed
	}
	return k, nil
}

// inFile gives the file for the token, for those who ask for one. It is in the folder of the user's settings.
func (p *program) inFile() fileStore {
	if p.configDir == nil {
		return fileStore{err: errNotKept}
	}
	folder, err := p.configDir()
	return fileStore{path: filepath.Join(folder, "cfproxy", "token.json"), err: err}
}

// fileStore is a file that its owner alone can read.
type fileStore struct {
	path string
	err  error // there is no folder for settings
}

func (fileStore) source() source { return fromFile }

// longestKept is far more than a token takes, in bytes.
const longestKept = 16 << 10

// read refuses a file that others may have read, or have put there.
func (s fileStore) read(context.Context) (kept, error) {
	if s.err != nil {
		return kept{}, errNotKept
	}
	info, err := os.Lstat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return kept{}, errNotKept
	case err == nil && !info.Mode().IsRegular():
		return kept{}, problem.New("token-file-foreign", problem.ExitFailed, "file", s.path)
	}
	f, err := os.Open(s.path)
	if err != nil {
		return kept{}, problem.Wrap("token-file-unreadable", err, "file", s.path)
	}
	defer f.Close()
	if info, err = f.Stat(); err == nil {
		err = checkPrivate(s.path, info)
	}
	if err != nil {
		return kept{}, err
	}
	text, err := io.ReadAll(io.LimitReader(f, longestKept))
	if err != nil {
		return kept{}, problem.Wrap("token-file-unreadable", err, "file", s.path)
	}
	k, err := parseKept(text)
	if err != nil {
		return kept{}, problem.Wrap("token-file-unreadable", err, "file", s.path)
	}
	return k, nil
}

// write writes beside the file and renames, so that no other reader ever finds it open or half done.
func (s fileStore) write(_ context.Context, k kept) error {
	err := s.err
	if err == nil {
		// Marshalling plain strings cannot fail.
		text, _ := json.Marshal(k)
		err = writePrivate(s.path, append(text, '\n'))
	}
	if err != nil {
		return problem.Wrap("token-file-unwritable", err, "file", s.path)
	}
	return nil
}

func writePrivate(path string, text []byte) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(folder, 0o700); err != nil {
		return err
	}
	return atomicfile.Write(path, text, 0o600)
}

func (s fileStore) remove(context.Context) error {
	if s.err != nil {
		return errNotKept
	}
	err := os.Remove(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errNotKept
	case err != nil:
		return problem.Wrap("token-file-unwritable", err, "file", s.path)
	}
	return nil
}
