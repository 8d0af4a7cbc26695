//go:build !windows

package prompt

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cfproxy/cfproxy/cmd/internal/prompt/ptytest"
)

const secret = "q012345678901234567890123456789012345678"

// start runs program on a terminal; what it prints as its result goes to the buffer.
func start(t *testing.T, spec string, cols, rows int, env ...string) (*ptytest.Session, *exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PROMPT_TEST_PROGRAM="+spec, "TERM=xterm-256color", "NO_COLOR=", "GORACE=atexit_sleep_ms=0")
	cmd.Env = append(cmd.Env, env...)
	var result bytes.Buffer
	cmd.Stdout = &result
	return ptytest.Start(t, cmd, cols, rows), cmd, &result
}

func wait(t *testing.T, s *ptytest.Session, status int, result *bytes.Buffer, want string) {
	t.Helper()
	if got := s.Wait(); got != status || !strings.Contains(result.String(), want) {
		t.Errorf("exit status %d with %q, want %d with %q; transcript:\n%s", got, result, status, want, s.Transcript())
	}
	if strings.Contains(s.Transcript(), secret[:8]) {
		t.Errorf("the secret was shown:\n%s", s.Transcript())
	}
}

func TestFormAsksEverything(t *testing.T) {
	t.Parallel()
	for lang, w := range languages {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			s, _, result := start(t, "form "+lang+" note token zone host deploy", 80, 24)
			s.Expect(w.note)
			s.Expect(tokenURL) // in one piece
			s.Expect(w.token)
			s.Expect(w.KeySubmit)
			s.Send("short" + ptytest.Enter)
			s.Expect(w.badTok)
			s.Send(ptytest.CtrlU + secret)
			s.Expect(strings.Repeat("*", 40))
			s.Send(ptytest.Enter)
			s.Expect("✓ " + w.token + "  ********")

			s.Expect(w.zone)
			s.Expect(w.FilterHint)
			s.Expect("7/200")
			s.Expect("› zone-007.example.com")
			s.Send("042")
			s.Expect("› zone-042.example.com")
			s.Send(ptytest.Enter)
			s.Expect("✓ " + w.zone + "  zone-042.example.com")

			s.Expect(w.host)
			s.Expect("gptapi.example.com")
			s.Expect(w.KeyNext)
			s.Send("a_b.example.com" + ptytest.Enter)
			s.Expect(w.badHost)
			s.Send(ptytest.CtrlU + ptytest.Paste(" a-b.example.com\n"))
			s.Expect("a-b.example.com")
			s.Send(ptytest.Enter)
			s.Expect("? " + w.providers)
			s.Send(" " + ptytest.Enter) // off, and nothing is left
			s.Expect(w.ChooseSome)
			s.Send(ptytest.Down + " ")
			s.Expect("[x] Anthropic")
			s.Send(ptytest.Up + " ")
			s.Expect("[x] OpenAI")
			s.Send(ptytest.Enter)
			s.Expect("✓ " + w.host + "  a-b.example.com")
			s.Expect("✓ " + w.providers + "  OpenAI, Anthropic")

			s.Expect(w.deploy)
			s.Send("y")
			s.Expect("✓ " + w.deploy + "  " + w.Yes)
			wait(t, s, 0, result, `token="`+secret+`"
zone="id42"
host="a-b.example.com"
providers="openai,anthropic"
deploy="yes"
end
`)
		})
	}
}

