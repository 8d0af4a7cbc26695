package problem

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestConstructors(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk full")
	for _, x := range []struct {
		got  *Error
		want Error
	}{
		{New("declined", ExitFailed), Error{Code: "declined", Exit: ExitFailed, Details: map[string]string{}}},
		{Usage("flag-empty", "flag", "--domain", "command", "cfproxy plan"), Error{
			Code: "flag-empty", Exit: ExitUsage, Details: map[string]string{"flag": "--domain", "command": "cfproxy plan"},
		}},
		{Wrap("config-unwritable", cause, "file", "cfproxy.toml"), Error{
			Code: "config-unwritable", Exit: ExitFailed, Details: map[string]string{"file": "cfproxy.toml"}, Err: cause,
		}},
		{Usage("odd", "a", "1", "b"), Error{Code: "odd", Exit: ExitUsage, Details: map[string]string{"a": "1"}}},
	} {
		if diff := cmp.Diff(x.want, *x.got, cmpopts.EquateErrors()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestErrorTexts(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"declined":                             New("declined", ExitFailed),
		"config-unreadable: not exist":         Wrap("config-unreadable", errors.New("not exist")),
		"cfproxy.toml:3: config-invalid":       &PositionError{File: "cfproxy.toml", Line: 3, Err: Usage("config-invalid")},
		"exit status 130":                      ExitStatus(ExitInterrupted),
		"reading: cfproxy.toml:1: empty-value": fmt.Errorf("reading: %w", &PositionError{File: "cfproxy.toml", Line: 1, Err: Usage("empty-value")}),
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// errors.As and errors.Is see through all layers.
func TestUnwrap(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("outer: %w", &PositionError{File: "f", Line: 1, Err: Wrap("config-unreadable", fs.ErrNotExist)})
	var own *Error
	var position *PositionError
	if !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &own) || !errors.As(err, &position) {
		t.Errorf("%v cannot be unwrapped", err)
	}
	if errors.Unwrap(New("declined", ExitFailed)) != nil {
		t.Error("an error without a cause unwraps to one")
	}
}

// Scripts rely on these numbers. README.md and the help page list them.
func TestExitStatusesNeverChange(t *testing.T) {
	t.Parallel()
	got := []int{ExitOK, ExitFailed, ExitUsage, ExitConflict, ExitToken, ExitUnverified, ExitPending, ExitInterrupted}
	if diff := cmp.Diff([]int{0, 1, 2, 3, 4, 5, 6, 130}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
