package prompt

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/huh"
)

// maxRows is the height of a list. Longer lists scroll and have a filter.
const maxRows = 8

var errNotAccessible = errors.New("prompt: a list has no accessible mode, use NewLine")

// list is a field of a huh form for choosing from a list. It replaces huh.Select and huh.MultiSelect, which in v1.0.0
// do not scroll properly: with a limited height they put the selected line at the top (updateViewportHeight sets
// YOffset to the selected index), which hides the options above it. Their filter also replaces the title and leaves
// empty lines below the matches.
type list struct {
	q     Question
	texts Texts
	keys  listKeys
	theme *huh.Theme

	title, help    string // wrapped
	filter         textinput.Model
	matching       []Option        // options that match the filter
	chosen         map[string]bool // by value, for MultiSelect
	cursor, offset int             // indices in matching; offset is that of the first visible row
	width, rows    int
	focused        bool
	err            error
}

type listKeys struct {
	move, up, down, pageUp, pageDown, first, last key.Binding
	toggle, clear, back, next, submit             key.Binding
}

func newList(q Question, t Texts, s styles) *list {
	l := &list{q: q, texts: t, theme: s.huh, matching: q.Options, chosen: map[string]bool{}, rows: min(len(q.Options), maxRows)}
	for _, value := range defaultValues(q) {
		l.chosen[value] = true
	}
	l.cursor = max(0, slices.IndexFunc(q.Options, func(o Option) bool { return l.chosen[o.Value] }))
	l.filter = textinput.New()
	l.filter.Prompt, l.filter.Placeholder = cursorGlyph, t.FilterHint
	l.filter.PromptStyle, l.filter.PlaceholderStyle = s.huh.Blurred.TextInput.Prompt, s.huh.Focused.TextInput.Placeholder
	l.filter.Cursor.Style, l.filter.Cursor.TextStyle = s.plain, s.plain
	l.keys = newListKeys(t, l.filterable(), q.Kind == MultiSelect)
	return l
}

// newListKeys returns the key bindings. A filterable list has no letters among them, because letters go to the filter.
func newListKeys(t Texts, filterable, multiple bool) listKeys {
	up, down := []string{"up", "ctrl+p"}, []string{"down", "ctrl+n"}
	if !filterable {
		up, down = append(up, "k"), append(down, "j")
	}
	k := listKeys{
		move: binding("↑/↓", t.KeyMove, "up"),
		up:   binding("", "", up...), down: binding("", "", down...),
		pageUp: binding("", "", "pgup"), pageDown: binding("", "", "pgdown"),
		first: binding("", "", "home"), last: binding("", "", "end"),
		toggle: binding("Space", t.KeyToggle, " "),
		clear:  binding("Esc", t.KeyClear, "esc"),
		back:   binding("Shift+Tab", t.KeyBack, "shift+tab"),
		next:   binding("Enter", t.KeyNext, "enter", "tab"),
		submit: binding("Enter", t.KeySubmit, "enter", "tab"),
	}
	k.toggle.SetEnabled(multiple)
	k.clear.SetEnabled(false)
	return k
}

func (l *list) filterable() bool { return len(l.q.Options) > maxRows }

// answer returns the current answer.
func (l *list) answer() string {
	if l.q.Kind == Select {
		if l.cursor >= len(l.matching) {
			return ""
		}
		return l.matching[l.cursor].Value
	}
	var values []string
	for _, o := range l.q.Options {
		if l.chosen[o.Value] {
			values = append(values, o.Value)
		}
	}
	return strings.Join(values, ",")
}

// Update implements tea.Model.
func (l *list) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	keyMsg, ok := msg.(tea.KeyMsg)
	if !ok {
		var cmd tea.Cmd
		l.filter, cmd = l.filter.Update(msg)
		return l, cmd
	}
	l.err = nil
	switch {
	case key.Matches(keyMsg, l.keys.next, l.keys.submit):
		if l.err = validate(l.q, l.texts, l.answer()); l.err == nil {
			return l, huh.NextField
		}
	case key.Matches(keyMsg, l.keys.back):
		return l, huh.PrevField
	case key.Matches(keyMsg, l.keys.toggle):
		if l.cursor < len(l.matching) {
			l.chosen[l.matching[l.cursor].Value] = !l.chosen[l.matching[l.cursor].Value]
		}
	case key.Matches(keyMsg, l.keys.clear):
		l.filter.SetValue("")
		l.applyFilter()
	case !l.move(keyMsg) && l.filterable():
		var cmd tea.Cmd
		l.filter, cmd = l.filter.Update(msg)
		l.applyFilter()
		return l, cmd
	}
	return l, nil
}

