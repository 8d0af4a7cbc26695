package i18n

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func load(t *testing.T, language Language) *Catalog {
	t.Helper()
	c, err := Load(language)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The index must contain what a JSON parser reads from the file.
func TestLoad(t *testing.T) {
	t.Parallel()
	for language, file := range map[Language]string{English: englishJSON, Chinese: chineseJSON} {
		var want map[string]string
		if err := json.Unmarshal([]byte(file), &want); err != nil {
			t.Fatalf("%s: %v", language, err)
		}
		c := load(t, language).With() // without placeholders, T returns the text unchanged
		got := map[string]string{}
		for _, key := range c.Keys() {
			if !c.Has(key) {
				t.Errorf("%s: Has(%q) = false", language, key)
			}
			got[key] = c.T(key)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", language, diff)
		}
	}
	if _, err := Load("fr"); err == nil {
		t.Error("a catalog in French")
	}
}

func TestCatalogsHaveTheSameKeys(t *testing.T) {
	t.Parallel()
	english, chinese := load(t, English).Keys(), load(t, Chinese).Keys()
	slices.Sort(english)
	slices.Sort(chinese)
	if diff := cmp.Diff(english, chinese); diff != "" {
		t.Errorf("keys (-English +Chinese):\n%s", diff)
	}
}

func TestT(t *testing.T) {
	t.Parallel()
	c := &Catalog{defaults: []string{"cfproxy", "cfproxy", "config", ""}, texts: map[string]string{
		"plain":    `"no placeholder"`,
		"one":      `"relay at {host}"`,
		"two":      `"{a}{b}{a}"`,
		"default":  `"run {cfproxy} deploy{config}"`,
		"braces":   `"{ {a} {\"x\": 1} {a"`,
		"escapes":  `"line 1\nline 2 \u4e2d {a}"`,
		"chinese":  `"中继 {host}。"`,
		"no value": `"{a} {unknown}"`,
	}}
	for _, test := range []struct {
		key, want string
		pairs     []string
	}{
		{"plain", "no placeholder", []string{"a", "1"}},
		{"one", "relay at example.com", []string{"host", "example.com"}},
		{"two", "121", []string{"a", "1", "b", "2"}},
		{"two", "{b}2{b}", []string{"a", "{b}", "b", "2"}}, // values are not expanded again
		{"one", "relay at a", []string{"host", "a", "host", "b"}},
		{"default", "run cfproxy deploy", nil},
		{"default", "run ./cfproxy deploy", []string{"cfproxy", "./cfproxy"}},
		{"braces", `{ 1 {"x": 1} {a`, []string{"a", "1"}},
		{"escapes", "line 1\nline 2 中 1", []string{"a", "1"}},
		{"chinese", "中继 例.com。", []string{"host", "例.com"}},
		{"no value", "1 {unknown}", []string{"a", "1"}},
		{"unknown.key", "unknown.key", nil},
	} {
		if got := c.T(test.key, test.pairs...); got != test.want {
			t.Errorf("T(%q, %q) = %q, want %q", test.key, test.pairs, got, test.want)
		}
	}
	if got, want := c.With("cfproxy", "go run .").T("default"), "run go run . deploy{config}"; got != want {
		t.Errorf("With: %q, want %q", got, want)
	}
	if c.Has("unknown.key") {
		t.Error(`Has("unknown.key") = true`)
	}
}

func TestPairs(t *testing.T) {
	t.Parallel()
	values := map[string]string{"a": "1", "b": "2"}
	pairs, got := Pairs(values), map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		got[pairs[i]] = pairs[i+1]
	}
	if !maps.Equal(values, got) || len(pairs) != 4 {
		t.Errorf("Pairs(%v) = %v", values, pairs)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Language{
		"en": English, "EN": English, "en_US.UTF-8": English, "C": English, "C.UTF-8": English, "POSIX": English,
		"zh": Chinese, "zh_CN.UTF-8": Chinese, "zh-Hans": Chinese, "zh-TW": Chinese, "ZH": Chinese,
	} {
		if got, ok := Parse(s); got != want || !ok {
			t.Errorf("Parse(%q) = %q, %v, want %q", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "fr", "de_DE.UTF-8", "zho", "english"} {
		if got, ok := Parse(s); got != English || ok {
			t.Errorf("Parse(%q) = %q, %v, want %q, false", s, got, ok, English)
		}
	}
}

func TestFromEnvironment(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env  map[string]string
		want Language
	}{
		"nothing":               {nil, English},
		"LANG":                  {map[string]string{"LANG": "zh_CN.UTF-8"}, Chinese},
		"LC_MESSAGES over LANG": {map[string]string{"LC_MESSAGES": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, English},
		"LC_ALL over LANG":      {map[string]string{"LC_ALL": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8", "LANG": "C"}, Chinese},
		"CFPROXY_LANG over all": {map[string]string{"CFPROXY_LANG": "en", "LC_ALL": "zh_CN.UTF-8"}, English},
		"empty is unset":        {map[string]string{"CFPROXY_LANG": "", "LC_ALL": "", "LANG": "zh"}, Chinese},
		"unsupported":           {map[string]string{"LC_ALL": "fr_FR.UTF-8", "LANG": "zh_CN.UTF-8"}, English},
	} {
		if got := FromEnvironment(func(name string) string { return test.env[name] }); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(English); err != nil {
			b.Fatal(err)
		}
	}
}
