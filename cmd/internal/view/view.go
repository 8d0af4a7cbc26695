// Package view decides how plans, progress, receipts and reports look to a person. It takes the engine's plain structs and
// the catalogue's words and writes lines; it decides nothing else, and JSON needs none of it.
package view

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"

	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/provision"
)

// View writes for people. Color allows escape sequences for colours.
type View struct {
	Text  *i18n.Catalog
	Color bool
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

// pad fills text with blanks to a width in terminal cells, of which a Chinese character takes two.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-runewidth.StringWidth(text)))
}

// table writes rows of cells in columns, each as wide as its widest cell, indented by two. The first column is a glyph and
// is painted in its row's style.
func (v View) table(w io.Writer, rows []row) {
	var widths []int
	for _, r := range rows {
		for i := range r.cells {
			r.cells[i] = Clean(r.cells[i])
			cell := r.cells[i]
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], runewidth.StringWidth(cell))
		}
	}
	for _, r := range rows {
		var line strings.Builder
		line.WriteString("  " + v.paint(r.style, r.glyph))
		for i, cell := range r.cells {
			last := i == len(r.cells)-1
			if last {
				line.WriteString("  " + cell)
			} else {
				line.WriteString("  " + pad(cell, widths[i]))
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
		for _, note := range r.notes {
			fmt.Fprintln(w, "       "+v.paint(faint, Clean(note)))
		}
	}
}

type row struct {
	glyph, style string
	cells, notes []string
}

func (v View) kind(k provision.Kind) string { return v.Text.T("kind." + k.String()) }

// name is how a thing is called in front of people: hosts in their own script.
func name(a provision.Address) string {
	if a.Kind == provision.KindScript {
		return a.Name
	}
	host, path, found := strings.Cut(a.Name, "/")
	if found {
		path = "/" + path
	}
	return provision.DisplayName(host) + path
}

// content says in a few words what a thing is: where a record points to, where a route leads, what a Worker serves.
func (v View) content(kind provision.Kind, attrs provision.Attrs) string {
	switch kind {
	case provision.KindRoute:
		if attrs[provision.AttrScript] == "" {
			return v.Text.T("content.route.none")
		}
		return "→ " + attrs[provision.AttrScript]
	case provision.KindRecord:
		text := attrs[provision.AttrType] + " " + attrs[provision.AttrContent]
		if attrs[provision.AttrProxied] == "true" {
			return text + v.Text.T("content.proxied")
		}
		return text + v.Text.T("content.unproxied")
	}
	return v.script(attrs)
}

func (v View) script(attrs provision.Attrs) string {
	var parts []string
	if providers := attrs[provision.AttrProviders]; providers != "" {
		parts = append(parts, "→ "+upstreams(providers))
	}
	if region := attrs[provision.AttrRegion]; region != "" {
		parts = append(parts, v.Text.T("content.region", "region", region))
	}
	return strings.Join(parts, v.Text.T("comma"))
}

// build is a line of its own: its sixteen digits would push a row over the edge of a terminal. What is not as by default
// follows.
func (v View) build(attrs provision.Attrs) []string {
	if attrs[provision.AttrBuild] == "" {
		return nil
	}
	lines := []string{v.Text.T("content.build", "build", attrs[provision.AttrBuild])}
	if attrs[provision.AttrAccess] == provision.AccessManaged {
		lines = append(lines, v.Text.T("content.managed", "tokens", v.value(provision.AttrTokens, attrs[provision.AttrTokens])))
	}
	for _, name := range []string{provision.AttrKeys, provision.AttrOrigins} {
		if attrs[name] != "" {
			lines = append(lines, v.Text.T("attr."+name)+": "+v.value(name, attrs[name]))
		}
	}
	if attrs[provision.AttrPage] == "false" {
		lines = append(lines, v.Text.T("content.no-page"))
	}
	return lines
}

// value makes words of what an attribute says in codes. An empty one means "none" of some things, and "all" of others: of the
// origins that may call, no list is no limit.
func (v View) value(name, value string) string {
	switch {
	case value == "" && v.Text.Has("empty."+name):
		return v.Text.T("empty." + name)
	case value == "":
		return v.Text.T("none")
	case name == provision.AttrKeys:
		for _, mark := range []string{"missing", "unknown"} {
			value = strings.ReplaceAll(value, ":"+mark, ":"+v.Text.T("content.key-"+mark))
		}
	}
	return value
}

// upstreams shortens "openai=https://api.openai.com" to the host, which says it all.
func upstreams(providers string) string {
	var hosts []string
	for _, provider := range strings.Fields(providers) {
		_, origin, _ := strings.Cut(provider, "=")
		hosts = append(hosts, strings.TrimPrefix(origin, "https://"))
	}
	return strings.Join(hosts, " + ")
}
