package prompt

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/cursor"
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/huh"
	"github.com/charmbracelet/lipgloss"
)

// model is the Bubble Tea model of one page: a huh form with the help for keys below it, and finally a summary.
type model struct {
	texts   Texts
	styles  styles
	fields  []field
	form    *huh.Form
	width   int
	aborted bool
}

// abortMsg ends the form without answers.
type abortMsg struct{}

// newModel returns the model of a page for a terminal with the given size.
func newModel(page []Question, t Texts, s styles, columns, lines int) *model {
	m := &model{texts: t, styles: s, width: formWidth(columns)}
	var widgets []huh.Field
	for _, q := range page {
		if q.Kind != Note {
			f := newField(q, t, s)
			_, fits := wrapText(q.Help, m.width-markerWidth)
			f.helpAbove = !fits
			m.fields, widgets = append(m.fields, f), append(widgets, f.widget)
		}
	}
	if len(widgets) > 0 {
		m.form = huh.NewForm(huh.NewGroup(widgets...)).
			WithTheme(s.huh).WithKeyMap(newKeyMap(t)).WithShowHelp(false).WithShowErrors(false)
		m.form.SubmitCmd, m.form.CancelCmd = tea.Quit, tea.Quit
		m.resize(tea.WindowSizeMsg{Width: columns, Height: lines})
	}
	return m
}

func (m *model) done() bool { return m.form.State == huh.StateCompleted }

func (m *model) answers() Answers {
	answers := Answers{}
	for _, f := range m.fields {
		answers[f.q.Key] = f.answer()
	}
	return answers
}

// preamble returns what is printed above the form and remains there: notes, and help that does not fit the form, with
// the title of its question unless that is the only one.
func (m *model) preamble(page []Question) string {
	var b strings.Builder
	paragraph := func(title, help string) {
		title, _ = wrapText(title, m.width)
		help, _ = wrapText(help, m.width)
		if title != "" {
			b.WriteString(m.styles.heading.Render(title) + "\n")
		}
		if help != "" {
			b.WriteString(help + "\n")
		}
		b.WriteString("\n")
	}
	fields := m.fields
	for _, q := range page {
		switch {
		case q.Kind == Note:
			paragraph(q.Title, q.Help)
			continue
		case fields[0].helpAbove && len(m.fields) == 1:
			paragraph("", q.Help)
		case fields[0].helpAbove:
			paragraph(q.Title, q.Help)
		}
		fields = fields[1:]
	}
	return b.String()
}

// Init implements tea.Model.
func (m *model) Init() tea.Cmd { return m.form.Init() }

// Update implements tea.Model.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case abortMsg:
		return m.abort()
	case cursor.BlinkMsg:
		// A blinking cursor would redraw, which cancels a selection made with the mouse.
		return m, nil
	case tea.WindowSizeMsg:
		command := m.resize(msg)
		return m, command
	case tea.KeyMsg:
		switch msg.Type {
		case tea.KeyCtrlC:
			return m.abort()
		case tea.KeyEsc:
			if !m.bindsKey(msg) {
				return m.abort()
			}
		case tea.KeyCtrlV:
			// The text field would read the clipboard by running a program, and huh would then insert it twice.
			return m, nil
		}
	}
	_, cmd := m.form.Update(m.withJoinedLines(msg))
	return m, cmd
}

// withJoinedLines removes line breaks, and the white space beside them, from a secret that is pasted. The text field would replace them
// by spaces.
func (m *model) withJoinedLines(msg tea.Msg) tea.Msg {
	pasted, ok := msg.(tea.KeyMsg)
	if !ok || !pasted.Paste {
		return msg
	}
	focused := m.form.GetFocusedField()
	if !slices.ContainsFunc(m.fields, func(f field) bool { return f.widget == focused && f.q.Kind == Password }) {
		return msg
	}
	lines := strings.FieldsFunc(string(pasted.Runes), func(r rune) bool { return r == '\n' || r == '\r' })
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	pasted.Runes = []rune(strings.Join(lines, ""))
	return pasted
}

func (m *model) abort() (tea.Model, tea.Cmd) {
	m.aborted = !m.done()
	return m, tea.Quit
}

// bindsKey reports whether the focused field uses a key, as a filtered list uses Esc.
func (m *model) bindsKey(msg tea.KeyMsg) bool {
	return key.Matches(msg, m.form.KeyBinds()...)
}

// resize wraps the texts for the width, and sets the height of the huh form, which leaves space for an error and the
// keys.
func (m *model) resize(size tea.WindowSizeMsg) tea.Cmd {
	m.width = formWidth(size.Width)
	for _, f := range m.fields {
		title, _ := wrapText(f.q.Title, m.width-markerWidth)
		help := ""
		if !f.helpAbove {
			help, _ = wrapText(f.q.Help, m.width-markerWidth)
		}
		f.setText(title, help)
	}
	below := lipgloss.Height(m.keyHelpView()) + 3 // two blank lines, one line of error
	_, cmd := m.form.Update(tea.WindowSizeMsg{Width: m.width, Height: max(1, size.Height-below)})
	return cmd
}

// View implements tea.Model.
func (m *model) View() string {
	switch {
	case m.aborted:
		return ""
	case m.done():
		return m.summary()
	}
	// A text field pads a placeholder that has wide characters with NUL.
	fields := strings.ReplaceAll(m.form.View(), "\x00", "")
	for _, err := range m.form.Errors() {
		message, _ := wrapText(err.Error(), m.width-markerWidth)
		fields += "\n\n" + m.styles.error.Render(errorGlyph) + indent(message, errorGlyph)
	}
	return fields + "\n\n" + m.keyHelpView()
}

// indent indents the further lines of a text that follows a glyph.
func indent(text, glyph string) string {
	return strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", lipgloss.Width(glyph)))
}

// summary returns the answers, one per line or more if too long. It ends with an empty line because Bubble Tea erases
// the last one.
func (m *model) summary() string {
	var b strings.Builder
	for _, f := range m.fields {
		line := f.q.Title + "  " + f.display(m.texts)
		text, _ := wrapText(line, m.width-markerWidth)
		b.WriteString(m.styles.done.Render(doneGlyph) + indent(text, doneGlyph) + "\n")
	}
	return b.String()
}

// keyHelpView returns the help for the keys, in as many lines as needed.
func (m *model) keyHelpView() string {
	const gap = "   "
	var lines []string
	line := ""
	for _, b := range m.keyBindings() {
		item := b.Help().Key + " " + b.Help().Desc
		switch {
		case line == "":
			line = item
		case markerWidth+lipgloss.Width(line+gap+item) <= m.width:
			line += gap + item
		default:
			lines = append(lines, line)
			line = item
		}
	}
	lines = append(lines, line)
	for i := range lines {
		lines[i] = "  " + m.styles.help.Render(lines[i])
	}
	return strings.Join(lines, "\n")
}

// keyBindings returns the bindings to show.
func (m *model) keyBindings() []key.Binding {
	var shown []key.Binding
	quit := binding("Esc", m.texts.KeyQuit, "esc")
	for _, b := range m.form.KeyBinds() {
		if !b.Enabled() || b.Help().Desc == "" {
			continue
		}
		if key.Matches(tea.KeyMsg{Type: tea.KeyEsc}, b) {
			quit = binding("Ctrl+C", m.texts.KeyQuit, "ctrl+c")
		}
		shown = append(shown, b)
	}
	return append(shown, quit)
}
