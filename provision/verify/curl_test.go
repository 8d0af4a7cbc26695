package verify

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCurlLine(t *testing.T) {
	t.Parallel()
	const common = " -A cfproxy-verify "
	tests := map[string]struct {
		edit  func(*Upstream)
		extra []string
		want  string
	}{
		"plain":   {func(*Upstream) {}, nil, "curl -sS -i" + common + "-H 'Content-Type: application/json' --data-raw '{}' https://gptapi.example.com/v1/chat/completions"},
		"extra":   {func(*Upstream) {}, []string{"--connect-to", "a:443:127.0.0.1:8443", "--cacert", "/tmp/my ca.pem"}, "curl -sS -i --connect-to a:443:127.0.0.1:8443 --cacert '/tmp/my ca.pem'" + common + "-H 'Content-Type: application/json' --data-raw '{}' https://gptapi.example.com/v1/chat/completions"},
		"get":     {func(t *Upstream) { t.Method, t.Body, t.Path = "GET", "", "/v1/models?a=1&b=2" }, nil, "curl -sS -i" + common + "'https://gptapi.example.com/v1/models?a=1&b=2'"},
		"head":    {func(t *Upstream) { t.Method, t.Body = "HEAD", "" }, nil, "curl -sS -I" + common + "https://gptapi.example.com/v1/chat/completions"},
		"put":     {func(t *Upstream) { t.Method = "PUT" }, nil, "curl -sS -i -X PUT" + common + "-H 'Content-Type: application/json' --data-raw '{}' https://gptapi.example.com/v1/chat/completions"},
		"no body": {func(t *Upstream) { t.Body = "" }, nil, "curl -sS -i" + common + "--data-raw '' https://gptapi.example.com/v1/chat/completions"},
		"prefix":  {func(t *Upstream) { t.Place = PlacePrefix }, nil, "curl -sS -i" + common + "-H 'Content-Type: application/json' --data-raw '{}' https://gptapi.example.com/openai/v1/chat/completions"},
		"globs":   {func(t *Upstream) { t.Body, t.Method, t.Path = "", "GET", "/a[1]" }, nil, "curl -sS -i" + common + "-g 'https://gptapi.example.com/a[1]'"},
	}
	for name, test := range tests {
		target := testTarget()
		upstream := target.Upstreams[0]
		test.edit(&upstream)
		if got := curlLine(target, upstream, false, test.extra); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, test.want)
		}
	}
}

func TestCurlLineRedactsKey(t *testing.T) {
	t.Parallel()
	target := testTarget()
	upstream := target.Upstreams[0]
	target.Key, upstream.Body, upstream.Path = "sk-it's$HOME", `{"k":"sk-it's$HOME"}`, "/v1?key=sk-it's$HOME"
	line := curlLine(target, upstream, false, []string{"-H", "Authorization: Bearer sk-it's$HOME"})
	if strings.Contains(line, "sk-it") || strings.Contains(line, "HOME") {
		t.Errorf("the key is in %s", line)
	}
}

// A real shell must parse the line into exactly the original arguments.
func TestCurlLineInShell(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh here")
	}
	hostile := []string{"", "'", "''", `a'b"c`, "$HOME `id` $(id) !x", "a\nb\tc", `back\slash\`, "*?[a]{b,c}~#;&|<>()", "-n", "@file", "蓝色 🌤️", "王小明", "\xff", "%s", "a=b"}
	target := testTarget()
	upstream := target.Upstreams[0]
	upstream.Body = `{"it's":"` + "`$x`" + `\n"}` + "\nsecond line"
	line := curlLine(target, upstream, false, hostile)
	out, err := exec.Command(sh, "-c", `curl() { for word; do printf '%s\000' "$word"; done; }`+"\n"+line).Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	want := append(append([]string{"-sS", "-i"}, hostile...), "-A", userAgent, "-H", "Content-Type: application/json",
		"--data-raw", upstream.Body, "https://"+testHost+upstream.Path)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
}

func TestShellQuote(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"a.json": "a.json", "::127.0.0.1:8443": "::127.0.0.1:8443", "my ca.pem": "'my ca.pem'", "it's": `'it'\''s'`, "": "''",
		"王小明": "王小明", "~/a": "'~/a'", "a\x00b": "ab", "😀": "'😀'",
	} {
		if got := ShellQuote(word); got != want {
			t.Errorf("%q becomes %s, want %s", word, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	secret := newRedactor("sk-0123456789")
	for in, want := range map[string]string{
		"":                       "",
		" a\r\n\tb\u00a0c ":      "a b c",
		"\x1b[31mred\x1b[0m\a":   "[31mred[0m",
		"\xff\xfebad\xc3":        "bad",
		"a\u202eb\u200bc":        "abc",
		"sk-0123456789":          "[key]",
		"sk-\x00012345\x006789":  "[key]",
		"tail sk-01234":          "tail",
		"tail sk-":               "tail sk-",
		strings.Repeat("蓝", 201): strings.Repeat("蓝", 199) + "…",
		strings.Repeat("蓝", 200): strings.Repeat("蓝", 200),
	} {
		if got := secret.clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}
