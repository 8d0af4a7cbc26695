package workerd

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/gofrs/flock"
)

// lockInterval is the time between two attempts to get a lock that another process holds.
const lockInterval = 100 * time.Millisecond

// lock waits until no other process holds the lock file at path. The operating system releases the lock of a process that
// exits. On a file system without locks it succeeds at once: concurrent installs are safe and merely do the work twice.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	l := flock.New(path, flock.SetPermissions(0o644))
	locked, err := l.TryLockContext(ctx, lockInterval)
	var openError *fs.PathError
	switch {
	case !locked && ctx.Err() != nil:
		err = ctx.Err()
	case !errors.As(err, &openError):
		err = nil
	}
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	return func() { _ = l.Close() }, nil
}
