package binding

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
)

// minSecretRun is how many characters of a secret in a row must not be seen anywhere: fewer are no help to whoever guesses the
// rest, and are met by chance in names and words.
const minSecretRun = 12

// Redact gives text with an ellipsis in the place of every secret: whole, in pieces of twelve characters and more, and as
// URLs, JSON and base64 spell it. It is for texts of others, such as an API that repeats what it was sent.
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

// spellings lists the forms in which a secret may come back.
func spellings(secret string) []string {
	if secret == "" {
		return nil
	}
	// Marshalling a string cannot fail.
	quoted, _ := json.Marshal(secret)
	all := []string{
		secret, string(quoted[1 : len(quoted)-1]), strings.ReplaceAll(secret, "/", `\/`), url.QueryEscape(secret), url.PathEscape(secret),
	}
	for shift := range 3 {
		// The characters at either end also depend on what stands beside the secret, so they say nothing of it.
		shifted := append(make([]byte, shift), secret...)
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := encoding.EncodeToString(shifted)
			all = append(all, text[(shift*8+5)/6:len(text)-1])
		}
	}
	return all
}

// markRuns finds every run of a spelling in a text; of one that is shorter than a run, the whole.
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
