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

// startProgram runs runProgram on a terminal; its standard output goes to the buffer.
func startProgram(t *testing.T, spec string, cols, rows int, env ...string) (*ptytest.Session, *exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PROMPT_TEST_PROGRAM="+spec, "TERM=xterm-256color", "NO_COLOR=", "GORACE=atexit_sleep_ms=0")
	cmd.Env = append(cmd.Env, env...)
	var result bytes.Buffer
	cmd.Stdout = &result
	return ptytest.Start(t, cmd, cols, rows), cmd, &result
}

// expectExit waits for the program and checks its exit status and standard output. The secret must not be on the
// terminal.
func expectExit(t *testing.T, s *ptytest.Session, status int, result *bytes.Buffer, want string) {
	t.Helper()
	if got := s.Wait(); got != status || !strings.Contains(result.String(), want) {
		t.Errorf("exit status %d with %q, want %d with %q; transcript:\n%s", got, result, status, want, s.Transcript())
	}
	if strings.Contains(s.Transcript(), secret[:8]) {
		t.Errorf("the secret was shown:\n%s", s.Transcript())
	}
}

func TestFormWizard(t *testing.T) {
	t.Parallel()
	for lang, fx := range languages {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			s, _, result := startProgram(t, "form "+lang+" note token zone host deploy", 80, 24)
			s.Expect(fx.note)
			s.Expect(tokenURL) // unbroken
			s.Expect(fx.token)
			s.Expect(fx.KeySubmit)
			s.Send("short" + ptytest.Enter)
			s.Expect(fx.badToken)
			s.Send(ptytest.CtrlU + secret)
			s.Expect(strings.Repeat("*", 40))
			s.Send(ptytest.Enter)
			s.Expect("✓ " + fx.token + "  ********")

			s.Expect(fx.zone)
			s.Expect(fx.FilterHint)
			s.Expect("7/200")
			s.Expect("› zone-007.example.com")
			s.Send("042")
			s.Expect("› zone-042.example.com")
			s.Send(ptytest.Enter)
			s.Expect("✓ " + fx.zone + "  zone-042.example.com")

			s.Expect(fx.host)
			s.Expect("gptapi.example.com")
			s.Expect(fx.KeyNext)
			s.Send("a_b.example.com" + ptytest.Enter)
			s.Expect(fx.badHost)
			s.Send(ptytest.CtrlU + ptytest.Paste(" a-b.example.com\n"))
			s.Expect("a-b.example.com")
			s.Send(ptytest.Enter)
			s.Expect("? " + fx.providers)
			s.Send(" " + ptytest.Enter) // deselects the only one
			s.Expect(fx.ChooseSome)
			s.Send(ptytest.Down + " ")
			s.Expect("[x] Anthropic")
			s.Send(ptytest.Up + " ")
			s.Expect("[x] OpenAI")
			s.Send(ptytest.Enter)
			s.Expect("✓ " + fx.host + "  a-b.example.com")
			s.Expect("✓ " + fx.providers + "  OpenAI, Anthropic")

			s.Expect(fx.deploy)
			s.Send("y")
			s.Expect("✓ " + fx.deploy + "  " + fx.Yes)
			expectExit(t, s, 0, result, `token="`+secret+`"
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
	bin := t.TempDir() // the text field would read the clipboard with xclip, and huh would then insert it twice
	if err := os.WriteFile(filepath.Join(bin, "xclip"), []byte("#!/bin/sh\necho clipboard\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	s, _, result := startProgram(t, "form en token", 80, 24, "WAYLAND_DISPLAY=", "PATH="+bin+":"+os.Getenv("PATH"))
	s.Expect("continue")
	s.Send(ptytest.CtrlV)
	s.Send(ptytest.Paste("  " + secret[:10] + "\r\n  " + secret[10:] + "\r\n"))
	s.Expect(strings.Repeat("*", 40))
	s.Send(ptytest.Enter)
	s.Expect("✓ Cloudflare API token")
	expectExit(t, s, 0, result, `token="`+secret+`"`)
}

func TestFormGoesBack(t *testing.T) {
	t.Parallel()
	s, _, result := startProgram(t, "form zh host", 60, 24)
	s.Expect("下一项")
	s.Send("a.example.com" + ptytest.Enter)
	s.Expect("? 使用哪些服务商？")
	s.Expect("Shift+Tab 上一项")
	s.Send(ptytest.ShiftTab)
	s.Expect("? 中转的主机名")
	s.Send(ptytest.Home + "b.")
	s.Expect("b.a.example.com")
	s.Send(ptytest.Tab)
	s.Expect("? 使用哪些服务商？")
	s.Send(ptytest.Tab)
	expectExit(t, s, 0, result, "host=\"b.a.example.com\"\nproviders=\"openai\"\n")
}

func TestFormList(t *testing.T) {
	t.Parallel()
	s, _, result := startProgram(t, "form en zone few", 80, 24)
	s.Expect("7/200")
	s.Send(ptytest.End)
	s.Expect("200/200")
	s.Expect("› zone-200.example.com")
	s.Send(ptytest.Down) // wraps around
	s.Expect("› zone-001.example.com")
	s.Send(ptytest.PageDown)
	s.Expect("› zone-009.example.com")
	s.Send("zzz")
	s.Expect("no matches")
	s.Send(ptytest.Enter)
	s.Expect("an answer is required")
	s.Expect("Esc show all")
	s.Send(ptytest.Esc) // clears the filter, and does not abort
	s.Expect("zone-001.example.com")
	s.Send("ZONE-19" + ptytest.Down)
	s.Expect("› zone-191.example.com")
	s.Send(ptytest.Enter)
	s.Expect("? Which of your domains?")
	s.Send("j") // a short list has no filter, so letters move the cursor
	s.Expect("› zone-002.example.com")
	s.Send("j")
	s.Expect("› zone-003.example.com")
	s.Send(ptytest.Enter)
	expectExit(t, s, 0, result, "zone=\"id191\"\nzone=\"id3\"\n")
}

func TestFormConfirm(t *testing.T) {
	t.Parallel()
	for keys, want := range map[string]string{
		ptytest.Enter:                No, // the default
		"y":                          Yes,
		"N":                          No,
		ptytest.Left + ptytest.Enter: Yes,
		ptytest.Right + ptytest.Left + ptytest.Enter:  No,
		ptytest.Paste("y") + ptytest.Up + "x" + "\r":  No, // none of these is a yes
		ptytest.Left + ptytest.Right + ptytest.Tab:    No,
		strings.Repeat(ptytest.Left, 3) + ptytest.Tab: Yes,
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			s, _, result := startProgram(t, "form zh deploy", 40, 12)
			s.Expect("Esc 退出")
			s.Send(keys)
			expectExit(t, s, 0, result, `deploy="`+want+`"`)
		})
	}
}

// exitAction makes a program exit.
type exitAction func(*ptytest.Session, *exec.Cmd)

func bySignal(sig os.Signal) exitAction {
	return func(_ *ptytest.Session, cmd *exec.Cmd) { _ = cmd.Process.Signal(sig) }
}

func byKeys(keys string) exitAction {
	return func(s *ptytest.Session, _ *exec.Cmd) { s.Send(keys) }
}

func TestFormAborts(t *testing.T) {
	t.Parallel()
	for name, exit := range map[string]exitAction{
		"ctrl-c":      byKeys(ptytest.CtrlC),
		"esc":         byKeys(ptytest.Esc),
		"half a word": byKeys("half" + ptytest.CtrlC),
		"context":     bySignal(syscall.SIGUSR1),
		"interrupt":   bySignal(syscall.SIGINT),
		"terminate":   bySignal(syscall.SIGTERM),
		"hang-up":     func(s *ptytest.Session, _ *exec.Cmd) { s.HangUp() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, cmd, result := startProgram(t, "form en few host", 80, 24)
			s.Expect("Esc quit")
			exit(s, cmd)
			expectExit(t, s, 130, result, "aborted: prompt: ")
			if strings.Contains(s.Transcript(), "✓") {
				t.Errorf("printed an answer:\n%s", s.Transcript())
			}
		})
	}
}

func TestFormResizes(t *testing.T) {
	t.Parallel()
	s, _, result := startProgram(t, "form en host", 80, 24)
	s.Expect("Your programs will call it instead of api.openai.com. Choose a name one level")
	s.Expect("Esc quit")
	s.Resize(40, 24)
	s.Expect("Your programs will call it instead of\r\n")
	s.Send("a.b" + ptytest.Enter)
	s.Expect("? Which providers?")
	s.Send(ptytest.Enter)
	expectExit(t, s, 0, result, `host="a.b"`)
}

func TestFormColors(t *testing.T) {
	t.Parallel()
	const cyan = "\x1b[36m"
	for _, test := range []struct {
		env  string
		want bool
	}{{"NO_COLOR=", true}, {"NO_COLOR=1", false}} {
		s, _, result := startProgram(t, "form en deploy", 80, 24, test.env)
		s.Expect("Esc quit")
		s.Send("n")
		expectExit(t, s, 0, result, `deploy="no"`)
		if got := strings.Contains(s.Raw(), cyan); got != test.want {
			t.Errorf("%s: colour %v", test.env, got)
		}
		if !strings.Contains(s.Raw(), "\x1b[7") {
			t.Errorf("%s: the chosen button is not highlighted: %q", test.env, s.Raw())
		}
	}
}

func TestFormNeedsATerminal(t *testing.T) {
	t.Parallel()
	for _, in := range []*os.File{nil, os.Stdin} { // not a terminal in tests
		if _, err := NewHuh(in, &bytes.Buffer{}, english).Ask(context.Background(), languages["en"].hostPage()); err == nil {
			t.Error("no error")
		}
	}
}

// Linking Bubble Tea must not query the terminal: see package calm.
func TestStartsWithoutQueries(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PROMPT_TEST_PROGRAM=silent", "TERM=xterm-256color")
	s := ptytest.Start(t, cmd, 80, 24)
	if status := s.Wait(); status != 0 || s.Raw() != "silent\r\n" {
		t.Errorf("exit status %d, on the terminal: %q", status, s.Raw())
	}
}

// A form must not query the terminal either.
func TestFormWithoutQueries(t *testing.T) {
	t.Parallel()
	s, _, result := startProgram(t, "form en deploy", 80, 24)
	s.Expect("Esc quit")
	s.Send("n")
	expectExit(t, s, 0, result, "end")
	for name, query := range map[string]string{"background": "\x1b]11;?", "foreground": "\x1b]10;?", "cursor": "\x1b[6n", "device": "\x1b[c"} {
		if strings.Contains(s.Raw(), query) {
			t.Errorf("queries the %s: %q", name, s.Raw())
		}
	}
}

func TestLineOnATerminal(t *testing.T) {
	t.Parallel()
	for lang, fx := range languages {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			s, _, result := startProgram(t, "line "+lang+" token few deploy", 80, 24)
			s.Expect(fx.AskSecret + ": ")
			s.Send("wrong" + ptytest.Enter)
			s.Expect("! " + fx.badToken)
			s.Expect(fx.AskSecret + ": ")
			s.Send("oops" + ptytest.CtrlU + secret + "é" + ptytest.Backspace + ptytest.Enter)
			s.Expect(fx.AskNumber + ": ")
			s.Send("2" + ptytest.Enter)
			s.Expect("y/n [" + fx.No + "]: ")
			s.Send(fx.Yes + ptytest.Enter)
			expectExit(t, s, 0, result, "token=\""+secret+"\"\nzone=\"id2\"\ndeploy=\"yes\"\n")
			if strings.ContainsRune(s.Raw(), '\x1b') {
				t.Errorf("escape sequence in %q", s.Raw())
			}
		})
	}
}

// Input that is typed ahead while the terminal is raw ends with \r. It must not be lost.
func TestLineTypedAhead(t *testing.T) {
	t.Parallel()
	s, _, result := startProgram(t, "line en token few deploy", 80, 24)
	s.Expect("(not shown): ")
	s.Send(secret + ptytest.Enter + "2" + ptytest.Enter)
	s.Expect("y/n [no]: ")
	s.Send("y" + ptytest.Enter)
	expectExit(t, s, 0, result, "zone=\"id2\"\ndeploy=\"yes\"\n")
}

func TestLineAborts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, spec, prompt string
		exit               exitAction
	}{
		{"ctrl-c at a secret", "line en token", "(not shown): ", byKeys("x" + ptytest.CtrlC)},
		{"ctrl-d at a secret", "line en token", "(not shown): ", byKeys(ptytest.CtrlD)},
		{"ctrl-d", "line en host", "Answer: ", byKeys(ptytest.CtrlD)},
		{"context at a secret", "line en token", "(not shown): ", bySignal(syscall.SIGUSR1)},
		{"terminate at a secret", "line en token", "(not shown): ", bySignal(syscall.SIGTERM)},
		{"context", "line en host", "Answer: ", bySignal(syscall.SIGUSR1)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, cmd, result := startProgram(t, test.spec, 80, 24)
			s.Expect(test.prompt)
			test.exit(s, cmd)
			expectExit(t, s, 130, result, "aborted: prompt: ")
		})
	}
}