// move moves the cursor, and reports whether the key does that. The cursor wraps around at both ends.
func (l *list) move(keyMsg tea.KeyMsg) bool {
	last := max(0, len(l.matching)-1)
	switch {
	case key.Matches(keyMsg, l.keys.up):
		if l.cursor--; l.cursor < 0 {
			l.cursor = last
		}
	case key.Matches(keyMsg, l.keys.down):
		if l.cursor++; l.cursor > last {
			l.cursor = 0
		}
	case key.Matches(keyMsg, l.keys.pageUp):
		l.cursor = max(0, l.cursor-l.rows)
	case key.Matches(keyMsg, l.keys.pageDown):
		l.cursor = min(last, l.cursor+l.rows)
	case key.Matches(keyMsg, l.keys.first):
		l.cursor = 0
	case key.Matches(keyMsg, l.keys.last):
		l.cursor = last
	default:
		return false
	}
	l.scroll()
	return true
}

// applyFilter matches the filter against labels and values. The cursor stays on its option if that still matches.
func (l *list) applyFilter() {
	value := l.valueAtCursor()
	want := strings.ToLower(strings.TrimSpace(l.filter.Value()))
	l.matching = nil
	for _, o := range l.q.Options {
		if strings.Contains(strings.ToLower(o.label()), want) || strings.Contains(strings.ToLower(o.Value), want) {
			l.matching = append(l.matching, o)
		}
	}
	l.cursor = max(0, slices.IndexFunc(l.matching, func(o Option) bool { return o.Value == value }))
	l.keys.clear.SetEnabled(l.filter.Value() != "")
	l.scroll()
}

func (l *list) valueAtCursor() string {
	if l.cursor < len(l.matching) {
		return l.matching[l.cursor].Value
	}
	return ""
}

// scroll moves the visible rows just far enough to show the cursor, without empty rows while there are options to show.
func (l *list) scroll() {
	l.offset = min(max(l.offset, l.cursor-l.rows+1), l.cursor)
	l.offset = max(0, min(l.offset, len(l.matching)-l.rows))
}

// The remaining methods of huh.Field.

func (l *list) Init() tea.Cmd { return nil }

func (l *list) Focus() tea.Cmd {
	l.focused = true
	if l.filterable() {
		return l.filter.Focus()
	}
	return nil
}

func (l *list) Blur() tea.Cmd {
	l.focused = false
	l.filter.Blur()
	l.err = validate(l.q, l.texts, l.answer())
	return nil
}

func (l *list) KeyBinds() []key.Binding {
	return []key.Binding{l.keys.move, l.keys.toggle, l.keys.next, l.keys.submit, l.keys.back, l.keys.clear}
}

func (l *list) WithHeight(height int) huh.Field {
	l.rows = min(len(l.q.Options), maxRows, max(1, height-l.headerHeight()))
	l.scroll()
	return l
}

func (l *list) WithWidth(width int) huh.Field {
	l.width = width
	return l
}

func (l *list) WithPosition(p huh.FieldPosition) huh.Field {
	l.keys.back.SetEnabled(!p.IsFirst())
	l.keys.next.SetEnabled(!p.IsLast())
	l.keys.submit.SetEnabled(p.IsLast())
	return l
}

func (l *list) Error() error                             { return l.err }
func (l *list) Skip() bool                               { return false }
func (l *list) Zoom() bool                               { return false }
func (l *list) GetKey() string                           { return l.q.Key }
func (l *list) GetValue() any                            { return l.answer() }
func (l *list) WithTheme(*huh.Theme) huh.Field           { return l }
func (l *list) WithAccessible(bool) huh.Field            { return l }
func (l *list) WithKeyMap(*huh.KeyMap) huh.Field         { return l }
func (l *list) Run() error                               { return errNotAccessible }
func (l *list) RunAccessible(io.Writer, io.Reader) error { return errNotAccessible }