func TestFormPasteOfSecret(t *testing.T) {
	t.Parallel()
	tools := t.TempDir() // the text field would read the clipboard with this, and huh would then insert it twice
	if err := os.WriteFile(filepath.Join(tools, "xclip"), []byte("#!/bin/sh\necho clipboard\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	s, _, result := start(t, "form en token", 80, 24, "WAYLAND_DISPLAY=", "PATH="+tools+":"+os.Getenv("PATH"))
	s.Expect("continue")
	s.Send(ptytest.CtrlV)
	s.Send(ptytest.Paste("  " + secret + "\r\n"))
	s.Expect(strings.Repeat("*", 40))
	s.Send(ptytest.Enter)
	s.Expect("✓ Cloudflare API token")
	wait(t, s, 0, result, `token="`+secret+`"`)
}

func TestFormGoesBack(t *testing.T) {
	t.Parallel()
	s, _, result := start(t, "form zh host", 60, 24)
	s.Expect("下一项")
	s.Send("a.example.com" + ptytest.Enter)
	s.Expect("? 使用哪些服务商？")
	s.Expect("Shift+Tab 上一项")
	s.Send(ptytest.ShiftTab)
	s.Expect("? 中继的主机名")
	s.Send(ptytest.Home + "b.")
	s.Expect("b.a.example.com")
	s.Send(ptytest.Tab)
	s.Expect("? 使用哪些服务商？")
	s.Send(ptytest.Tab)
	wait(t, s, 0, result, "host=\"b.a.example.com\"\nproviders=\"openai\"\n")
}

func TestFormList(t *testing.T) {
	t.Parallel()
	s, _, result := start(t, "form en zone few", 80, 24)
	s.Expect("7/200")
	s.Send(ptytest.End)
	s.Expect("200/200")
	s.Expect("› zone-200.example.com")
	s.Send(ptytest.Down) // and round
	s.Expect("› zone-001.example.com")
	s.Send(ptytest.PageDown)
	s.Expect("› zone-009.example.com")
	s.Send("zzz")
	s.Expect("nothing matches")
	s.Send(ptytest.Enter)
	s.Expect("an answer is needed")
	s.Expect("Esc show all")
	s.Send(ptytest.Esc) // clears the filter, and does not leave
	s.Expect("zone-001.example.com")
	s.Send("ZONE-19" + ptytest.Down)
	s.Expect("› zone-191.example.com")
	s.Send(ptytest.Enter)
	s.Expect("? Which of your domains?")
	s.Send("j") // a short list has no filter, so letters move
	s.Expect("› zone-002.example.com")
	s.Send("j")
	s.Expect("› zone-003.example.com")
	s.Send(ptytest.Enter)
	wait(t, s, 0, result, "zone=\"id191\"\nzone=\"id3\"\n")
}

func TestFormConfirm(t *testing.T) {
	t.Parallel()
	for keys, want := range map[string]string{
		ptytest.Enter:                No, // the default
		"y":                          Yes,
		"N":                          No,
		ptytest.Left + ptytest.Enter: Yes,
		ptytest.Right + ptytest.Left + ptytest.Enter:  No,
		ptytest.Paste("y") + ptytest.Up + "x" + "\r":  No, // nothing of that is a yes
		ptytest.Left + ptytest.Right + ptytest.Tab:    No,
		strings.Repeat(ptytest.Left, 3) + ptytest.Tab: Yes,
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			s, _, result := start(t, "form zh deploy", 40, 12)
			s.Expect("Esc 退出")
			s.Send(keys)
			wait(t, s, 0, result, `deploy="`+want+`"`)
		})
	}
}

// leave is a way to end a program.
type leave func(*ptytest.Session, *exec.Cmd)

func signalled(sig os.Signal) leave {
	return func(_ *ptytest.Session, cmd *exec.Cmd) { _ = cmd.Process.Signal(sig) }
}

func keyed(keys string) leave {
	return func(s *ptytest.Session, _ *exec.Cmd) { s.Send(keys) }
}

func TestFormLeaves(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]leave{
		"ctrl-c":      keyed(ptytest.CtrlC),
		"esc":         keyed(ptytest.Esc),
		"half a word": keyed("half" + ptytest.CtrlC),
		"context":     signalled(syscall.SIGUSR1),
		"interrupt":   signalled(syscall.SIGINT),
		"terminate":   signalled(syscall.SIGTERM),
		"hang-up":     func(s *ptytest.Session, _ *exec.Cmd) { s.HangUp() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, cmd, result := start(t, "form en few host", 80, 24)
			s.Expect("Esc quit")
			leave(s, cmd)
			wait(t, s, 130, result, "left: prompt: ")
			if strings.Contains(s.Transcript(), "✓") {
				t.Errorf("said that it was answered:\n%s", s.Transcript())
			}
		})
	}
}

func TestFormResizes(t *testing.T) {
	t.Parallel()
	s, _, result := start(t, "form en host", 80, 24)
	s.Expect("The name that your programs will call instead of api.openai.com. One level")
	s.Expect("Esc quit")
	s.Resize(40, 24)
	s.Expect("The name that your programs will call\r\n")
	s.Send("a.b" + ptytest.Enter)
	s.Expect("? Which providers?")
	s.Send(ptytest.Enter)
	wait(t, s, 0, result, `host="a.b"`)
}

