package prompt

import (
	"io"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/huh"
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// The glyphs are narrow in every font and locale; • ● ▸ and their like are two columns wide on many Chinese terminals.
const (
	cursorGlyph = "› "
	doneGlyph   = "✓ "
	wrongGlyph  = "✗ "
	maskGlyph   = "********" // for any secret once entered, whatever its length
)

// frame is how many columns stand before the text of a field: the mark and a space.
const frame = 2

// styles are the looks beside those that huh knows.
type styles struct {
	huh                               *huh.Theme
	done, wrong, help, heading, plain lipgloss.Style
}

// newStyles uses few of the sixteen colours, never bold together with a colour (which some terminals brighten until it cannot
// be read on white), and tells nothing by colour alone. Without colour, bold, faint and reverse remain.
// https://no-color.org
//
// The renderer is made here because the one that lipgloss makes by itself looks at standard output, and asks it questions.
func newStyles(out io.Writer, colour bool) styles {
	r := lipgloss.NewRenderer(out)
	r.SetColorProfile(termenv.ANSI)
	r.SetHasDarkBackground(true)
	paint := func(c string) lipgloss.Style {
		if !colour {
			return r.NewStyle()
		}
		return r.NewStyle().Foreground(lipgloss.Color(c))
	}
	plain, accent, faint := r.NewStyle(), paint("6"), r.NewStyle().Faint(true)

	var t huh.Theme
	t.FieldSeparator = plain.SetString("\n\n")
	f := &t.Focused
	f.Base = mark(plain, "?").BorderForeground(accent.GetForeground())
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
	b.Base = mark(plain, " ")
	b.Title = plain
	b.SelectSelector, b.SelectedOption, b.TextInput.Prompt = plain.SetString(cursorGlyph), plain, faint
	b.SelectedPrefix = plain.SetString("[x] ")
	b.FocusedButton = plain.Underline(true).Padding(0, 1).MarginRight(1)
	return styles{huh: &t, done: paint("2"), wrong: paint("1"), help: faint, heading: plain.Bold(true), plain: plain}
}

// mark puts a mark before the first line of a field. It is a left border in disguise: lipgloss deals the characters of a
// border out line by line, and no field has as many lines as this one has spaces.
func mark(base lipgloss.Style, glyph string) lipgloss.Style {
	left := glyph + strings.Repeat(" ", 200)
	return base.Border(lipgloss.Border{Left: left}, false, false, false, true).PaddingLeft(frame - 1)
}

// newKeyMap is huh's with our words and fewer keys. Quitting is not in it: the form decides what Esc means.
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

func binding(shown, does string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, does))
}
