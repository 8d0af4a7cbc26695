package problem

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestErrors(t *testing.T) {
	t.Parallel()
	for text, err := range map[string]error{
		"domain-missing":                      Usage("domain-missing"),
		"config-unreadable: file missing":     Wrap("config-unreadable", errors.New("file missing"), "file", "a"),
		"cfproxy.toml:3: provider-unknown":    &PositionError{File: "cfproxy.toml", Line: 3, Err: Usage("provider-unknown")},
		fmt.Sprint("exit status ", ExitUsage): ExitStatus(ExitUsage),
	} {
		if err.Error() != text {
			t.Errorf("got %q, want %q", err, text)
		}
	}
}

func TestUnwrap(t *testing.T) {
	t.Parallel()
	var err error = &PositionError{File: "a", Line: 1, Err: Wrap("config-unreadable", fs.ErrNotExist, "file", "a", "line", "1")}
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
	want := &Error{Code: "config-unreadable", Exit: ExitFailed, Details: map[string]string{"file": "a", "line": "1"}}
	e.Err = nil
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
}
