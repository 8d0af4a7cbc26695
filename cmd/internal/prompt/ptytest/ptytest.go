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
const patience = 30 * time.Second

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

// Session is a running program and its terminal. Its methods fail the test by themselves. They are for the goroutine of the
// test, except Transcript and Raw.
type Session struct {
	t        testing.TB
	cmd      *exec.Cmd
	pty, tty *os.File // our end and the program's
	before   *term.State
	deadline <-chan time.Time
	seen     int  // how much of the transcript Expect has used up
	hungUp   bool // by HangUp

	mu   sync.Mutex
	raw  []byte
	more chan struct{} // closed, and replaced, when raw grows

	ended    chan struct{} // closed when the program has ended and all that it wrote is in raw
	after    *term.State   // from here on valid once ended is closed
	afterErr error
	waitErr  error
}

// Start runs cmd on a new terminal of the given size. Standard input, output and error are the terminal, except those that are
// set in cmd already: give it a *bytes.Buffer as Stdout to have the result apart from the conversation. The process is killed
// at the end of the test if it is still there.
func Start(t testing.TB, cmd *exec.Cmd, cols, rows int) *Session {
	t.Helper()
	s := &Session{t: t, cmd: cmd, deadline: time.After(patience), more: make(chan struct{}), ended: make(chan struct{})}
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
	go s.follow()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // an error if it has ended, as it should
		<-s.ended
		s.close()
	})
	return s
}

// open makes the terminal. Package pty leaves its files in blocking mode, in which Close waits for the Read that it is to
// end, so our end is opened a second time.
func (s *Session) open() error {
	master, tty, err := pty.Open()
	if err != nil {
		return err
	}
	defer master.Close()
	syscall.ForkLock.RLock() // no process of another test may inherit it, or there is no hanging up
	fd, err := syscall.Dup(int(master.Fd()))
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err == nil {
		err = syscall.SetNonblock(fd, true)
	}
	if err == nil {
		err = keepOutput(tty)
	}
	if err == nil {
		s.before, err = term.GetState(int(tty.Fd()))
	}
	s.pty, s.tty = os.NewFile(uintptr(fd), "pty"), tty
	return err
}

// keepOutput sets NOFLSH. Without it a terminal that turns Ctrl-C into a signal also drops what was written and not read yet,
// so on a busy machine a test would now and then miss words that the program has said. A person's eyes are quicker than that.
// https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap11.html#tag_11_02_05
func keepOutput(tty *os.File) error {
	stty := exec.Command("stty", "noflsh")
	stty.Stdin = tty
	return stty.Run()
}

func (s *Session) close() {
	_ = s.tty.Close()
	_ = s.pty.Close()
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

// follow reads until the program has ended and its terminal is empty.
func (s *Session) follow() {
	defer close(s.ended)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		s.read()
	}()
	s.waitErr = s.cmd.Wait()
	s.mu.Lock()
	s.after, s.afterErr = term.GetState(int(s.tty.Fd()))
	_ = s.tty.Close() // the last one that is open, so the reader gets what is left and then an error
	s.mu.Unlock()
	<-drained
}

func (s *Session) read() {
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

// Resize gives the terminal another size, of which the program is told by SIGWINCH.
func (s *Session) Resize(cols, rows int) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := pty.Setsize(s.tty, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}); err != nil {
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
		case <-s.ended:
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
	select {
	case <-s.ended:
	case <-s.deadline:
		transcript, _ := s.state()
		s.t.Fatalf("still running after %v; since the last match:\n%s", patience, transcript[s.seen:])
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
	case s.afterErr != nil:
		s.t.Fatalf("read the terminal's modes: %v", s.afterErr)
	case !reflect.DeepEqual(s.before, s.after):
		s.t.Errorf("terminal modes were not restored: %+v, now %+v", *s.before, *s.after)
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
