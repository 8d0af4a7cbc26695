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

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/cfproxy/cfproxy/provision/atomicfile"
)

// fileMode: the file holds tokens and secrets.
const fileMode = 0o600

// racy is how close to its own modification a file may have been read and still hide a second change in the same
// tick of the file system's clock. Git calls this the racy index problem.
const racy = 100 * time.Millisecond

// Store holds one account, in a file or in memory. It may be used by many goroutines, and many processes may hold a
// Store on the same file: each sees what another has written, and writes are serialised by a lock on FILE.lock
// (an empty file that stays beside FILE).
type Store struct {
	path string            // "" = memory
	lock *lockedfile.Mutex // serialises processes; nil in memory

	write sync.Mutex // serialises writers of this process
	known chunks     // guarded by write

	mu   sync.Mutex // guards what follows
	data []byte     // of the file; in memory what the state was parsed from
	now  *state     // never changed once it stands here
	info fs.FileInfo
	read time.Time
}

// Open reads the state at path, strictly: what is not a sandbox state is an error with its line and column, and is
// left untouched. A missing or empty file becomes a default account, mode 0600; a file that leaves things out is
// completed and written back once, so that afterwards only changes of the account change the file. The path ""
// keeps everything in memory.
func Open(path string) (*Store, error) {
	if path == "" {
		return create(&Store{}, nil)
	}
	if real, err := atomicfile.RealPath(path); err == nil {
		path = real
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sandbox state: %w", err)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("sandbox state: %s is no regular file", path)
	}
	s := &Store{path: path, lock: lockedfile.MutexAt(path + ".lock")}
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("sandbox state: %w", err)
	}
	if len(data) > 0 {
		st, err := decode(data)
		if err != nil {
			return nil, s.bad(err) // before a lock file stands beside a foreign file
		}
		if same, err := encode(st, nil, 0); err == nil && st.Edge != nil && bytes.Equal(same, data) {
			return s, nil // nothing to complete, so nothing to write: a read-only folder will do
		}
	}
	return create(s, data)
}

// Parse opens a state in memory, from the same JSON that a file holds.
func Parse(data []byte) (*Store, error) {
	return create(&Store{}, data)
}

// create completes the state and writes it back if that changed anything.
func create(s *Store, data []byte) (*Store, error) {
	if s.path == "" {
		s.data = data
	}
	err := s.update(func(st *state) error { return st.ensureAuthority() })
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Token returns the value of the first token, "" if the state has none or cannot be read any more.
func (s *Store) Token() string {
	st, err := s.state()
	if err != nil || len(st.Tokens) == 0 {
		return ""
	}
	return st.Tokens[0].Value
}

// Bytes returns the state as it stands in the file.
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

// state returns what stands now, for reading only. It costs a stat while nobody writes.
func (s *Store) state() (*state, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path == "" {
		return s.now, nil
	}
	info, err := os.Stat(s.path)
	if err != nil {
		return nil, fmt.Errorf("sandbox state: %w", err)
	}
	if s.now != nil && s.unchanged(info) {
		return s.now, nil
	}
	return s.load()
}

func (s *Store) unchanged(info fs.FileInfo) bool {
	return s.info != nil && os.SameFile(info, s.info) && info.Size() == s.info.Size() &&
		info.ModTime().Equal(s.info.ModTime()) && s.read.Sub(info.ModTime()) > racy
}

// load reads the file; mu is held. The old state stays in place if the bytes are the same.
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
	if s.now != nil {
		same, err = holds(f, s.data)
	}
	if err == nil && !same {
		err = s.decodeAll(f)
	}
	if err != nil {
		return nil, err
	}
	s.info, s.read = info, read
	return s.now, nil
}

// holds tells whether a file has these very bytes, without keeping a second copy of them: most often it has.
func holds(f io.Reader, data []byte) (bool, error) {
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

// decodeAll makes what a file holds the current state; mu is held.
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
		return s.bad(err)
	}
	s.now, s.data = st, data
	return nil
}

// update changes the state under the lock of all processes: all of what change did to the draft is written, or, when it
// returns an error, nothing. Nothing is written either when the bytes stay the same.
func (s *Store) update(change func(*state) error) error {
	s.write.Lock()
	defer s.write.Unlock()
	if s.lock != nil {
		unlock, err := s.lock.Lock()
		if err != nil {
			return fmt.Errorf("sandbox state: lock: %w", err)
		}
		defer unlock()
	}
	base, old, err := s.base()
	if err != nil {
		return err
	}
	st := base.draft()
	if err := change(st); err != nil {
		return err
	}
	st.settle()
	if s.path == "" {
		return s.adopt(st, nil)
	}
	if s.known == nil {
		s.known = chunks{}
	}
	data, err := encode(st, s.known, len(old))
	if err != nil {
		return err
	}
	if !bytes.Equal(old, data) {
		if err := atomicfile.Write(s.path, data, fileMode); err != nil {
			return fmt.Errorf("sandbox state: %w", err)
		}
	}
	return s.adopt(st, data)
}

// base returns what stands now, with the bytes of the file, and at the very beginning what there is to begin with.
func (s *Store) base() (*state, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil {
		if s.path == "" {
			return s.now, nil, nil
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
		return nil, nil, s.bad(err)
	}
	return st, data, nil
}

// adopt makes a written state the current one.
func (s *Store) adopt(st *state, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path != "" {
		info, err := os.Stat(s.path)
		if err != nil {
			return fmt.Errorf("sandbox state: %w", err)
		}
		s.info, s.read = info, time.Now()
	}
	if s.now == nil || s.path == "" || !bytes.Equal(data, s.data) {
		s.now, s.data = st, data
	}
	return nil
}

func (s *Store) bad(err error) error {
	if s.path == "" {
		return fmt.Errorf("sandbox state: %w", err)
	}
	return fmt.Errorf("sandbox state %s: %w", s.path, err)
}
