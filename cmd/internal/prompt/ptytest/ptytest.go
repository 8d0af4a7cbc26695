//go:build !windows

// Package ptytest runs a program on a pseudo-terminal and talks to it as a person would: it waits until a text is on the
// screen, then presses keys. It never sleeps and never polls, so a test is as fast as the program and as patient as it must be.
//
//	s := ptytest.Start(t, exec.Command("cfproxy", "init"), 80, 24)
//	s.Expect("API token")
//	s.Send("secret" + ptytest.Enter)
//	if status := s.Wait(); status != 0 { … }
//
// Waiting before each key is not politeness: what is sent before a program has put its terminal into raw mode is treated as
// a line, Enter arrives as \n instead of \r, and the program never sees the key.
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

// patience bounds one session from Start to Wait. It is reached only if the program hangs.
const patience = 60 * time.Second

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

// Paste is text as it comes from a terminal when a person pastes it into a program that has asked for bracketed paste.
// https://invisible-island.net/xterm/ctlseqs/ctlseqs.html#h2-Bracketed-Paste-Mode
func Paste(text string) string { return "\x1b[200~" + text + "\x1b[201~" }

// Session is a running program and its terminal. Its methods fail the test by themselves. It belongs to the goroutine of the
// test, except for Transcript and Raw.
type Session struct {
	t        testing.TB
	cmd      *exec.Cmd
	pty, tty *os.File
	before   *term.State
	deadline <-chan time.Time
	seen     int  // how much of the transcript Expect has used up
	hungUp   bool // by HangUp

	mu     sync.Mutex
	raw    []byte
	more   chan struct{} // closed, and replaced, when raw grows
	closed chan struct{} // closed when nothing more will come
}

// Start runs cmd on a new terminal of the given size. Standard input, output and error are the terminal, except those that are
// set in cmd already: give it a *bytes.Buffer as Stdout to have the result apart from the conversation. The process is killed
// at the end of the test if it is still there.
func Start(t testing.TB, cmd *exec.Cmd, cols, rows int) *Session {
	t.Helper()
	s := &Session{t: t, cmd: cmd, deadline: time.After(patience), more: make(chan struct{}), closed: make(chan struct{})}
	var err error
	if s.pty, s.tty, err = pty.Open(); err != nil {
		t.Fatalf("open a pseudo-terminal: %v", err)
	}
	t.Cleanup(s.end)
	s.Resize(cols, rows)
	if s.before, err = term.GetState(int(s.tty.Fd())); err != nil {
		t.Fatalf("read the terminal's modes: %v", err)
	}
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
		t.Fatalf("start: %v", err)
	}
	go s.read()
	return s
}

// childFD is the number that the terminal has in the child: one of the standard three.
func (s *Session) childFD() int {
	for fd, stream := range []any{s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr} {
		if stream == any(s.tty) {
			return fd
		}
	}
	s.t.Fatal("no stream of the program is the terminal")
	return -1
}

// Resize gives the terminal another size, of which the program is told by SIGWINCH.
func (s *Session) Resize(cols, rows int) {
	s.t.Helper()
	if err := pty.Setsize(s.pty, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}); err != nil {
		s.t.Fatalf("resize: %v", err)
	}
}

// Expect waits until text has appeared after what earlier calls have found, and fails if the program ends before. Escape
// sequences are left out, so text may span colours, but not lines of a form, which may be drawn in any order.
func (s *Session) Expect(text string) {
	s.t.Helper()
	for {
		transcript, more := s.state()
		if at := strings.Index(transcript[s.seen:], text); at >= 0 {
			s.seen += at + len(text)
			return
		}
		select {
		case <-more:
		case <-s.closed:
			if transcript, _ := s.state(); !strings.Contains(transcript[s.seen:], text) {
				s.t.Fatalf("program ended before %q; since the last match:\n%s", text, transcript[s.seen:])
			}
		case <-s.deadline:
			s.t.Fatalf("no %q within %v; since the last match:\n%s", text, patience, transcript[s.seen:])
		}
	}
}

// Send types keys.
func (s *Session) Send(keys string) {
	s.t.Helper()
	if _, err := s.pty.WriteString(keys); err != nil {
		s.t.Fatalf("send %q: %v", keys, err)
	}
}

// Wait waits for the program to end and returns its exit status, -1 if a signal ended it. It fails the test if the terminal
// is not as it was at Start: line mode and echo, cursor visible, bracketed paste off.
func (s *Session) Wait() int {
	s.t.Helper()
	done := make(chan error, 1)
	go func() { done <- s.cmd.Wait() }()
	select {
	case err := <-done:
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			s.t.Fatalf("wait: %v", err)
		}
	case <-s.deadline:
		_ = s.cmd.Process.Kill()
		<-done
		transcript, _ := s.state()
		s.t.Fatalf("still running after %v; since the last match:\n%s", patience, transcript[s.seen:])
	}
	if s.hungUp {
		return s.cmd.ProcessState.ExitCode()
	}
	s.checkRestored()
	_ = s.tty.Close() // the last one that is open: the reader gets what is left, then an error
	<-s.closed
	s.checkSequences()
	return s.cmd.ProcessState.ExitCode()
}

func (s *Session) checkRestored() {
	s.t.Helper()
	after, err := term.GetState(int(s.tty.Fd()))
	if err != nil {
		s.t.Fatalf("read the terminal's modes: %v", err)
	}
	if !reflect.DeepEqual(s.before, after) {
		s.t.Errorf("terminal modes were not restored: %+v, now %+v", *s.before, *after)
	}
}

func (s *Session) checkSequences() {
	s.t.Helper()
	raw := s.Raw()
	for _, mode := range []struct{ name, on, off string }{
		{"cursor", ansi.HideCursor, ansi.ShowCursor},
		{"bracketed paste", ansi.SetBracketedPasteMode, ansi.ResetBracketedPasteMode},
	} {
		if strings.LastIndex(raw, mode.on) > strings.LastIndex(raw, mode.off) {
			s.t.Errorf("%s was not restored", mode.name)
		}
	}
}

// HangUp takes the terminal away, as closing its window does. Only Wait may follow, which then has no modes to look at.
func (s *Session) HangUp() {
	s.hungUp = true
	_ = s.tty.Close()
	_ = s.pty.Close()
}

// Transcript is all that the program has written to the terminal so far, and what the terminal has echoed, without escape
// sequences. It is a stream, not a screen: what was drawn twice is in it twice.
func (s *Session) Transcript() string {
	transcript, _ := s.state()
	return transcript
}

// Raw is Transcript with the escape sequences.
func (s *Session) Raw() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.raw)
}

func (s *Session) state() (transcript string, more <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ansi.Strip(string(s.raw)), s.more
}

func (s *Session) read() {
	defer close(s.closed)
	buf := make([]byte, 4096)
	for {
		n, err := s.pty.Read(buf)
		s.mu.Lock()
		s.raw = append(s.raw, buf[:n]...)
		close(s.more)
		s.more = make(chan struct{})
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// end is for tests that stop half-way.
func (s *Session) end() {
	if s.cmd.Process != nil && s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
	_ = s.tty.Close()
	_ = s.pty.Close()
	if s.cmd.Process != nil {
		<-s.closed
	}
}
