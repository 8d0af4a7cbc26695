package main

import (
	"errors"
	"io/fs"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/filelock"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/atomicfile"
)

// lockTimeout is how long a command waits for another one, which may be waiting for an answer to a question.
const lockTimeout = 60 * time.Second

// lockConfig locks the file of --config, or the cfproxy.toml of this directory. Commands that deploy from a file hold its
// lock, so that a slow run cannot restore a token that a faster one has revoked. The function unlock may be called more than
// once. If there is no such file, nothing is locked.
func (p *program) lockConfig(c *cli.Context) (unlock func(), err error) {
	path := c.String("config")
	if path == "" {
		path = config.FileName
	}
	real, err := atomicfile.RealPath(path)
	if errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, problem.Wrap("config-unreadable", err, "file", path)
	}
	unlock, err = filelock.Lock(c.Context, real, lockTimeout, func() { p.note("lock.waiting", "file", path) })
	switch {
	case errors.Is(err, filelock.ErrTimeout):
		return nil, problem.New("config-held", problem.ExitFailed, "file", path, "seconds", itoa(int(lockTimeout.Seconds())))
	case err != nil && c.Context.Err() == nil:
		return nil, problem.Wrap("config-unwritable", err, "file", path)
	}
	return unlock, err
}
