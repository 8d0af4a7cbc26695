package view

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/cmd/internal/prompt"
)

func tableRows() []row {
	return []row{
		{glyph: "+", style: good, cells: []string{"Worker", "relay", "→ api.openai.com"}, notes: []string{"build 0123456789abcdef"}},
		{glyph: "-", style: bad, cells: []string{"route", "gptapi.例.com/*", ""}},
		{glyph: "~", style: warn, cells: []string{"record", "a.example.com", "A 2.2.2.2, proxied"}, notes: []string{"to fix it: cfproxy deploy --domain a.example.com"}},
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		width int
		want  string
	}{
		"no limit": {0, `
  +  Worker  relay            → api.openai.com
       build 0123456789abcdef
  -  route   gptapi.例.com/*
  ~  record  a.example.com    A 2.2.2.2, proxied
       to fix it: cfproxy deploy --domain a.example.com
`},
		// The third column becomes a note. A note with a command is not wrapped.
		"narrow": {40, `
  +  Worker  relay
       → api.openai.com
       build 0123456789abcdef
  -  route   gptapi.例.com/*
  ~  record  a.example.com
       A 2.2.2.2, proxied
       to fix it: cfproxy deploy --domain a.example.com
`},
	} {
		var b strings.Builder
		v := View{Width: func() int { return test.width }, Wrap: prompt.Wrap}
		v.printTable(&b, tableRows(), 2)
		if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTableWrapsLastColumn(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	v := View{Width: func() int { return 40 }, Wrap: prompt.Wrap}
	v.printTable(&b, []row{{glyph: "✗", cells: []string{"DNS", "the host does not resolve, or its record is new"}}}, -1)
	want := `  ✗  DNS  the host does not resolve, or
          its record is new
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTableColors(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	View{Color: true}.printTable(&b, []row{{glyph: "✓", style: good, cells: []string{"a"}, notes: []string{"b"}}}, -1)
	if want := "  \x1b[32m✓\x1b[0m  a\n       \x1b[2mb\x1b[0m\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":               "plain",
		"\x1b[31mred\x1b[0m":  "[31mred[0m",
		"a\r\nb\tc\u0085":     "abc",
		"\u202eabc\u2066":     "abc",
		"中继 relay 🌤\ufe0f ok": "中继 relay 🌤\ufe0f ok",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}
