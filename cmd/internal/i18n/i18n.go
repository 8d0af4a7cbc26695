// Package i18n holds every sentence that the program says, in English and Chinese, and looks them up by key.
package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed en.json zh-CN.json
var files embed.FS

// Language is one of the languages that the program speaks.
type Language string

// The languages.
const (
	English Language = "en"
	Chinese Language = "zh"
)

var fileOf = map[Language]string{English: "en.json", Chinese: "zh-CN.json"}

// Parse takes a language as --lang has it ("en", "zh") or as a locale has it ("zh_CN.UTF-8", "zh-Hans", "C").
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

// FromEnvironment chooses by CFPROXY_LANG, LC_ALL, LC_MESSAGES and LANG, the first that is set, and else English.
func FromEnvironment(getenv func(string) string) Language {
	for _, name := range []string{"CFPROXY_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			language, _ := Parse(value)
			return language
		}
	}
	return English
}

// Catalog is every sentence of one language.
type Catalog struct {
	Language Language
	texts    map[string]string
	always   []string
}

// Load reads the catalogue of a language.
func Load(language Language) (*Catalog, error) {
	text, err := files.ReadFile(fileOf[language])
	if err != nil {
		return nil, fmt.Errorf("catalogue %q: %w", language, err)
	}
	c := &Catalog{Language: language, always: []string{"cfproxy", "cfproxy", "config", ""}}
	if err := json.Unmarshal(text, &c.texts); err != nil {
		return nil, fmt.Errorf("catalogue %q: %w", language, err)
	}
	return c, nil
}

// T gives the text of a key with its {placeholders} filled from pairs: name, value, name, value. A key that is not there
// is given as it is; a test sees to it that this cannot happen.
func (c *Catalog) T(key string, pairs ...string) string {
	text, ok := c.texts[key]
	if !ok {
		return key
	}
	replacements := slices.Concat(pairs, c.always)
	for i := 0; i < len(replacements); i += 2 {
		replacements[i] = "{" + replacements[i] + "}"
	}
	return strings.NewReplacer(replacements...).Replace(text)
}

// With gives the same texts with placeholders that are filled in all of them. By itself a catalogue fills {cfproxy} by the
// program's name, and {config} by nothing.
func (c *Catalog) With(pairs ...string) *Catalog {
	return &Catalog{Language: c.Language, texts: c.texts, always: pairs}
}

// Pairs lays a map out as T takes it.
func Pairs(values map[string]string) []string {
	var pairs []string
	for name, value := range values {
		pairs = append(pairs, name, value)
	}
	return pairs
}

// Has tells whether the catalogue knows a key.
func (c *Catalog) Has(key string) bool {
	_, ok := c.texts[key]
	return ok
}

// Keys lists every key, in no order.
func (c *Catalog) Keys() []string {
	var keys []string
	for key := range c.texts {
		keys = append(keys, key)
	}
	return keys
}
