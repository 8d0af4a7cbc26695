package input

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

const secret = "sk-proj-0123456789_abcDEF"

func TestCleanDropsWhatIsPastedAround(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		secret, " " + secret + " ", "\t" + secret + "\t", secret + "\n", secret + "\r\n", "\n\n" + secret + "\r", secret + "\v\f\u0085\u2028\u2029",
		"\u00a0" + secret + "\u3000\u2003\u202f\u2800",
		`"` + secret + `"`, "'" + secret + "'", "`" + secret + "`", "“" + secret + "”", "‘" + secret + "’", "„" + secret + "“", "«" + secret + "»",
		"‹" + secret + "›", "「" + secret + "」", "『" + secret + "』", "【" + secret + "】", "《" + secret + "》", "〈" + secret + "〉", "＂" + secret + "＂",
		"＇" + secret + "＇", "（" + secret + "）", "´" + secret + "´", "〝" + secret + "〞", `"'` + secret + `'"`, `"` + secret, secret + `"`,
		`" ` + secret + ` "`, "```" + secret + "```",
		"Bearer " + secret, "bearer " + secret, "BEARER\t" + secret, "Bearer\n" + secret, `"Bearer ` + secret + `"`, `Bearer "` + secret + `"`,
		"Bearer bearer " + secret, "Bearer\u00a0" + secret, "\ufeffBearer  " + secret,
		"\ufeff" + secret, secret + "\u200b", "\u200e" + secret + "\u200f", "\u2060" + secret[:8] + "\u200b\u200c\u200d\u00ad" + secret[8:] + "\u2064",
		"\u202a" + secret + "\u202c", secret + "\ufe0f", secret[:4] + "\u3164\u115f\u180e" + secret[4:], "\U000e0041" + secret, secret + "\ufff9",
		secret[:9] + "\n" + secret[9:], secret[:9] + "\r\n" + secret[9:], secret[:9] + "\n    " + secret[9:], secret[:9] + " \u2028 " + secret[9:],
		"\"\ufeff Bearer\u200b “" + secret[:3] + "\r\n" + secret[3:] + "”\n\"\n",
	} {
		if got, err := Clean("NAME", text); got != secret || err != nil {
			t.Errorf("Clean(%q) = %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", " ", "\r\n", `""`, "“”", "\ufeff", "\u200b\n", "Bearer", "Bearer ", `"Bearer "`} {
		if got, err := Clean("NAME", text); got != "" || err != nil {
			t.Errorf("Clean(%q) = %q, %v, want nothing", text, got, err)
		}
	}
	for _, text := range []string{"bearer-of-news", "Bearers", "a'b", `a"b`, "a,b;c", "<a>", "=+/", "sk(1)"} {
		if got, err := Clean("NAME", text); got != text || err != nil {
			t.Errorf("Clean(%q) = %q, %v, want it unchanged", text, got, err)
		}
	}
}

func TestCleanNamesWhatCannotBeRight(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"sk two words":                  {"U+0020", "3"},
		" sk two words":                 {"U+0020", "4"},
		"sk\tword":                      {"U+0009", "3"},
		"sk\u00a0word":                  {"U+00A0", "3"},
		"sk\u3000word":                  {"U+3000", "3"},
		"sk\u2800word":                  {"U+2800", "3"},
		"sk–abc":                        {"U+2013", "3"},
		"“\u200bsk—abc”":                {"U+2014", "5"},
		"ｓｋ-abc":                        {"U+FF53", "1"},
		"sk-аbc":                        {"U+0430", "4"}, // Cyrillic
		"sk-…":                          {"U+2026", "4"},
		"sk-abc。":                       {"U+3002", "7"},
		"sk-密钥":                         {"U+5BC6", "4"},
		"sk-\U0001f511":                 {"U+1F511", "4"},
		"sk-\x00abc":                    {"U+0000", "4"},
		"\x1b[200~sk-abc":               {"U+001B", "1"},
		"sk-abc\x7f":                    {"U+007F", "7"},
		"sk-\b\babc":                    {"U+0008", "4"},
		"sk-\xe4bc":                     {"0xE4", "4"},
		"sk-\ufffdabc":                  {"U+FFFD", "4"},
		"Authorization: Bearer sk-abc":  {"U+0020", "15"},
		"export KEY=sk-abc":             {"U+0020", "7"},
		"sk-one\n\"sk two\"":            {"U+0020", "11"},
		"sk-abc\u201dabc":               {"U+201D", "7"},
		"Bearer sk-abc, Bearer sk-abcd": {"U+0020", "15"},
	} {
		_, err := Clean("NAME", text)
		var e *problem.Error
		if !errors.As(err, &e) || e.Exit != problem.ExitUsage || e.Details["name"] != "NAME" {
			t.Errorf("Clean(%q): got %v", text, err)
		} else if got := [2]string{e.Details["character"], e.Details["position"]}; got != want || len(e.Details) != 3 {
			t.Errorf("Clean(%q): got %v, want %v", text, e.Details, want)
		}
	}
}

