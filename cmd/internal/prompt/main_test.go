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

// TestMain lets the test binary play a program that asks questions: see program.
func TestMain(m *testing.M) {
	if spec := os.Getenv("PROMPT_TEST_PROGRAM"); spec != "" {
		os.Exit(program(strings.Fields(spec)))
	}
	os.Exit(m.Run())
}

// program asks the pages that it is told to, as in "form zh token zone deploy", prints the answers to standard output and
// returns an exit status: 130 if the person left, 1 for any other error. SIGUSR1 ends its context.
func program(spec []string) int {
	if spec[0] == "silent" {
		fmt.Println("silent")
		return 0
	}
	signal.Ignore(syscall.SIGHUP) // as under nohup
	w := languages[spec[1]]
	p := NewHuh(os.Stdin, os.Stderr, w.Texts, NoColor(os.Getenv("NO_COLOR") != ""))
	if spec[0] == "line" {
		p = NewLine(os.Stdin, os.Stderr, w.Texts)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGUSR1)
	defer stop()
	for _, name := range spec[2:] {
		answers, err := p.Ask(ctx, w.page(name))
		if errors.Is(err, ErrAborted) {
			fmt.Println("left:", err)
			return 130
		}
		if err != nil {
			fmt.Println("failed:", err)
			return 1
		}
		for _, q := range w.page(name) {
			if q.Kind != Note {
				fmt.Printf("%s=%q\n", q.Key, answers[q.Key])
			}
		}
	}
	fmt.Println("end")
	return 0
}

func (w words) page(name string) []Question {
	switch name {
	case "note":
		return w.notePage()
	case "token":
		return w.tokenPage()
	case "zone":
		return w.zonePage(200)
	case "few":
		return w.zonePage(3)
	case "host":
		return w.hostPage()
	}
	return w.deployPage()
}
