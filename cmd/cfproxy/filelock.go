package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/atomicfile"
	"github.com/cfproxy/cfproxy/worker/workerd"
)

// Whoever reads a cfproxy.toml and makes the relay follow it holds the file meanwhile, so that a slow run cannot bring back
// what a fast one has just revoked.

const (
	// lockNotice is how long a wait may be before it is told.
	lockNotice = 200 * time.Millisecond
	// lockPatience is how long somebody else may take, a question that waits for its answer included.
	lockPatience = 60 * time.Second
)

// holdFile takes the turn to change the file that was named, or that of this folder, and gives it back by release, which may
// be called twice. Where there is no such file there is nothing to hold.
func (p *program) holdFile(c *cli.Context) (release func(), err error) {
	path := c.String("config")
	if path == "" {
		path = configName
	}
	real, err := atomicfile.RealPath(path)
	if errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, problem.Wrap("config-unreadable", err, "file", path)
	}
	release, err = hold(c.Context, real, lockPatience, func() { p.note("lock.waiting", "file", path) })
	switch {
	case errors.Is(err, errHeld):
		return nil, problem.New("config-held", problem.ExitFailed, "file", path, "seconds", itoa(int(lockPatience.Seconds())))
	case err != nil && c.Context.Err() == nil:
		return nil, problem.Wrap("config-unwritable", err, "file", path)
	}
	return release, err
}

var errHeld = errors.New("held by another process")

// hold waits for its turn as long as it has patience, and tells if it has to wait at all.
func hold(ctx context.Context, path string, patience time.Duration, tell func()) (release func(), err error) {
	type turn struct {
		release func()
		err     error
	}
	taken, left := make(chan turn), make(chan struct{})
	defer close(left)
	go func() {
		release, err := lockFor(path)
		select {
		case taken <- turn{release, err}:
		case <-left:
			if err == nil {
				release()
			}
		}
	}()
	notice, end := time.NewTimer(min(lockNotice, patience)), time.NewTimer(patience)
	defer notice.Stop()
	defer end.Stop()
	for {
		select {
		case t := <-taken:
			if t.err != nil {
				return nil, t.err
			}
			return sync.OnceFunc(t.release), nil
		case <-notice.C:
			tell()
		case <-end.C:
			return nil, errHeld
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// lockFor waits for the lock of a path. It lies outside of the owner's folder, where a stray file would be a riddle.
func lockFor(path string) (release func(), err error) {
	folder, err := workerd.CacheDir()
	if err != nil {
		folder = filepath.Join(os.TempDir(), "cfproxy")
	}
	folder = filepath.Join(folder, "lock")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	return lockedfile.MutexAt(filepath.Join(folder, sha256Of(path)[:16])).Lock()
}
