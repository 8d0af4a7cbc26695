package verify

import (
	"encoding/json"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxRunes = 200 // of a detail
	hidden   = "[key]"
)

// redactor holds the key in the spellings in which a server might echo it.
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
		string(quoted[1 : len(quoted)-1]), strings.ReplaceAll(key, "/", `\/`), // both are ways to write it in JSON
		url.QueryEscape(key), url.PathEscape(key), key,
	}
}

func (r redactor) hide(s string) string {
	for _, spelling := range r {
		s = strings.ReplaceAll(s, spelling, hidden)
	}
	for _, spelling := range r {
		s = dropTail(s, spelling)
	}
	return s
}

// dropTail drops a beginning of the key at the end of a text that was cut off there.
func dropTail(s, key string) string {
	const telling = 6 // fewer bytes, such as "sk-", say nothing
	for n := len(key) - 1; n >= telling; n-- {
		if strings.HasSuffix(s, key[:n]) {
			return s[:len(s)-n]
		}
	}
	return s
}

// clean makes a string of unknown origin fit for a terminal and a log: printable, one line, at most maxRunes long, and
// without the key. The key is hidden twice, because dropping a control character can join its halves, and before the
// cut, which could leave its first half.
func (r redactor) clean(s string) string {
	s = r.hide(s)
	var b strings.Builder
	for _, char := range s {
		switch {
		case unicode.IsSpace(char):
			b.WriteByte(' ')
		case char != utf8.RuneError && unicode.IsPrint(char):
			b.WriteRune(char)
		}
	}
	s = r.hide(strings.Join(strings.Fields(b.String()), " "))
	if utf8.RuneCountInString(s) <= maxRunes {
		return s
	}
	return string([]rune(s)[:maxRunes-1]) + "…"
}
