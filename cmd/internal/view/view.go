// Package view prints plans, progress, reports and lists for people. It formats the engine's structs with the texts of a
// catalog and decides nothing else. JSON output does not use it.
package view

import (
	"strings"
	"unicode"

	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// View prints for people.
type View struct {
	Text  *i18n.Catalog
	Color bool // use escape sequences for colours
	// Width returns the width of the terminal in cells, 0 for no limit. Nil means no limit.
	Width func() int
	// Wrap breaks text into lines of at most width cells. Nil means that lines are not broken.
	Wrap func(text string, width int) string
}

// Styles by their meaning, as parameters of SGR (ECMA-48). They carry no information that is not in the text, too.
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

// Clean removes control characters, which a terminal would interpret. Comments of records and messages of an API may
// contain any text.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, text)
}

func (v View) kind(k plan.Kind) string { return v.Text.T("kind." + k.String()) }

// name returns the display name of an address, with hosts in Unicode.
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
