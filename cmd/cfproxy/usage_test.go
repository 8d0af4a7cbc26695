package main

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

// usageErrorOf runs the program with arguments that are wrong and returns its error.
func usageErrorOf(t *testing.T, args ...string) *problem.Error {
	t.Helper()
	p, err := newProgram(args, environment{
		stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard,
		getenv: func(string) string { return "" }, width: func() int { return 0 },
	})
	if err != nil {
		t.Fatal(err)
	}
	err = p.execute(t.Context(), append([]string{"cfproxy"}, args...))
	var e *problem.Error
	if !errors.As(err, &e) || e.Exit != problem.ExitUsage {
		t.Fatalf("%v: got error %v, want a usage error", args, err)
	}
	return e
}

// onUsageError and suggestCommand parse texts of urfave/cli and of package flag. If one of them changes, its code here
// becomes "flag-wrong", or the suggestion disappears.
func TestTextsOfTheFlagLibrary(t *testing.T) {
	for _, x := range []struct {
		args    []string
		code    string
		details map[string]string
	}{
		{[]string{"--nosuch"}, "flag-unknown", map[string]string{"flag": "--nosuch", "command": "cfproxy"}},
		{[]string{"plan", "--nosuch"}, "flag-unknown", map[string]string{"flag": "--nosuch", "command": "cfproxy plan"}},
		{[]string{"plan", "--nosuch=x"}, "flag-unknown", map[string]string{"flag": "--nosuch", "command": "cfproxy plan"}},
		{[]string{"key", "add", "alice", "--nosuch"}, "flag-unknown", map[string]string{"flag": "--nosuch", "command": "cfproxy key add"}},
		{[]string{"--sandbox"}, "flag-empty", map[string]string{"flag": "--sandbox", "command": "cfproxy"}},
		{[]string{"plan", "--domain"}, "flag-empty", map[string]string{"flag": "--domain", "command": "cfproxy plan"}},
		{
			[]string{"verify", "--timeout", "soon"}, "flag-invalid",
			map[string]string{"flag": "--timeout", "value": "soon", "command": "cfproxy verify"},
		},
		{
			[]string{"verify", "--timeout", "1 h"}, "flag-invalid",
			map[string]string{"flag": "--timeout", "value": "1 h", "command": "cfproxy verify"},
		},
		{
			[]string{"deploy", "--yes=perhaps"}, "flag-toggle",
			map[string]string{"flag": "--yes", "value": "perhaps", "command": "cfproxy deploy"},
		},
		{
			[]string{"deploy", "--page=off"}, "flag-toggle",
			map[string]string{"flag": "--page", "value": "off", "command": "cfproxy deploy"},
		},
		{[]string{"deplpy"}, "command-unknown", map[string]string{"value": "deplpy", "suggestion": "deploy"}},
	} {
		e := usageErrorOf(t, x.args...)
		if diff := cmp.Diff(x.details, e.Details); e.Code != x.code || diff != "" {
			t.Errorf("%v: got %s (%v), want %s; details (-want +got):\n%s", x.args, e.Code, e.Err, x.code, diff)
		}
	}
}

// The library prints no text of its own beside the error.
func TestUsageErrorsPrintNothing(t *testing.T) {
	var output strings.Builder
	p, err := newProgram(nil, environment{
		stdin: strings.NewReader(""), stdout: &output, stderr: &output,
		getenv: func(string) string { return "" }, width: func() int { return 0 },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--nosuch"}, {"plan", "--domain"}, {"key", "add", "--nosuch"}, {"deplpy"}} {
		if err := p.execute(t.Context(), append([]string{"cfproxy"}, args...)); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
	if output.Len() > 0 {
		t.Errorf("printed %q", output.String())
	}
}

func TestFlagsFirst(t *testing.T) {
	app := englishProgram(t).app()
	for _, x := range []struct{ args, want string }{
		{"cfproxy", "cfproxy"},
		{"cfproxy key add alice --expires 30d", "cfproxy key add --expires 30d alice"},
		{"cfproxy key add alice --expires=30d --rpm 5", "cfproxy key add --expires=30d --rpm 5 alice"},
		{"cfproxy key add --rpm 5 alice --yes", "cfproxy key add --rpm 5 --yes alice"},
		{"cfproxy --sandbox a.json key revoke alice --yes", "cfproxy --sandbox a.json key revoke --yes alice"},
		{"cfproxy --sandbox key key revoke alice --yes", "cfproxy --sandbox key key revoke --yes alice"},
		{"cfproxy key add alice --yes bob", "cfproxy key add --yes alice bob"},
		{"cfproxy key add alice --expires", "cfproxy key add --expires alice"},
		{"cfproxy key add alice --nosuch", "cfproxy key add --nosuch alice"},
		// Commands without an argument, and completion, are left alone.
		{"cfproxy plan alice --json", "cfproxy plan alice --json"},
		{"cfproxy nosuch alice --json", "cfproxy nosuch alice --json"},
		{"cfproxy key add alice --generate-bash-completion", "cfproxy key add alice --generate-bash-completion"},
	} {
		args := strings.Fields(x.args)
		if got := strings.Join(flagsFirst(app, args), " "); got != x.want {
			t.Errorf("%s: got %s, want %s", x.args, got, x.want)
		}
		if strings.Join(args, " ") != x.args {
			t.Errorf("%s: the arguments were changed to %v", x.args, args)
		}
	}
}
