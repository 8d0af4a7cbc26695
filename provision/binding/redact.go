package binding

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
)

// minSecretRun is the length of the shortest part of a secret that is redacted. Shorter parts do not help to guess the
// rest, and match names and words by chance.
const minSecretRun = 12

// Redact returns text with every secret replaced by an ellipsis, whether it appears whole, in parts of at least 12
// bytes, or encoded in a URL, JSON or base64. It is meant for text from outside, such as API errors that repeat their
// input.
func Redact(text string, secrets ...string) string {
	hide := make([]bool, len(text))
	for _, secret := range secrets {
		for _, spelling := range spellings(secret) {
			markRuns(hide, text, spelling)
		}
	}
	var b strings.Builder
	for i := range len(text) {
		switch {
		case !hide[i]:
			b.WriteByte(text[i])
		case i == 0 || !hide[i-1]:
			b.WriteString("…")
		}
	}
	return b.String()
}

// spellings returns the encodings in which a secret may appear.
func spellings(secret string) []string {
	if secret == "" {
		return nil
	}
	quoted, _ := json.Marshal(secret) // a string: cannot fail
	all := []string{
		secret, string(quoted[1 : len(quoted)-1]), strings.ReplaceAll(secret, "/", `\/`), url.QueryEscape(secret), url.PathEscape(secret),
	}
	for shift := range 3 {
		// Characters at either end also encode bits of the surrounding text, so they are cut off.
		shifted := append(make([]byte, shift), secret...)
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := encoding.EncodeToString(shifted)
			all = append(all, text[(shift*8+5)/6:len(text)-1])
		}
	}
	return all
}

// markRuns sets hide for every byte of text that belongs to a run of minSecretRun bytes of spelling, or to all of a
// shorter one.
func markRuns(hide []bool, text, spelling string) {
	width := min(minSecretRun, len(spelling))
	if width == 0 {
		return
	}
	runs := map[string]bool{}
	for i := 0; i+width <= len(spelling); i++ {
		runs[spelling[i:i+width]] = true
	}
	for i := 0; i+width <= len(text); i++ {
		if !runs[text[i:i+width]] {
			continue
		}
		for j := range width {
			hide[i+j] = true
		}
	}
}
