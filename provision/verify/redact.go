package verify

import (
	"encoding/json"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxRunes    = 200 // of a detail
	redactedKey = "[key]"
)

// redactor removes the key from texts. It holds the spellings in which a server might echo the key.
type redactor []string

func newRedactor(key string) redactor {
	if key == "" {
		return nil
	}
	quoted, err := json.Marshal(key)
	if err != nil {
		return redactor{key}
	}
	return redactor{
		string(quoted[1 : len(quoted)-1]), strings.ReplaceAll(key, "/", `\/`), // JSON allows both
		url.QueryEscape(key), url.PathEscape(key), key,
	}
}

// redact replaces the key in s.
func (r redactor) redact(s string) string {
	for _, spelling := range r {
		s = strings.ReplaceAll(s, spelling, redactedKey)
	}
	for _, spelling := range r {
		s = trimCutKey(s, spelling)
	}
	return s
}

// trimCutKey removes the beginning of the key from the end of s, where s may have been cut off.
func trimCutKey(s, key string) string {
	const minLength = 6 // shorter beginnings, such as "sk-", are not secret
	for n := len(key) - 1; n >= minLength; n-- {
		if strings.HasSuffix(s, key[:n]) {
			return s[:len(s)-n]
		}
	}
	return s
}

// clean makes a string of unknown origin fit for a terminal and a log: printable, on one line, at most maxRunes long
// and without the key. The key is redacted before and after control characters are removed, because their removal can
// join two halves of it, and before the text is cut, which could leave its first half.
func (r redactor) clean(s string) string {
	s = r.redact(s)
	var b strings.Builder
	for _, char := range s {
		switch {
		case unicode.IsSpace(char):
			b.WriteByte(' ')
		case char != utf8.RuneError && unicode.IsPrint(char):
			b.WriteRune(char)
		}
	}
	s = r.redact(strings.Join(strings.Fields(b.String()), " "))
	if utf8.RuneCountInString(s) <= maxRunes {
		return s
	}
	return string([]rune(s)[:maxRunes-1]) + "…"
}

// cleanDetails cleans every value and drops the empty ones. It returns nil if none remain.
func (r redactor) cleanDetails(details map[string]string) map[string]string {
	var cleaned map[string]string
	for name, value := range details {
		if value = r.clean(value); value != "" {
			if cleaned == nil {
				cleaned = map[string]string{}
			}
			cleaned[name] = value
		}
	}
	return cleaned
}
