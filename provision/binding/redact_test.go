package binding

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	const secret = `cfut_Abc/def+ghi"0123456789klmnopqrst`
	quoted, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ text, want string }{
		"nothing":        {"no secret here", "no secret here"},
		"whole":          {"bad token " + secret + "!", "bad token …!"},
		"twice":          {secret + " and " + secret, "… and …"},
		"side by side":   {secret + secret, "…"},
		"its beginning":  {"token " + secret[:12] + " is bad", "token … is bad"},
		"its end":        {"token …" + secret[20:], "token ……"},
		"too little":     {secret[:11], secret[:11]},
		"JSON":           {string(quoted), `"…"`},
		"a URL's query":  {"?t=" + url.QueryEscape(secret), "?t=…"},
		"other letters":  {"令牌 " + secret + " 无效", "令牌 … 无效"},
		"only in part":   {secret[:15] + "***" + secret[25:], "…***…"},
		"nothing at all": {"", ""},
	} {
		if got := Redact(test.text, "", secret); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	for _, prefix := range []string{"", "a", "ab", "Bearer "} {
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			text := encoding.EncodeToString([]byte(prefix + secret + "!"))
			if got := Redact(text, secret); len(got) > 20 {
				t.Errorf("base64 behind %q: %q of %q is left", prefix, got, text)
			}
		}
	}
	if got := Redact("the key is short", "short"); got != "the key is …" {
		t.Errorf("a short secret: %q", got)
	}
}

// Redacted text contains no run of minSecretRun bytes of the secret.
func FuzzRedact(f *testing.F) {
	f.Add("some text ", "secret-0123456789", " more")
	f.Add("", "aaaaaaaaaaaaaa", "aaaaaaaaaaa")
	f.Fuzz(func(t *testing.T, before, secret, after string) {
		left := Redact(before+secret+after, secret)
		for i := 0; i+minSecretRun <= len(secret); i++ {
			if run := secret[i : i+minSecretRun]; strings.Contains(left, run) && !strings.Contains(run, "…") {
				t.Errorf("%q is left in %q", run, left)
			}
		}
	})
}
