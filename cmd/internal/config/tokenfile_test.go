package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/cmd/internal/filelock"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/worker"
)

func digestOf(c string) string { return strings.Repeat(c, 64) }

// tokensFile is a file of the owner's with that text.
func tokensFile(t *testing.T, text string) TokenFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	f, err := OpenTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The owner's text is kept byte for byte: a token that is added and revoked leaves no trace.
func TestAddThenRevokeRestoresTheFile(t *testing.T) {
	t.Parallel()
	token := "[[tokens]]\nname = 'old' # who left?\nsha256 = \"" + digestOf("a") + "\"\n"
	for name, text := range map[string]string{
		"empty":          "",
		"plain":          "domains = [\"a.example.com\"]\n",
		"comments":       "# mine\ndomains = [ 'a.example.com' ]   # two blanks\n\n\n# the end\n",
		"another token":  "domains = []\n\n" + token,
		"blank at end":   "domains = []\n\n" + token + "\n\n",
		"line breaks":    "domains = []\r\n# x\r\n",
		"mark at start":  "\ufeffdomains = []\n" + token,
		"token in lists": "domains = [\n# [[tokens]]\n'a.example.com',\n]\n" + token + "# [[tokens]]\n",
	} {
		f := tokensFile(t, text)
		added, err := f.With(worker.Token{Name: "王小明", SHA256: digestOf("b"), Expires: 1801526400, Providers: []string{"openai"}, RPM: 60})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !strings.HasPrefix(string(added.text), text) || strings.Contains(text, "\r\n") && strings.Contains(strings.ReplaceAll(string(added.text), "\r\n", ""), "\n") {
			t.Errorf("%s: what stood before is changed, or line breaks are mixed: %q", name, added.text)
		}
		gone, err := added.Without("王小明")
		if diff := cmp.Diff(text, string(gone.text)); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func TestWrittenTokenIsReadBack(t *testing.T) {
	t.Parallel()
	f := tokensFile(t, "domains = []") // without a line break at its end
	want := worker.Token{Name: "bob@example.com", SHA256: digestOf("b"), Expires: time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC).Unix(), Providers: []string{"openai", "anthropic"}, RPM: 60}
	next, err := f.With(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]worker.Token{want}, next.Tokens); diff != "" {
		t.Error(diff)
	}
	const text = "domains = []\n\n[[tokens]]\nname = \"bob@example.com\"\nsha256 = \"%s\"\nexpires = 2027-01-31\nproviders = [\"openai\", \"anthropic\"]\nrpm = 60\n"
	if diff := cmp.Diff(fmt.Sprintf(text, digestOf("b")), string(next.text)); diff != "" {
		t.Error(diff)
	}
}

// Each of three blocks can be removed; the text around it is kept.
func TestRevokeRemovesOneBlock(t *testing.T) {
	t.Parallel()
	block := func(name, digest, rest string) string {
		return "[[tokens]]\nname = \"" + name + "\"\n# inside\nsha256 = \"" + digestOf(digest) + "\"\n" + rest
	}
	text := "# top\n\n# of a\n" + block("a", "a", "providers = [\n  \"openai\", # one\n]\n") + "\n# of b\n" + block("b", "b", "") + "# of c\n  " + block("c", "c", "rpm = 5")
	for name, want := range map[string]string{
		"a": "# top\n\n# of a\n\n# of b\n" + block("b", "b", "") + "# of c\n  " + block("c", "c", "rpm = 5"),
		"b": "# top\n\n# of a\n" + block("a", "a", "providers = [\n  \"openai\", # one\n]\n") + "\n# of b\n# of c\n  " + block("c", "c", "rpm = 5"),
		"c": "# top\n\n# of a\n" + block("a", "a", "providers = [\n  \"openai\", # one\n]\n") + "\n# of b\n" + block("b", "b", "") + "# of c\n",
	} {
		next, err := tokensFile(t, text).Without(name)
		if diff := cmp.Diff(want, string(next.text)); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func TestUneditableTokensAreAnError(t *testing.T) {
	t.Parallel()
	f := tokensFile(t, "tokens = [{name = 'a', sha256 = '"+digestOf("a")+"'}]\n")
	if len(f.Tokens) != 1 {
		t.Fatalf("got %v", f.Tokens)
	}
	_, added := f.With(worker.Token{Name: "b", SHA256: digestOf("b")})
	_, gone := f.Without("a")
	for _, err := range []error{added, gone} {
		var own *problem.Error
		if !errors.As(err, &own) || own.Code != "tokens-uneditable" {
			t.Errorf("got %v", err)
		}
	}
}

func TestSymlinkIsKept(t *testing.T) {
	t.Parallel()
	real := tokensFile(t, "domains = []\n")
	link := filepath.Join(t.TempDir(), FileName)
	if err := os.Symlink(real.Path, link); err != nil {
		t.Skip(err)
	}
	f, err := OpenTokens(link)
	if err != nil {
		t.Fatal(err)
	}
	next, err := f.With(worker.Token{Name: "a", SHA256: digestOf("a")})
	if err == nil {
		err = f.Write(next)
	}
	info, statErr := os.Lstat(link)
	if err != nil || statErr != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Fatalf("%v, %v, %v", err, statErr, info)
	}
	if text, err := os.ReadFile(real.Path); err != nil || !strings.Contains(string(text), "[[tokens]]") {
		t.Errorf("%v %s", err, text)
	}
}

func TestTokenNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"alice": true, "bob@example.com": true, "a": true, "王小明": true, "Zoë": true, "राम": true, "ci-1_x.y": true, "7": true, "٣": true,
		"": false, "-a": false, ".a": false, "@a": false, "a b": false, "a\nb": false, "a\"": false, "a/b": false, "😀": false, "\u0301a": false,
		"a\u202eb": false, "a\x00": false, "\xff": false, strings.Repeat("王", 64): true, strings.Repeat("a", 65): false,
	} {
		if got := isTokenName(name); got != want {
			t.Errorf("%q: got %v", name, got)
		}
	}
}

func TestKeysAreRejectedAsNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"sk-proj-abcdef": true, "SK-ant-api03-x": true, "cfp_0123": true, "AIzaSyA1234": true, "gsk_abcdefgh": true, "xai-abcdef": true,
		"0a1b2c3d4e5f60718293a4b5c6d7e8f9": true, "Bearer abc": true, "cfat_abcdef": true,
		"alice": false, "sk": false, "skyler": false, "sk-a": false, "member-of-the-data-team-2026": false, "bob@example.com": false,
		"ci-20270131120000000000000": false, "internationalization-team": false, "王小明": false, "cf-team": false,
	} {
		if got := LooksLikeKey(name); got != want {
			t.Errorf("%q: got %v", name, got)
		}
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 1, 23, 59, 0, 0, time.FixedZone("", -3600)) // in UTC it is the 2nd
	for value, want := range map[string]string{
		"2027-01-31": "2027-01-31", "2026-12-02": "2026-12-02", "1d": "2026-12-03", " 30D ": "2027-01-01",
		"2026-12-01": "", "2027-02-30": "", "0d": "", "-1d": "", "99999d": "", "d": "", "": "", "tomorrow": "", "2027-01-31T00:00:00Z": "",
	} {
		expires, err := ParseExpiry(value, now)
		got := ""
		if err == nil {
			got = LastDay(worker.Token{Expires: expires})
		}
		if got != want {
			t.Errorf("%q: got %q, %v, want %q", value, got, err, want)
		}
	}
}

func TestGeneratedTokensAreLongAndDiffer(t *testing.T) {
	t.Parallel()
	a, b := GenerateToken(worker.Token{}), GenerateToken(worker.Token{})
	if len(a.Secret) != len("cfp_")+43 || !strings.HasPrefix(a.Secret, worker.TokenPrefix) || a.Secret == b.Secret || a.Token.SHA256 != SHA256(a.Secret) {
		t.Errorf("got %q and %q", a.Secret, b.Secret)
	}
}

// Commands that take the lock in turn keep each other's tokens, and leave no other file behind.
func TestConcurrentEditsAreKept(t *testing.T) {
	t.Parallel()
	first := tokensFile(t, "# mine\ndomains = []\n")
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			unlock, err := filelock.Lock(t.Context(), first.Path, time.Minute, func() {})
			if err != nil {
				t.Error(err)
				return
			}
			defer unlock()
			f, err := OpenTokens(first.Path)
			if err != nil {
				t.Error(err)
				return
			}
			next, err := f.With(worker.Token{Name: fmt.Sprint("t", i), SHA256: strings.Repeat(fmt.Sprintf("%x", i), 64)})
			if err != nil {
				t.Error(err)
				return
			}
			if err = f.Write(next); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	f, err := OpenTokens(first.Path)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Tokens) != 8 {
		t.Errorf("got %s", f.Names())
	}
	entries, err := os.ReadDir(filepath.Dir(first.Path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v %v", entries, err)
	}
	if info, err := os.Stat(first.Path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}
