package binding_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/worker"
)

func token(name, digest string, rpm int) worker.Token {
	return worker.Token{Name: name, SHA256: strings.Repeat(digest, 64), RPM: rpm}
}

func TestMissingTokens(t *testing.T) {
	t.Parallel()
	deployed := []worker.Token{token("d", "d", 0), token("b", "b", 5), token("a", "a", 0), token("c", "c", 0)}
	unlimited := token("a", "a", 0)
	unlimited.Providers = []string{} // equals nil
	listed := []worker.Token{unlimited, token("b", "b", 6), token("c", "f", 0), token("e", "e", 0)}
	if diff := cmp.Diff([]string{"b", "c", "d"}, binding.MissingTokens(deployed, listed)); diff != "" {
		t.Error(diff)
	}
}

func TestRevokedTokens(t *testing.T) {
	t.Parallel()
	before := []worker.Token{token("a", "a", 0), token("b", "b", 5), token("c", "c", 0)}
	after := []worker.Token{token("renamed", "a", 9), token("b", "f", 5)}
	if diff := cmp.Diff([]string{"b", "c"}, binding.RevokedTokens(before, after)); diff != "" {
		t.Error(diff)
	}
}

func TestFormatTokensDependsOnEverythingButTheOrder(t *testing.T) {
	t.Parallel()
	a, b := token("a", "a", 0), token("b", "b", 5)
	text := binding.FormatTokens([]worker.Token{a, b})
	if !strings.HasPrefix(text, "a, b (") || text != binding.FormatTokens([]worker.Token{b, a}) {
		t.Errorf("got %q and %q", text, binding.FormatTokens([]worker.Token{b, a}))
	}
	b.RPM = 6
	if other := binding.FormatTokens([]worker.Token{a, b}); other == text {
		t.Errorf("another limit: got %q again", other)
	}
	many := []worker.Token{a, b, token("c", "c", 0), token("d", "d", 0), token("e", "e", 0)}
	if text := binding.FormatTokens(many); !strings.HasPrefix(text, "5 (") {
		t.Errorf("five tokens: got %q", text)
	}
	if text := binding.FormatTokens(nil); text != "" {
		t.Errorf("no tokens: got %q", text)
	}
}
