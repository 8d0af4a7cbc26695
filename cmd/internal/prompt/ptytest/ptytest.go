//go:build !windows

// Package ptytest runs a program on a pseudo-terminal and uses it as a person would: it waits for a text on the screen,
// then presses keys. It does not sleep or poll, so a test takes no longer than the program.
//
//	s := ptytest.Start(t, exec.Command("cfproxy", "init"), 80, 24)
//	s.Expect("API token")
//	s.Send("secret" + ptytest.Enter)
//	if status := s.Wait(); status != 0 { … }
//
// Call Expect before each Send: keys that are sent before the program has put its terminal into raw mode are processed
// as a line. Enter then becomes \n instead of \r, and the program does not receive the key.
package ptytest

import (
	"errors"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/creack/pty"
	"golang.org/x/term"
)

// timeout limits a session from Start to Wait. It expires only if the program hangs.
const timeout = 30 * time.Second

// Keys, as a terminal sends them.
const (
	Enter     = "\r"
	Tab       = "\t"
	ShiftTab  = "\x1b[Z"
	Esc       = "\x1b"
	Up        = "\x1b[A"
	Down      = "\x1b[B"
	Right     = "\x1b[C"
	Left      = "\x1b[D"
	Home      = "\x1b[H"
	End       = "\x1b[F"
	PageDown  = "\x1b[6~"
	Backspace = "\x7f"
	CtrlC     = "\x03"
	CtrlD     = "\x04"
	CtrlU     = "\x15"
	CtrlV     = "\x16"
)

// Paste returns the input that a terminal sends when text is pasted into a program that uses bracketed paste.
// https://invisible-island.net/xterm/ctlseqs/ctlseqs.html#h2-Bracketed-Paste-Mode
func Paste(text string) string { return "\x1b[200~" + text + "\x1b[201~" }

// Session is a running program with its terminal. Its methods fail the test on errors. They must be called from the
// goroutine of the test, except Transcript and Raw.
type Session struct {
	t           testing.TB
	cmd         *exec.Cmd
	master, tty *os.File // our side and the program's
	initial     *term.State
	deadline    <-chan time.Time
	matched     int  // length of the transcript up to the last match of Expect
	hungUp      bool // HangUp was called

	mu    sync.Mutex
	raw   []byte
	grown chan struct{} // closed and replaced when raw grows

	done     chan struct{} // closed when the program has exited and raw has all its output
	final    *term.State   // final and the errors are valid after done is closed
	finalErr error
	waitErr  error
}

// Start runs cmd on a new terminal of the given size. Standard input, output and error are the terminal unless they are
// set in cmd: a *bytes.Buffer as Stdout separates the result from the dialogue. A process that still runs is killed at
// the end of the test.
func Start(t testing.TB, cmd *exec.Cmd, cols, rows int) *Session {
	t.Helper()
	s := &Session{t: t, cmd: cmd, deadline: time.After(timeout), grown: make(chan struct{}), done: make(chan struct{})}
	if err := s.open(); err != nil {
		t.Fatalf("open a pseudo-terminal: %v", err)
	}
	s.Resize(cols, rows)
	if cmd.Stdin == nil {
		cmd.Stdin = s.tty
	}
	if cmd.Stdout == nil {
		cmd.Stdout = s.tty
	}
	if cmd.Stderr == nil {
		cmd.Stderr = s.tty
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: s.childFD()}
	if err := cmd.Start(); err != nil {
		s.close()
		t.Fatalf("start: %v", err)
	}
	go s.waitAndDrain()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // fails if it has exited, as it should
		<-s.done
		s.close()
	})
	return s
}

// open opens the terminal. Package pty leaves its files in blocking mode, in which Close waits for Read instead of
// ending it, so our side is opened a second time in non-blocking mode.
func (s *Session) open() error {
	master, tty, err := pty.Open()
	if err != nil {
		return err
	}
	defer master.Close()
	syscall.ForkLock.RLock() // a process of another test that inherits it would prevent the hang-up
	fd, err := syscall.Dup(int(master.Fd()))
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err == nil {
		err = syscall.SetNonblock(fd, true)
	}
	if err == nil {
		err = setNoFlush(tty)
	}
	if err == nil {
		s.initial, err = term.GetState(int(tty.Fd()))
	}
	s.master, s.tty = os.NewFile(uintptr(fd), "pty"), tty
	return err
}

// setNoFlush sets NOFLSH. Without it, a terminal that converts Ctrl-C to a signal also discards output that was not
// read yet, so on a busy machine tests would sometimes miss output.
// https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap11.html#tag_11_02_05
func setNoFlush(tty *os.File) error {
	stty := exec.Command("stty", "noflsh")
	stty.Stdin = tty
	return stty.Run()
}

