// Package filelock makes processes of one user take turns at changing a file.
package filelock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// ErrTimeout is returned if another process still holds the lock at the end of the timeout.
var ErrTimeout = errors.New("locked by another process")

const (
	noticeDelay   = 200 * time.Millisecond // until onWait is called
	retryInterval = 50 * time.Millisecond
)

// Lock takes the lock of the file at path, which must be absolute and without symbolic links. It waits while another
// process holds the lock: onWait is called once if that takes longer than 200 ms, and ErrTimeout is returned after the
// timeout. unlock may be called more than once. The operating system releases the lock of a process that exits.
//
// The file itself is not opened and need not exist. The lock is an empty file in the user's cache directory, so that no
// unknown file appears among the user's own.
func Lock(ctx context.Context, path string, timeout time.Duration, onWait func()) (unlock func(), err error) {
	name, err := lockName(path)
	if err != nil {
		return nil, err
	}
	lock := flock.New(name)
	err = tryFor(ctx, lock, min(noticeDelay, timeout))
	if errors.Is(err, ErrTimeout) && timeout > noticeDelay {
		onWait()
		err = tryFor(ctx, lock, timeout-noticeDelay)
	}
	if err != nil {
		_ = lock.Close()
		return nil, err
	}
	return sync.OnceFunc(func() { _ = lock.Close() }), nil
}

// tryFor tries to take the lock until the timeout ends.
func tryFor(ctx context.Context, lock *flock.Flock, timeout time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	locked, err := lock.TryLockContext(limited, retryInterval)
	switch {
	case locked:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return ErrTimeout
	}
	return err
}

// lockName returns the name of the lock file for path, in a directory that exists.
func lockName(path string) (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	dir = filepath.Join(dir, "cfproxy", "lock")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(dir, hex.EncodeToString(sum[:8])), nil
}
