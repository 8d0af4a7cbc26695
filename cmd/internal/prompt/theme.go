package prompt

import (
	"io"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/huh"
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// The glyphs are one column wide everywhere. • ● ▸ and others are two columns wide on many Chinese terminals.
const (
	cursorGlyph = "› "
	doneGlyph   = "✓ "
	errorGlyph  = "✗ "
	maskGlyph   = "********" // for an entered secret of any length
)

// markerWidth is the number of columns before the text of a field: the marker and a space.
const markerWidth = 2

// styles are the styles of a form. huh.Theme has those of its fields.
type styles struct {
	huh                               *huh.Theme
	done, error, help, heading, plain lipgloss.Style
}

// newStyles uses few of the sixteen colours and never bold together with a colour, which some terminals brighten until
// it is unreadable on white. No information is conveyed by colour alone. Without colour, bold, faint and reverse
// remain.
// https://no-color.org
//
// It uses its own renderer because the default one of lipgloss inspects and queries standard output.
func newStyles(out io.Writer, color bool) styles {
	r := lipgloss.NewRenderer(out)
	r.SetColorProfile(termenv.ANSI)
	r.SetHasDarkBackground(true)
	colored := func(c string) lipgloss.Style {
		if !color {
			return r.NewStyle()
		}
		return r.NewStyle().Foreground(lipgloss.Color(c))
	}
	plain, accent, faint := r.NewStyle(), colored("6"), r.NewStyle().Faint(true)

	var t huh.Theme
	t.FieldSeparator = plain.SetString("\n\n")
	f := &t.Focused
	f.Base = withMarker(plain, "?").BorderForeground(accent.GetForeground())
	f.Title = plain.Bold(true)
	f.Description, f.Option, f.UnselectedOption = plain, plain, plain
	f.SelectSelector = accent.SetString(cursorGlyph)
	f.SelectedOption = accent
	f.SelectedPrefix, f.UnselectedPrefix = accent.SetString("[x] "), faint.SetString("[ ] ")
	f.FocusedButton = accent.Reverse(true).Padding(0, 1).MarginRight(1)
	f.BlurredButton = plain.Padding(0, 1).MarginRight(1)
	f.TextInput.Prompt, f.TextInput.Placeholder = accent, faint
	f.TextInput.Cursor, f.TextInput.CursorText, f.TextInput.Text = plain, plain, plain

	t.Blurred = t.Focused
	b := &t.Blurred
	b.Base = withMarker(plain, " ")
	b.Title = plain
	b.SelectSelector, b.SelectedOption, b.TextInput.Prompt = plain.SetString(cursorGlyph), plain, faint
	b.SelectedPrefix = plain.SetString("[x] ")
	b.FocusedButton = plain.Underline(true).Padding(0, 1).MarginRight(1)
	return styles{huh: &t, done: colored("2"), error: colored("1"), help: faint, heading: plain.Bold(true), plain: plain}
}

// withMarker returns a style with a marker before the first line. It uses a left border, of which lipgloss draws one
// character per line: the marker, then spaces, of which there are more than a field has lines.
func withMarker(base lipgloss.Style, glyph string) lipgloss.Style {
	left := glyph + strings.Repeat(" ", 200)
	return base.Border(lipgloss.Border{Left: left}, false, false, false, true).PaddingLeft(markerWidth - 1)
}

// newKeyMap returns huh's key map with our texts and fewer keys. Quit has no key, because the model handles Esc.
func newKeyMap(t Texts) *huh.KeyMap {
	back := binding("Shift+Tab", t.KeyBack, "shift+tab")
	next := binding("Enter", t.KeyNext, "enter", "tab")
	submit := binding("Enter", t.KeySubmit, "enter", "tab")
	return &huh.KeyMap{
		Quit:  key.NewBinding(),
		Input: huh.InputKeyMap{AcceptSuggestion: key.NewBinding(), Prev: back, Next: next, Submit: submit},
		Confirm: huh.ConfirmKeyMap{
			Toggle: binding("←/→", t.KeySwitch, "left", "right", "h", "l"),
			Accept: binding("y", t.Yes, "y", "Y"),
			Reject: binding("n", t.No, "n", "N"),
			Prev:   back, Next: next, Submit: submit,
		},
	}
}

func binding(label, description string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(label, description))
}