func (s *Session) close() {
	_ = s.tty.Close()
	_ = s.master.Close()
}

// childFD returns the file descriptor of the terminal in the child process: one of the standard three.
func (s *Session) childFD() int {
	for fd, stream := range []any{s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr} {
		if stream == any(s.tty) {
			return fd
		}
	}
	s.t.Fatal("no stream of the program is the terminal")
	return -1
}

// waitAndDrain waits until the program has exited and all its output has been read.
func (s *Session) waitAndDrain() {
	defer close(s.done)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		s.read()
	}()
	s.waitErr = s.cmd.Wait()
	s.mu.Lock()
	s.final, s.finalErr = term.GetState(int(s.tty.Fd()))
	_ = s.tty.Close() // the last open one, so the reader gets the remaining output and then an error
	s.mu.Unlock()
	<-drained
}

func (s *Session) read() {
	buf := make([]byte, 4096)
	for {
		n, err := s.master.Read(buf)
		s.mu.Lock()
		s.raw = append(s.raw, buf[:n]...)
		close(s.grown)
		s.grown = make(chan struct{})
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Resize changes the size of the terminal, which sends SIGWINCH to the program.
func (s *Session) Resize(cols, rows int) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := pty.Setsize(s.tty, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}); err != nil {
		s.t.Fatalf("resize: %v", err)
	}
}

// Expect waits until text appears after the matches of earlier calls. It fails the test if the program exits before.
// Escape sequences are removed, so text may span colours, but not lines of a form, which may be drawn in any order.
func (s *Session) Expect(text string) {
	s.t.Helper()
	for {
		transcript, more := s.snapshot()
		if at := strings.Index(transcript[s.matched:], text); at >= 0 {
			s.matched += at + len(text)
			return
		}
		select {
		case <-more:
		case <-s.done:
			if transcript, _ := s.snapshot(); !strings.Contains(transcript[s.matched:], text) {
				s.t.Fatalf("program ended before %q; since the last match:\n%s", text, transcript[s.matched:])
			}
		case <-s.deadline:
			s.t.Fatalf("no %q within %v; since the last match:\n%s", text, timeout, transcript[s.matched:])
		}
	}
}

// Send sends keys to the program.
func (s *Session) Send(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatalf("send %q: %v", keys, err)
	}
}

// Wait waits until the program exits and returns its exit status, -1 if it was terminated by a signal. It fails the
// test unless the terminal is as it was at Start: same modes, visible cursor, no bracketed paste.
func (s *Session) Wait() int {
	s.t.Helper()
	select {
	case <-s.done:
	case <-s.deadline:
		transcript, _ := s.snapshot()
		s.t.Fatalf("still running after %v; since the last match:\n%s", timeout, transcript[s.matched:])
	}
	if exit := (*exec.ExitError)(nil); s.waitErr != nil && !errors.As(s.waitErr, &exit) {
		s.t.Fatalf("wait: %v", s.waitErr)
	}
	if !s.hungUp {
		s.checkModes()
		s.checkSequences()
	}
	return s.cmd.ProcessState.ExitCode()
}

func (s *Session) checkModes() {
	s.t.Helper()
	switch {
	case s.finalErr != nil:
		s.t.Fatalf("read the terminal's modes: %v", s.finalErr)
	case !reflect.DeepEqual(s.initial, s.final):
		s.t.Errorf("terminal modes were not restored: %+v, now %+v", *s.initial, *s.final)
	}
}

func (s *Session) checkSequences() {
	s.t.Helper()
	raw := s.Raw()
	for _, mode := range []struct{ name, on, off string }{
		{"cursor", ansi.HideCursor, ansi.ShowCursor},
		{"bracketed paste", ansi.SetModeBracketedPaste, ansi.ResetModeBracketedPaste},
	} {
		if strings.LastIndex(raw, mode.on) > strings.LastIndex(raw, mode.off) {
			s.t.Errorf("%s was not restored", mode.name)
		}
	}
}

// HangUp closes the terminal, as closing its window does. Only Wait may be called afterwards; it then checks no modes.
func (s *Session) HangUp() {
	s.hungUp = true
	_ = s.master.Close()
}

// Transcript returns everything that the program has written to the terminal and that the terminal has echoed, without
// escape sequences. It is a stream, not a screen: text that was drawn twice is in it twice.
func (s *Session) Transcript() string {
	transcript, _ := s.snapshot()
	return transcript
}

// Raw returns the transcript with escape sequences.
func (s *Session) Raw() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.raw)
}

// snapshot returns the transcript, and a channel that is closed when there is more.
func (s *Session) snapshot() (transcript string, more <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ansi.Strip(string(s.raw)), s.grown
}
