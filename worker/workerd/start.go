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

// startTimeout is the longest time that a start may take.
const startTimeout = 30 * time.Second

// StartError is the error if workerd exits, or is killed, before it listens. Stderr is its output. For a script that does not
// parse or throws at the top level, this is the message of the exception after "service <name>: ".
type StartError struct {
	Stderr string
	Err    error
}

// Error returns the cause and what workerd printed.
func (e *StartError) Error() string {
	if e.Stderr == "" {
		return "start workerd: " + e.Err.Error()
	}
	return "start workerd: " + e.Err.Error() + ": " + e.Stderr
}

// Unwrap returns the cause: an [exec.ExitError], or the error of the context.
func (e *StartError) Unwrap() error { return e.Err }

// Server is a running workerd process. Its methods may be called by multiple goroutines.
type Server struct {
	cmd     *exec.Cmd
	addrs   map[string]string
	stderr  *tail
	close   sync.Once
	done    chan struct{} // closed when the process has exited
	waitErr error         // set before done is closed
}

// Start runs the binary bin with c and returns when the sockets of all Workers listen. ctx is for the start only, which may
// take at most 30 seconds. The process runs until [Server.Close]; on Linux it is also killed when this process dies. The error
// is about c or a [*StartError].
func Start(ctx context.Context, bin string, c Config) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	file, remove, err := c.write()
	if err != nil {
		return nil, err
	}
	defer remove() // workerd has read it when it listens
	s, control, err := spawn(bin, file)
	if err != nil {
		return nil, &StartError{Err: err}
	}
	if err := s.readPorts(ctx, control, len(c.Workers)); err != nil {
		_ = s.Close()
		return nil, &StartError{Stderr: s.stderr.String(), Err: err}
	}
	return s, nil
}

// write writes c to a temporary file with mode 0600, since it may contain secrets.
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

// spawn starts the process and a goroutine that waits for its exit. The goroutine keeps its thread, because the kernel kills
// the child when the thread that started it exits.
func spawn(bin, file string) (*Server, io.ReadCloser, error) {
	control, write, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer write.Close()
	s := &Server{addrs: map[string]string{}, stderr: &tail{}, done: make(chan struct{})}
	s.cmd = exec.Command(bin)
	s.cmd.Env = environWithoutKeys()
	fd := passControlPipe(s.cmd, write)
	s.cmd.Args = append(s.cmd.Args, "serve", "--control-fd="+strconv.Itoa(fd), file, "config")
	s.cmd.Stderr = s.stderr
	s.cmd.WaitDelay = 2 * time.Second
	killWithParent(s.cmd)
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			s.waitErr = s.cmd.Wait()
			close(s.done)
		}
	}()
	if err := <-started; err != nil {
		control.Close()
		return nil, nil, err
	}
	return s, control, nil
}

// readPorts reads workerd's control messages, one JSON object per line, until the ports of n sockets are known.
func (s *Server) readPorts(ctx context.Context, control io.ReadCloser, n int) error {
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
		if s.waitErr == nil {
			return errors.New("it ended at once")
		}
		return s.waitErr
	case <-ctx.Done():
		return ctx.Err()
	}
}

// drain reads and discards the rest of r, so that workerd does not block when it writes more.
func drain(r io.ReadCloser) {
	go func() {
		_, _ = io.Copy(io.Discard, r)
		r.Close()
	}()
}

// Addr returns the loopback address, host:port, where a Worker serves plain HTTP, or "" if there is no such Worker.
func (s *Server) Addr(worker string) string { return s.addrs[worker] }

// Pid returns the process ID of workerd.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Done returns a channel that is closed when the process has exited.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stderr returns the last 16 KiB of workerd's error output, which includes uncaught exceptions of the Workers.
func (s *Server) Stderr() string { return s.stderr.String() }

// Close kills the process and waits until it has exited. Requests in progress are aborted. It may be called more than once.
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