func TestFormColors(t *testing.T) {
	t.Parallel()
	const cyan = "\x1b[36m"
	for _, test := range []struct {
		env  string
		want bool
	}{{"NO_COLOR=", true}, {"NO_COLOR=1", false}} {
		s, _, result := start(t, "form en deploy", 80, 24, test.env)
		s.Expect("Esc quit")
		s.Send("n")
		wait(t, s, 0, result, `deploy="no"`)
		if got := strings.Contains(s.Raw(), cyan); got != test.want {
			t.Errorf("%s: colour %v", test.env, got)
		}
		if !strings.Contains(s.Raw(), "\x1b[7") {
			t.Errorf("%s: the chosen button does not stand out: %q", test.env, s.Raw())
		}
	}
}

func TestFormNeedsATerminal(t *testing.T) {
	t.Parallel()
	for _, in := range []*os.File{nil, os.Stdin} { // of a test, that is no terminal
		if _, err := NewHuh(in, &bytes.Buffer{}, english).Ask(context.Background(), languages["en"].hostPage()); err == nil {
			t.Error("asked nobody")
		}
	}
}

// Merely linking Bubble Tea must not question the terminal, nor wait for answers: see package calm.
func TestStartsSilently(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PROMPT_TEST_PROGRAM=silent", "TERM=xterm-256color")
	s := ptytest.Start(t, cmd, 80, 24)
	if status := s.Wait(); status != 0 || s.Raw() != "silent\r\n" {
		t.Errorf("exit status %d, on the terminal: %q", status, s.Raw())
	}
}

// Nor must a form.
func TestFormAsksThePersonOnly(t *testing.T) {
	t.Parallel()
	s, _, result := start(t, "form en deploy", 80, 24)
	s.Expect("Esc quit")
	s.Send("n")
	wait(t, s, 0, result, "end")
	for name, query := range map[string]string{"background": "\x1b]11;?", "foreground": "\x1b]10;?", "cursor": "\x1b[6n", "device": "\x1b[c"} {
		if strings.Contains(s.Raw(), query) {
			t.Errorf("asks for the %s: %q", name, s.Raw())
		}
	}
}

func TestLineOnATerminal(t *testing.T) {
	t.Parallel()
	for lang, w := range languages {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			s, _, result := start(t, "line "+lang+" token few deploy", 80, 24)
			s.Expect(w.AskSecret + ": ")
			s.Send("wrong" + ptytest.Enter)
			s.Expect("! " + w.badTok)
			s.Expect(w.AskSecret + ": ")
			s.Send("oops" + ptytest.CtrlU + secret + "é" + ptytest.Backspace + ptytest.Enter)
			s.Expect(w.AskNumber + ": ")
			s.Send("2" + ptytest.Enter)
			s.Expect("y/n [" + w.No + "]: ")
			s.Send(w.Yes + ptytest.Enter)
			wait(t, s, 0, result, "token=\""+secret+"\"\nzone=\"id2\"\ndeploy=\"yes\"\n")
			if strings.ContainsRune(s.Raw(), '\x1b') {
				t.Errorf("escape sequence in %q", s.Raw())
			}
		})
	}
}

// All of a script at once: what is typed ahead while the terminal is raw ends in \r, and is not lost.
func TestLineTypedAhead(t *testing.T) {
	t.Parallel()
	s, _, result := start(t, "line en token few deploy", 80, 24)
	s.Expect("(not shown): ")
	s.Send(secret + ptytest.Enter + "2" + ptytest.Enter)
	s.Expect("y/n [no]: ")
	s.Send("y" + ptytest.Enter)
	wait(t, s, 0, result, "zone=\"id2\"\ndeploy=\"yes\"\n")
}

func TestLineLeaves(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, spec, prompt string
		leave              leave
	}{
		{"ctrl-c at a secret", "line en token", "(not shown): ", keyed("x" + ptytest.CtrlC)},
		{"ctrl-d at a secret", "line en token", "(not shown): ", keyed(ptytest.CtrlD)},
		{"ctrl-d", "line en host", "Answer: ", keyed(ptytest.CtrlD)},
		{"context at a secret", "line en token", "(not shown): ", signalled(syscall.SIGUSR1)},
		{"terminate at a secret", "line en token", "(not shown): ", signalled(syscall.SIGTERM)},
		{"context", "line en host", "Answer: ", signalled(syscall.SIGUSR1)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, cmd, result := start(t, test.spec, 80, 24)
			s.Expect(test.prompt)
			test.leave(s, cmd)
			wait(t, s, 130, result, "left: prompt: ")
		})
	}
}
