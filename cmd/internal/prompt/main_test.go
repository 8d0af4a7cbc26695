//go:build !windows

package prompt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// TestMain runs the test binary as a program that asks questions if PROMPT_TEST_PROGRAM is set: see runProgram.
func TestMain(m *testing.M) {
	if spec := os.Getenv("PROMPT_TEST_PROGRAM"); spec != "" {
		os.Exit(runProgram(strings.Fields(spec)))
	}
	os.Exit(m.Run())
}

// runProgram asks the given pages, as in "form zh token zone deploy", prints the answers to standard output and returns
// an exit status: 130 if the user aborted, 1 for any other error. SIGUSR1 cancels its context.
func runProgram(spec []string) int {
	if spec[0] == "silent" {
		fmt.Println("silent")
		return 0
	}
	signal.Ignore(syscall.SIGHUP) // as under nohup
	f := languages[spec[1]]
	p := NewHuh(os.Stdin, os.Stderr, f.Texts, NoColor(os.Getenv("NO_COLOR") != ""))
	if spec[0] == "line" {
		p = NewLine(os.Stdin, os.Stderr, f.Texts)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGUSR1)
	defer stop()
	for _, name := range spec[2:] {
		answers, err := p.Ask(ctx, f.page(name))
		if errors.Is(err, ErrAborted) {
			fmt.Println("aborted:", err)
			return 130
		}
		if err != nil {
			fmt.Println("failed:", err)
			return 1
		}
		for _, q := range f.page(name) {
			if q.Kind != Note {
				fmt.Printf("%s=%q\n", q.Key, answers[q.Key])
			}
		}
	}
	fmt.Println("end")
	return 0
}

func (fx fixture) page(name string) []Question {
	switch name {
	case "note":
		return fx.notePage()
	case "token":
		return fx.tokenPage()
	case "zone":
		return fx.zonePage(200)
	case "few":
		return fx.zonePage(3)
	case "host":
		return fx.hostPage()
	}
	return fx.deployPage()
}
