//go:build !windows

package ptytest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// shell returns a shell command, which can leave a terminal in any state.
func shell(script string) *exec.Cmd {
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	return cmd
}

func TestConversation(t *testing.T) {
	t.Parallel()
	cmd := shell(`printf '\033[1mname\033[0m? '; read -r name; echo "hello $name"; stty size; exit 7`)
	s := Start(t, cmd, 33, 11)
	s.Expect("name? ")
	s.Send("世界" + Enter)
	s.Expect("hello 世界")
	s.Expect("11 33")
	if status := s.Wait(); status != 7 {
		t.Errorf("exit status %d", status)
	}
	if !strings.Contains(s.Raw(), "\x1b[1mname") || strings.Contains(s.Transcript(), "\x1b") {
		t.Errorf("raw %q, stripped %q", s.Raw(), s.Transcript())
	}
}

func TestSeparateStdout(t *testing.T) {
	t.Parallel()
	var result bytes.Buffer
	cmd := shell(`echo shown >&2; echo result`)
	cmd.Stdout = &result
	s := Start(t, cmd, 80, 24)
	if status := s.Wait(); status != 0 || result.String() != "result\n" || s.Transcript() != "shown\r\n" {
		t.Errorf("status %d, result %q, transcript %q", status, &result, s.Transcript())
	}
}

func TestKeysAndResize(t *testing.T) {
	t.Parallel()
	s := Start(t, shell(`trap 'stty size' WINCH; echo ready; while ! read -r line; do :; done; echo "got $line"`), 80, 24)
	s.Expect("ready")
	s.Resize(40, 12)
	s.Expect("12 40")
	s.Send("x" + Enter)
	s.Expect("got x")
	s.Wait()
}

// Sessions must fail the test when something is wrong.
func TestFailures(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		script, want string
		use          func(*Session)
	}{
		"text that never comes": {`echo something else`, `program ended before "text"`, func(s *Session) { s.Expect("text") }},
		"text in another order": {`echo one; echo two`, `program ended before "one"`, func(s *Session) { s.Expect("two"); s.Expect("one") }},
		"echo left off":         {`stty -echo`, "terminal modes were not restored", func(s *Session) { s.Wait() }},
		"raw mode left on":      {`stty raw`, "terminal modes were not restored", func(s *Session) { s.Wait() }},
		"cursor left hidden":    {`printf '\033[?25l'`, "cursor was not restored", func(s *Session) { s.Wait() }},
		"paste mode left on":    {`printf '\033[?2004l\033[?2004h'`, "bracketed paste was not restored", func(s *Session) { s.Wait() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{TB: t}
			done := make(chan struct{})
			go func() { // because Fatalf ends the goroutine
				defer close(done)
				test.use(Start(r, shell(test.script), 80, 24))
			}()
			<-done
			if !strings.Contains(r.failure, test.want) {
				t.Errorf("failure %q, want %q", r.failure, test.want)
			}
		})
	}
}

// recorder is a testing.TB that records the failure of a test.
type recorder struct {
	testing.TB
	failure string
}

func (r *recorder) Errorf(format string, args ...any) { r.failure += fmt.Sprintf(format, args...) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}
