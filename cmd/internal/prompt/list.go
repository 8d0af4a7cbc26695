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

// maxRows bounds the list; what is more scrolls, and can be filtered.
const maxRows = 8

var errNotAccessible = errors.New("prompt: a list has no accessible mode, use NewLine")

// choice is a list to choose from, as a field of a huh form. It stands in for huh's own two lists: with a bounded height those
// pin the chosen line to the top, so that what is above it cannot be seen, and their filter takes the place of the title and
// leaves a hole below.
type choice struct {
	q     Question
	texts Texts
	keys  choiceKeys
	theme *huh.Theme

	title, help string // wrapped
	filter      textinput.Model
	shown       []Option        // what fits the filter
	chosen      map[string]bool // MultiSelect: by value
	cursor, top int             // indices into shown
	width, rows int
	focused     bool
	err         error
}

type choiceKeys struct {
	move, up, down, pageUp, pageDown, first, last key.Binding
	toggle, clear, back, next, submit             key.Binding
}

func newChoice(q Question, t Texts, s styles) *choice {
	c := &choice{q: q, texts: t, theme: s.huh, shown: q.Options, chosen: map[string]bool{}, rows: min(len(q.Options), maxRows)}
	for _, value := range defaults(q) {
		c.chosen[value] = true
	}
	c.cursor = max(0, slices.IndexFunc(q.Options, func(o Option) bool { return c.chosen[o.Value] }))
	c.filter = textinput.New()
	c.filter.Prompt, c.filter.Placeholder = cursorGlyph, t.FilterHint
	c.filter.PromptStyle, c.filter.PlaceholderStyle = s.huh.Blurred.TextInput.Prompt, s.huh.Focused.TextInput.Placeholder
	c.filter.Cursor.Style, c.filter.Cursor.TextStyle = s.plain, s.plain
	c.keys = newChoiceKeys(t, c.filterable(), q.Kind == MultiSelect)
	return c
}

// newChoiceKeys leaves the letters to the filter where there is one.
func newChoiceKeys(t Texts, filterable, several bool) choiceKeys {
	up, down := []string{"up", "ctrl+p"}, []string{"down", "ctrl+n"}
	if !filterable {
		up, down = append(up, "k"), append(down, "j")
	}
	k := choiceKeys{
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
	k.toggle.SetEnabled(several)
	k.clear.SetEnabled(false)
	return k
}

func (c *choice) filterable() bool { return len(c.q.Options) > maxRows }

// answer is the canonical answer as it stands.
func (c *choice) answer() string {
	if c.q.Kind == Select {
		if c.cursor >= len(c.shown) {
			return ""
		}
		return c.shown[c.cursor].Value
	}
	var values []string
	for _, o := range c.q.Options {
		if c.chosen[o.Value] {
			values = append(values, o.Value)
		}
	}
	return strings.Join(values, ",")
}

// Update implements tea.Model.
func (c *choice) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	press, ok := msg.(tea.KeyMsg)
	if !ok {
		var cmd tea.Cmd
		c.filter, cmd = c.filter.Update(msg)
		return c, cmd
	}
	c.err = nil
	switch {
	case key.Matches(press, c.keys.next, c.keys.submit):
		if c.err = check(c.q, c.texts, c.answer()); c.err == nil {
			return c, huh.NextField
		}
	case key.Matches(press, c.keys.back):
		return c, huh.PrevField
	case key.Matches(press, c.keys.toggle):
		if c.cursor < len(c.shown) {
			c.chosen[c.shown[c.cursor].Value] = !c.chosen[c.shown[c.cursor].Value]
		}
	case key.Matches(press, c.keys.clear):
		c.filter.SetValue("")
		c.narrow()
	case !c.move(press) && c.filterable():
		var cmd tea.Cmd
		c.filter, cmd = c.filter.Update(msg)
		c.narrow()
		return c, cmd
	}
	return c, nil
}

// move says whether the key was one that moves the cursor. One step beyond an end comes back at the other.
func (c *choice) move(press tea.KeyMsg) bool {
	last := max(0, len(c.shown)-1)
	switch {
	case key.Matches(press, c.keys.up):
		if c.cursor--; c.cursor < 0 {
			c.cursor = last
		}
	case key.Matches(press, c.keys.down):
		if c.cursor++; c.cursor > last {
			c.cursor = 0
		}
	case key.Matches(press, c.keys.pageUp):
		c.cursor = max(0, c.cursor-c.rows)
	case key.Matches(press, c.keys.pageDown):
		c.cursor = min(last, c.cursor+c.rows)
	case key.Matches(press, c.keys.first):
		c.cursor = 0
	case key.Matches(press, c.keys.last):
		c.cursor = last
	default:
		return false
	}
	c.scroll()
	return true
}

// narrow applies the filter, to labels and to values, with the cursor staying on its option if that remains.
func (c *choice) narrow() {
	at := c.answerAtCursor()
	want := strings.ToLower(strings.TrimSpace(c.filter.Value()))
	c.shown = nil
	for _, o := range c.q.Options {
		if strings.Contains(strings.ToLower(o.label()), want) || strings.Contains(strings.ToLower(o.Value), want) {
			c.shown = append(c.shown, o)
		}
	}
	c.cursor = max(0, slices.IndexFunc(c.shown, func(o Option) bool { return o.Value == at }))
	c.keys.clear.SetEnabled(c.filter.Value() != "")
	c.scroll()
}

func (c *choice) answerAtCursor() string {
	if c.cursor < len(c.shown) {
		return c.shown[c.cursor].Value
	}
	return ""
}

// scroll moves the window no further than needed to show the cursor, and leaves no empty lines that could hold an option.
func (c *choice) scroll() {
	c.top = min(max(c.top, c.cursor-c.rows+1), c.cursor)
	c.top = max(0, min(c.top, len(c.shown)-c.rows))
}

// The rest makes it a huh.Field.

func (c *choice) Init() tea.Cmd { return nil }

func (c *choice) Focus() tea.Cmd {
	c.focused = true
	if c.filterable() {
		return c.filter.Focus()
	}
	return nil
}

func (c *choice) Blur() tea.Cmd {
	c.focused = false
	c.filter.Blur()
	c.err = check(c.q, c.texts, c.answer())
	return nil
}

func (c *choice) KeyBinds() []key.Binding {
	return []key.Binding{c.keys.move, c.keys.toggle, c.keys.next, c.keys.submit, c.keys.back, c.keys.clear}
}

func (c *choice) WithHeight(height int) huh.Field {
	c.rows = min(len(c.q.Options), maxRows, max(1, height-c.headHeight()))
	c.scroll()
	return c
}

func (c *choice) WithWidth(width int) huh.Field {
	c.width = width
	return c
}

func (c *choice) WithPosition(p huh.FieldPosition) huh.Field {
	c.keys.back.SetEnabled(!p.IsFirst())
	c.keys.next.SetEnabled(!p.IsLast())
	c.keys.submit.SetEnabled(p.IsLast())
	return c
}

func (c *choice) Error() error                             { return c.err }
func (c *choice) Skip() bool                               { return false }
func (c *choice) Zoom() bool                               { return false }
func (c *choice) GetKey() string                           { return c.q.Key }
func (c *choice) GetValue() any                            { return c.answer() }
func (c *choice) WithTheme(*huh.Theme) huh.Field           { return c }
func (c *choice) WithAccessible(bool) huh.Field            { return c }
func (c *choice) WithKeyMap(*huh.KeyMap) huh.Field         { return c }
func (c *choice) Run() error                               { return errNotAccessible }
func (c *choice) RunAccessible(io.Writer, io.Reader) error { return errNotAccessible }
