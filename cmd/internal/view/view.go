// Package view decides how plans, progress, receipts and reports look to a person. It takes the engine's plain structs and
// the catalogue's words and writes lines; it decides nothing else, and JSON needs none of it.
package view

import (
	"strings"
	"unicode"

	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// View writes for people. Color allows escape sequences for colours.
type View struct {
	Text  *i18n.Catalog
	Color bool
	// Width is that of the terminal, in cells; 0 where lines may be as long as they are.
	Width func() int
	// Wrap breaks text into lines of that many cells.
	Wrap func(text string, width int) string
}

// Colours by what they mean (ECMA-48, SGR). They carry nothing that the words and glyphs do not say as well.
const (
	plain = ""
	good  = "32"
	bad   = "31"
	warn  = "33"
	faint = "2"
)

func (v View) paint(style, text string) string {
	if !v.Color || style == plain || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

// Clean takes out what a terminal would obey rather than show. Comments on records, and messages of an API, are other
// people's text.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, text)
}

func (v View) kind(k plan.Kind) string { return v.Text.T("kind." + k.String()) }

// name is how a thing is called in front of people: hosts in their own script.
func name(a plan.Address) string {
	if a.Kind == plan.KindScript {
		return a.Name
	}
	host, path, found := strings.Cut(a.Name, "/")
	if found {
		path = "/" + path
	}
	return hostname.Display(host) + path
}
