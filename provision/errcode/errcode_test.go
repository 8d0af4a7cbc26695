package errcode_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

func TestOf(t *testing.T) {
	t.Parallel()
	err := errcode.New(errcode.ZoneFull, "zone", "example.com")
	for name, test := range map[string]struct {
		err  error
		want errcode.Code
	}{
		"nil":            {nil, ""},
		"no code":        {errors.New("no code"), ""},
		"plain":          {err, errcode.ZoneFull},
		"wrapped":        {fmt.Errorf("deploy: %w", fmt.Errorf("zone: %w", err)), errcode.ZoneFull},
		"joined":         {errors.Join(errors.New("no code"), err), errcode.ZoneFull},
		"outermost wins": {&errcode.Error{Code: errcode.Interrupted, Err: err}, errcode.Interrupted},
		"conflict":       {fmt.Errorf("deploy: %w", &plan.ConflictError{Code: errcode.Exposed}), errcode.Exposed},
		"hosts":          {plan.HostErrors{{Host: "a.example.com", Err: err}, {Host: "b.example.com"}}, errcode.ZoneFull},
	} {
		if got := errcode.Of(test.err); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestErrorHasDetailsInOrderAndTheCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection reset")
	err := errcode.New(errcode.Unreachable, "status", "0", "call", "GET /zones", "odd")
	err.Err = cause
	if got, want := err.Error(), "api-unreachable call=GET /zones status=0: connection reset"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is not wrapped")
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	regions := []string{"aws:us-west-2", "aws:us-east-1", "gcp:us-east1"}
	for wrong, want := range map[string]string{
		"aws:us-east-1": "aws:us-east-1",
		"aws:us-est-1":  "aws:us-east-1",
		"aws:su-east-1": "aws:us-east-1",
		"aws:us-east":   "aws:us-east-1",
		"azure:eastus":  "",
		"":              "",
	} {
		if got := errcode.Suggest(wrong, regions); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", wrong, got, want)
		}
	}
	if got := errcode.Suggest("b", []string{"d", "c", "a"}); got != "a" {
		t.Errorf("among equals: got %q, want the first in order", got)
	}
}

func TestAbbreviate(t *testing.T) {
	t.Parallel()
	names := strings.Split(strings.Repeat("x,", 21)+"x", ",")
	for n, want := range map[int]string{
		0:  "",
		1:  "x",
		2:  "x, x",
		20: strings.Repeat("x, ", 19) + "x",
		21: strings.Repeat("x, ", 20) + "…",
		22: strings.Repeat("x, ", 20) + "…",
	} {
		if got := errcode.Abbreviate(names[:n]); got != want {
			t.Errorf("%d names: got %q, want %q", n, got, want)
		}
	}
	if names[20] != "x" {
		t.Error("the argument was changed")
	}
}
