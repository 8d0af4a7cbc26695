package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/cfproxy/cfproxy/provision/atomicfile"
)

// fileMode is the mode of the file, which contains tokens and secrets.
const fileMode = 0o600

// racyWindow is how recently a file may have been modified when it was read so that a second change within the same tick
// of the file system's clock may be missed. Git calls this the racy index problem.
const racyWindow = 100 * time.Millisecond

// Store stores the accounts in a file or in memory. It may be used by multiple goroutines, and multiple processes may
// have a Store on the same file: each sees what the others write. Writes are serialised by a lock on FILE.lock, an empty
// file that is never removed.
type Store struct {
	path string       // "" = in memory
	lock *flock.Flock // serialises processes; nil in memory

	write sync.Mutex  // serialises writers in this process
	cache encodeCache // guarded by write

	mu      sync.Mutex // guards the fields below
	data    []byte     // content of the file; in memory, what the state was parsed from
	current *state     // immutable
	info    fs.FileInfo
	read    time.Time
}

// Open reads the state at path strictly: if the file is not a valid state, the error has line and column and the file is
// left unchanged. If the file is missing or empty, a default account is written to it with mode 0600. If it leaves things
// out, it is completed and written back once, so that afterwards only changes of the account change the file. With an
// empty path everything is in memory.
func Open(path string) (*Store, error) {
	if path == "" {
		return initialize(&Store{}, nil)
	}
	if real, err := atomicfile.RealPath(path); err == nil {
		path = real
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sandbox state: %w", err)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("sandbox state: %s is not a regular file", path)
	}
	s := &Store{path: path, lock: flock.New(path+".lock", flock.SetPermissions(0o666))}
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("sandbox state: %w", err)
	}
	if len(data) > 0 {
		st, err := decode(data)
		if err != nil {
			return nil, s.wrapError(err) // checked first to create no lock file next to a foreign file
		}
		if same, err := encode(st, nil, 0); err == nil && st.Edge != nil && bytes.Equal(same, data) {
			return s, nil // nothing to complete or write, so a read-only directory is fine
		}
	}
	return initialize(s, data)
}

// Parse returns a Store in memory with the state from data, which has the same JSON as a file.
func Parse(data []byte) (*Store, error) {
	return initialize(&Store{}, data)
}

// initialize completes the state and writes it back if this changes anything.
func initialize(s *Store, data []byte) (*Store, error) {
	if s.path == "" {
		s.data = data
	}
	err := s.update(func(st *state) error { return st.ensureAuthority() })
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Token returns the value of the first token, or "" if there is none or the state cannot be read.
func (s *Store) Token() string {
	st, err := s.state()
	if err != nil || len(st.Tokens) == 0 {
		return ""
	}
	return st.Tokens[0].Value
}

// Bytes returns the state as it is in the file.
func (s *Store) Bytes() ([]byte, error) {
	st, err := s.state()
	if err != nil {
		return nil, err
	}
	if s.path == "" {
		return encode(st, nil, 0)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.data), nil
}

// state returns the current state, for reading only. It costs a stat call if the file has not changed.
func (s *Store) state() (*state, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path == "" {
		return s.current, nil
	}
	info, err := os.Stat(s.path)
	if err != nil {
		return nil, fmt.Errorf("sandbox state: %w", err)
	}
	if s.current != nil && s.unchanged(info) {
		return s.current, nil
	}
	return s.load()
}

func (s *Store) unchanged(info fs.FileInfo) bool {
	return s.info != nil && os.SameFile(info, s.info) && info.Size() == s.info.Size() &&
		info.ModTime().Equal(s.info.ModTime()) && s.read.Sub(info.ModTime()) > racyWindow
}

// load reads the file. It keeps the old state if the content is the same. s.mu is held.
func (s *Store) load() (*state, error) {
	read := time.Now()
	f, err := os.Open(s.path)
	if err != nil {
		return nil, fmt.Errorf("sandbox state: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("sandbox state: %w", err)
	}
	same, err := false, nil
	if s.current != nil {
		same, err = hasContent(f, s.data)
	}
	if err == nil && !same {
		err = s.decodeAll(f)
	}
	if err != nil {
		return nil, err
	}
	s.info, s.read = info, read
	return s.current, nil
}

// hasContent reports whether a file has exactly this content, without keeping a second copy in memory.
func hasContent(f io.Reader, data []byte) (bool, error) {
	part := make([]byte, 64<<10)
	for {
		n, err := f.Read(part)
		if !bytes.HasPrefix(data, part[:n]) {
			return false, nil
		}
		data = data[n:]
		switch {
		case errors.Is(err, io.EOF):
			return len(data) == 0, nil
		case err != nil:
			return false, fmt.Errorf("sandbox state: %w", err)
		}
	}
}

// decodeAll decodes the file into the current state. s.mu is held.
func (s *Store) decodeAll(f *os.File) error {
	_, err := f.Seek(0, io.SeekStart)
	var data []byte
	if err == nil {
		data, err = io.ReadAll(f)
	}
	if err != nil {
		return fmt.Errorf("sandbox state: %w", err)
	}
	st, err := decode(data)
	if err != nil {
		return s.wrapError(err)
	}
	s.current, s.data = st, data
	return nil
}

// update changes the state under the lock of all processes. It writes everything that change did to the draft, or nothing
// if change returns an error. It does not write if the content stays the same.
func (s *Store) update(change func(*state) error) error {
	s.write.Lock()
	defer s.write.Unlock()
	if s.lock != nil {
		if err := s.lock.Lock(); err != nil {
			return fmt.Errorf("sandbox state: lock: %w", err)
		}
		defer s.lock.Unlock()
	}
	base, old, err := s.base()
	if err != nil {
		return err
	}
	st := base.draft()
	if err := change(st); err != nil {
		return err
	}
	st.finish()
	if s.path == "" {
		return s.setCurrent(st, nil)
	}
	if s.cache == nil {
		s.cache = encodeCache{}
	}
	data, err := encode(st, s.cache, len(old))
	if err != nil {
		return err
	}
	if !bytes.Equal(old, data) {
		if err := atomicfile.Write(s.path, data, fileMode); err != nil {
			return fmt.Errorf("sandbox state: %w", err)
		}
	}
	return s.setCurrent(st, data)
}

// base returns the current state and the content of the file; before the first write, the initial ones.
func (s *Store) base() (*state, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil {
		if s.path == "" {
			return s.current, nil, nil
		}
		st, err := s.load()
		return st, s.data, err
	}
	data := s.data
	if s.path != "" {
		var err error
		if data, err = os.ReadFile(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("sandbox state: %w", err)
		}
	}
	if len(data) == 0 {
		return defaultState(), nil, nil
	}
	st, err := decode(data)
	if err != nil {
		return nil, nil, s.wrapError(err)
	}
	return st, data, nil
}

// setCurrent makes a state that has been written the current one.
func (s *Store) setCurrent(st *state, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path != "" {
		info, err := os.Stat(s.path)
		if err != nil {
			return fmt.Errorf("sandbox state: %w", err)
		}
		s.info, s.read = info, time.Now()
	}
	if s.current == nil || s.path == "" || !bytes.Equal(data, s.data) {
		s.current, s.data = st, data
	}
	return nil
}

func (s *Store) wrapError(err error) error {
	if s.path == "" {
		return fmt.Errorf("sandbox state: %w", err)
	}
	return fmt.Errorf("sandbox state %s: %w", s.path, err)
}
