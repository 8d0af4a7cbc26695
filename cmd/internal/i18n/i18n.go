// Package i18n contains every text that the program prints, in English and Chinese, and looks them up by key.
package i18n

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed en.json
var englishJSON string

//go:embed zh-CN.json
var chineseJSON string

// Language is a language in which the program prints.
type Language string

// The languages.
const (
	English Language = "en"
	Chinese Language = "zh"
)

// Parse parses a language as --lang accepts it ("en", "zh") or a locale ("zh_CN.UTF-8", "zh-Hans", "C"). It returns
// English and false for any other language.
func Parse(s string) (Language, bool) {
	s, _, _ = strings.Cut(strings.ToLower(s), ".")
	s, _, _ = strings.Cut(strings.ReplaceAll(s, "_", "-"), "-")
	switch s {
	case "zh":
		return Chinese, true
	case "en", "c", "posix":
		return English, true
	}
	return English, false
}

// FromEnvironment returns the language that CFPROXY_LANG, LC_ALL, LC_MESSAGES or LANG selects. The first of them that
// is not empty decides; without any, or with an unsupported language, it is English.
func FromEnvironment(getenv func(string) string) Language {
	for _, name := range []string{"CFPROXY_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			language, _ := Parse(value)
			return language
		}
	}
	return English
}

// Catalog holds the texts of one language.
type Catalog struct {
	Language Language
	texts    map[string]string // JSON strings, still encoded
	defaults []string          // placeholders that every text may use: name, value, name, value
}

// Load returns the catalog of a language. It returns an error for a language without a catalog.
func Load(language Language) (*Catalog, error) {
	text := map[Language]string{English: englishJSON, Chinese: chineseJSON}[language]
	if text == "" {
		return nil, fmt.Errorf("no catalog for language %q", language)
	}
	return &Catalog{Language: language, texts: index(text), defaults: []string{"cfproxy", "cfproxy", "config", ""}}, nil
}

// index returns the values of a catalog file by key, without decoding them. The file is a JSON object of strings with one
// member per line, which a test checks. Decoding the whole file would take longer than all else that --version does.
func index(file string) map[string]string {
	texts := make(map[string]string, strings.Count(file, "\n"))
	for line := range strings.SplitSeq(file, "\n") {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), `": `); ok {
			texts[key[1:]] = strings.TrimSuffix(value, ",")
		}
	}
	return texts
}

// T returns the text of a key with its {placeholders} replaced. pairs are name, value, name, value; a placeholder that is
// neither there nor a default remains. For an unknown key T returns the key.
func (c *Catalog) T(key string, pairs ...string) string {
	text, ok := c.text(key)
	if !ok {
		return key
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		value, ok := find(pairs, name)
		if !ok {
			value, ok = find(c.defaults, name)
		}
		if !ok || !closed {
			value, after = "{", rest
		}
		b.WriteString(value)
		text = after
	}
}

// text returns the decoded text of a key.
func (c *Catalog) text(key string) (string, bool) {
	encoded, ok := c.texts[key]
	if !ok {
		return "", false
	}
	if !strings.Contains(encoded, `\`) {
		return encoded[1 : len(encoded)-1], true
	}
	var text string
	err := json.Unmarshal([]byte(encoded), &text)
	return text, err == nil
}

// find returns the value of a name in name, value, name, value.
func find(pairs []string, name string) (string, bool) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == name {
			return pairs[i+1], true
		}
	}
	return "", false
}

// With returns a catalog with the same texts and other default placeholders. The defaults of Load are {cfproxy}, the
// name of the program, and {config}, which is empty.
func (c *Catalog) With(pairs ...string) *Catalog {
	return &Catalog{Language: c.Language, texts: c.texts, defaults: pairs}
}

// Pairs returns the entries of a map as arguments for T.
func Pairs(values map[string]string) []string {
	var pairs []string
	for name, value := range values {
		pairs = append(pairs, name, value)
	}
	return pairs
}

// Has reports whether the catalog contains a key.
func (c *Catalog) Has(key string) bool {
	_, ok := c.texts[key]
	return ok
}

// Keys returns every key, in no particular order.
func (c *Catalog) Keys() []string {
	var keys []string
	for key := range c.texts {
		keys = append(keys, key)
	}
	return keys
}
