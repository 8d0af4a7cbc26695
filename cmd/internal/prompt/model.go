package prompt

import (
	"strings"

	"github.com/charmbracelet/bubbles/cursor"
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/huh"
	"github.com/charmbracelet/lipgloss"
)

// model is the Bubble Tea program of one page: a huh form, a line of keys below it, and what remains of it afterwards.
type model struct {
	texts  Texts
	styles styles
	fields []field
	form   *huh.Form
	width  int
	left   bool
}

// leaveMsg ends the form without answers.
type leaveMsg struct{}

// newModel makes the form of a page for a terminal with so many columns and lines.
func newModel(page []Question, t Texts, s styles, columns, lines int) *model {
	m := &model{texts: t, styles: s, width: formWidth(columns)}
	var widgets []huh.Field
	for _, q := range page {
		if q.Kind != Note {
			f := newField(q, t, s)
			_, fits := wrapText(q.Help, m.width-frame)
			f.above = !fits
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

// above is what is printed for good before the form: notes, and help that would not survive in it. The title of the only
// question is left out, since the form begins with it.
func (m *model) above(page []Question) string {
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
		case fields[0].above && len(m.fields) == 1:
			paragraph("", q.Help)
		case fields[0].above:
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
	case leaveMsg:
		return m.leave()
	case cursor.BlinkMsg:
		// A steady cursor draws nothing while it waits, and so leaves alone what is being selected with the mouse.
		return m, nil
	case tea.WindowSizeMsg:
		return m, m.resize(msg)
	case tea.KeyMsg:
		switch msg.Type {
		case tea.KeyCtrlC:
			return m.leave()
		case tea.KeyEsc:
			if !m.wants(msg) {
				return m.leave()
			}
		case tea.KeyCtrlV:
			// The text field would fetch the clipboard by running a program, and huh would then insert it twice.
			return m, nil
		}
	}
	_, cmd := m.form.Update(msg)
	return m, cmd
}

func (m *model) leave() (tea.Model, tea.Cmd) {
	m.left = !m.done()
	return m, tea.Quit
}

// wants says whether the question at hand has a use for a key, as a filtered list has for Esc.
func (m *model) wants(press tea.KeyMsg) bool {
	return key.Matches(press, m.form.KeyBinds()...)
}

// resize fits the words to the width, and tells huh how much room there is above the complaint and the keys.
func (m *model) resize(size tea.WindowSizeMsg) tea.Cmd {
	m.width = formWidth(size.Width)
	for _, f := range m.fields {
		title, _ := wrapText(f.q.Title, m.width-frame)
		help := ""
		if !f.above {
			help, _ = wrapText(f.q.Help, m.width-frame)
		}
		f.words(title, help)
	}
	below := lipgloss.Height(m.keysView()) + 3 // two blank lines, one complaint
	_, cmd := m.form.Update(tea.WindowSizeMsg{Width: m.width, Height: max(1, size.Height-below)})
	return cmd
}

// View implements tea.Model.
func (m *model) View() string {
	switch {
	case m.left:
		return ""
	case m.done():
		return m.summary()
	}
	// The placeholder of a text field is padded with NUL when it has wide characters.
	fields := strings.ReplaceAll(m.form.View(), "\x00", "")
	for _, err := range m.form.Errors() {
		complaint, _ := wrapText(err.Error(), m.width-frame)
		fields += "\n\n" + m.styles.wrong.Render(wrongGlyph) + indent(complaint, wrongGlyph)
	}
	return fields + "\n\n" + m.keysView()
}

// indent puts text behind a glyph that is there already.
func indent(text, glyph string) string {
	return strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", lipgloss.Width(glyph)))
}

// summary is one line for each answer, or more where it would not fit. The last line is empty because the cursor's is wiped.
func (m *model) summary() string {
	var b strings.Builder
	for _, f := range m.fields {
		line := f.q.Title + "  " + f.shown(m.texts)
		text, _ := wrapText(line, m.width-frame)
		b.WriteString(m.styles.done.Render(doneGlyph) + indent(text, doneGlyph) + "\n")
	}
	return b.String()
}

// keysView says what the keys do, in as many lines as it takes.
func (m *model) keysView() string {
	const gap = "   "
	var lines []string
	line := ""
	for _, b := range m.keyHelp() {
		item := b.Help().Key + " " + b.Help().Desc
		switch {
		case line == "":
			line = item
		case frame+lipgloss.Width(line+gap+item) <= m.width:
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

func (m *model) keyHelp() []key.Binding {
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
