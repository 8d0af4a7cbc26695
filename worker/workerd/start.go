package workerd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// startLimit bounds how long a start may take when ctx does not.
const startLimit = 30 * time.Second

// StartError says that workerd ended, or was ended, before it listened.
// Stderr is what it said: for a script that does not parse or throws at its
// top level, the message of the exception, prefixed by "service <name>: ".
type StartError struct {
	Stderr string
	Err    error
}

func (e *StartError) Error() string {
	if e.Stderr == "" {
		return "start workerd: " + e.Err.Error()
	}
	return "start workerd: " + e.Err.Error() + ": " + e.Stderr
}

// Unwrap gives the cause: an [exec.ExitError], or the context's error.
func (e *StartError) Unwrap() error { return e.Err }

// Server is a running workerd process. Its methods may be called from any
// goroutine.
type Server struct {
	cmd    *exec.Cmd
	addrs  map[string]string
	errout *tail
	close  sync.Once
	done   chan struct{} // closed once the process is reaped
	waited error         // set before done is closed
}

// Start runs bin with c and returns when every worker's socket listens. ctx
// bounds the start only, 30 seconds at the most; the process lives until
// [Server.Close], or on Linux until this process dies. Errors are about c, or a
// [*StartError].
func Start(ctx context.Context, bin string, c Config) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	file, remove, err := c.write()
	if err != nil {
		return nil, err
	}
	defer remove() // once workerd listens it has read the file
	s, control, err := spawn(bin, file)
	if err != nil {
		return nil, &StartError{Err: err}
	}
	if err := s.listen(ctx, control, len(c.Workers)); err != nil {
		_ = s.Close()
		return nil, &StartError{Stderr: s.errout.String(), Err: err}
	}
	return s, nil
}

// write puts c into a file that only we can read, since it may hold secrets.
func (c Config) write() (file string, remove func(), err error) {
	text, err := c.text()
	if err != nil {
		return "", nil, fmt.Errorf("workerd config: %w", err)
	}
	dir, err := os.MkdirTemp("", "cfproxy-workerd-")
	if err != nil {
		return "", nil, fmt.Errorf("workerd config: %w", err)
	}
	remove = func() { _ = os.RemoveAll(dir) }
	file = filepath.Join(dir, "config.capnp")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		remove()
		return "", nil, fmt.Errorf("workerd config: %w", err)
	}
	return file, remove, nil
}

// spawn starts the process and sees to it that it is reaped. The goroutine
// keeps its thread, because the kernel ends the child with the thread that made it.
func spawn(bin, file string) (*Server, io.ReadCloser, error) {
	control, write, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer write.Close()
	s := &Server{addrs: map[string]string{}, errout: &tail{}, done: make(chan struct{})}
	s.cmd = exec.Command(bin)
	s.cmd.Env = environ()
	fd := passControl(s.cmd, write)
	s.cmd.Args = append(s.cmd.Args, "serve", "--control-fd="+strconv.Itoa(fd), file, "config")
	s.cmd.Stderr = s.errout
	s.cmd.WaitDelay = 2 * time.Second
	endWithUs(s.cmd)
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			s.waited = s.cmd.Wait()
			close(s.done)
		}
	}()
	if err := <-started; err != nil {
		control.Close()
		return nil, nil, err
	}
	return s, control, nil
}

// listen reads workerd's control messages, one JSON object a line, until n
// sockets have told their ports.
func (s *Server) listen(ctx context.Context, control io.ReadCloser, n int) error {
	stop := context.AfterFunc(ctx, func() { control.Close() })
	defer stop()
	lines := bufio.NewScanner(control)
	for len(s.addrs) < n && lines.Scan() {
		var m struct {
			Event  string `json:"event"`
			Socket string `json:"socket"`
			Port   int    `json:"port"`
		}
		if json.Unmarshal(lines.Bytes(), &m) == nil && m.Event == "listen" {
			s.addrs[m.Socket] = net.JoinHostPort("127.0.0.1", strconv.Itoa(m.Port))
		}
	}
	if len(s.addrs) == n {
		drain(control)
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	control.Close()
	select {
	case <-s.done:
		if s.waited == nil {
			return errors.New("it ended at once")
		}
		return s.waited
	case <-ctx.Done():
		return ctx.Err()
	}
}

// drain reads the rest of what comes, so that the writer never blocks or breaks.
func drain(r io.ReadCloser) {
	go func() {
		_, _ = io.Copy(io.Discard, r)
		r.Close()
	}()
}

// Addr is the loopback address, host:port, where the named worker answers in
// plain HTTP; empty if there is no such worker.
func (s *Server) Addr(worker string) string { return s.addrs[worker] }

// Pid is the process id of workerd.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Done is closed when the process has ended, by [Server.Close] or by itself.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stderr is the end of what workerd and the uncaught exceptions of its workers
// have written, 16 KiB at the most.
func (s *Server) Stderr() string { return s.errout.String() }

// Close ends the process at once and waits until it is gone. Requests under way
// break off. It may be called again.
func (s *Server) Close() error {
	var err error
	s.close.Do(func() {
		if e := s.cmd.Process.Kill(); e != nil && !errors.Is(e, os.ErrProcessDone) {
			err = fmt.Errorf("end workerd: %w", e)
		}
	})
	if err == nil {
		<-s.done
	}
	return err
}
