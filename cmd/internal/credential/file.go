package credential

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/atomicfile"
)

// FileStore stores the token in a file that only its owner can read.
type FileStore struct {
	path string
	err  error // there is no directory for it
}

// NewFileStore returns the store in the user's configuration directory. configDir may be nil: then there is no such directory.
func NewFileStore(configDir func() (string, error)) FileStore {
	if configDir == nil {
		return FileStore{err: ErrNotStored}
	}
	dir, err := configDir()
	return FileStore{path: filepath.Join(dir, "cfproxy", "token.json"), err: err}
}

// Path returns the name of the file.
func (s FileStore) Path() string { return s.path }

// Source returns FromFile.
// Source returns FromFile.
func (FileStore) Source() Source { return FromFile }

// maxFileSize is far more than a token needs, in bytes.
const maxFileSize = 16 << 10

// Load returns the token, [ErrNotStored] if there is no file, or a [problem.Error]: also if another user could have read the file, or
// could have put it there.
func (s FileStore) Load(context.Context) (StoredToken, error) {
	if s.err != nil {
		return StoredToken{}, ErrNotStored
	}
	info, err := os.Lstat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return StoredToken{}, ErrNotStored
	case err == nil && !info.Mode().IsRegular():
		return StoredToken{}, problem.New("token-file-foreign", problem.ExitFailed, "file", s.path)
	}
	f, err := os.Open(s.path)
	if err != nil {
		return StoredToken{}, problem.Wrap("token-file-unreadable", err, "file", s.path)
	}
	defer f.Close()
	if info, err = f.Stat(); err == nil {
		err = checkPrivate(s.path, info)
	}
	if err != nil {
		return StoredToken{}, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFileSize))
	if err != nil {
		return StoredToken{}, problem.Wrap("token-file-unreadable", err, "file", s.path)
	}
	t, err := decode(text)
	if err != nil {
		return StoredToken{}, problem.Wrap("token-file-unreadable", err, "file", s.path)
	}
	return t, nil
}

// Save creates or replaces the file. Only the user can read it.
// Save replaces the file, with mode 0600 in a directory with mode 0700, which it creates. Its error is a [problem.Error].
func (s FileStore) Save(_ context.Context, t StoredToken) error {
	err := s.err
	if err == nil {
		err = writePrivate(s.path, append(encode(t), '\n'))
	}
	if err != nil {
		return problem.Wrap("token-file-unwritable", err, "file", s.path)
	}
	return nil
}

func writePrivate(path string, text []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	return atomicfile.Write(path, text, 0o600)
}

// Delete removes the file.
// Delete removes the file. It returns [ErrNotStored] if there is none, and otherwise a [problem.Error].
func (s FileStore) Delete(context.Context) error {
	if s.err != nil {
		return ErrNotStored
	}
	err := os.Remove(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ErrNotStored
	case err != nil:
		return problem.Wrap("token-file-unwritable", err, "file", s.path)
	}
	return nil
}