func TestVisible(t *testing.T) {
	t.Parallel()
	if got, want := Visible("a\u200b b\u00a0密\ufeff"), `a\u200b b\u00a0密\ufeff`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What Clean returns it returns unchanged, and without an error it is printable ASCII, all of which was in the text.
func FuzzClean(f *testing.F) {
	for _, text := range []string{
		secret, `"Bearer ` + secret + "\"\r\n", "a\n b", "\ufeffa\u200bb", "“a b”", "\xff\xfea\x00", "Be\narer a", "'\n'a", "a \n\"", "bearer\tBearer", "\u2800a",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Clean("NAME", text)
		again, errAgain := Clean("NAME", got)
		if again != got || (err == nil) != (errAgain == nil) {
			t.Fatalf("Clean(%q) = %q, %v, which becomes %q, %v", text, got, err, again, errAgain)
		}
		if strings.ContainsFunc(got, IsInvisible) || strings.ContainsFunc(got, isLineBreak) {
			t.Fatalf("Clean(%q) = %q has invisible characters", text, got)
		}
		if hasOther := strings.ContainsFunc(got, func(r rune) bool { return r <= ' ' || r > '~' }); hasOther != (err != nil) {
			t.Fatalf("Clean(%q) = %q, %v", text, got, err)
		}
		at := 0
		for i := range len(got) {
			if err != nil {
				break // bytes that are not UTF-8 are replaced
			}
			next := strings.IndexByte(text[at:], got[i])
			if next < 0 {
				t.Fatalf("Clean(%q) = %q has bytes of its own", text, got)
			}
			at += next + 1
		}
	})
}

func TestEncoding(t *testing.T) {
	t.Parallel()
	const text = "domains = [\"gptapi.example.com\"]\r\n"
	encode := func(text string, bigEndian bool) string {
		var b strings.Builder
		for _, unit := range utf16.Encode([]rune(text)) {
			pair := []byte{byte(unit), byte(unit >> 8)}
			if bigEndian {
				slices.Reverse(pair)
			}
			b.Write(pair)
		}
		return b.String()
	}
	for in, want := range map[string]string{
		"": "", text: "", "\ufeff" + text: "", "# 域名\n" + text: "", "\x00": "",
		encode("\ufeff"+text, false): "UTF-16", encode("\ufeff"+text, true): "UTF-16", encode(text, false): "UTF-16", encode(text, true): "UTF-16",
		encode("\ufeff# 域名\n"+text, false): "UTF-16", "\xff\xfe": "UTF-16",
		"\xff\xfe\x00\x00d\x00\x00\x00": "UTF-32", "\x00\x00\xfe\xff\x00\x00\x00d": "UTF-32",
		"# \xd3\xf2\xc3\xfb\n" + text: "GBK", // 域名
		"# b\xfccher\n" + text:        "", "# \xe4\n" + text: "", "# caf\xe9": "", "\xd3": "",
	} {
		if got := Encoding([]byte(in)); got != want {
			t.Errorf("Encoding(%q) = %q, want %q", in, got, want)
		}
	}
}
