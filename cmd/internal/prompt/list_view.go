package prompt

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/huh"
	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
)

// View implements tea.Model: title, help, filter, and a constant number of rows, so that the form does not jump while
// typing.
func (l *list) View() string {
	styles := &l.theme.Blurred
	if l.focused {
		styles = &l.theme.Focused
	}
	lines := []string{styles.Title.Render(l.title)}
	if l.help != "" {
		lines = append(lines, styles.Description.Render(l.help))
	}
	if l.filterable() {
		lines = append(lines, l.filterView())
	}
	for i := l.offset; i < l.offset+l.rows; i++ {
		lines = append(lines, l.rowView(styles, i))
	}
	return styles.Base.Width(l.width - 1).Render(strings.Join(lines, "\n"))
}

// filterView returns the text of the filter and, at the right margin, the position in the list: 3/200.
func (l *list) filterView() string {
	position := fmt.Sprintf("%d/%d", min(l.cursor+1, len(l.matching)), len(l.matching))
	position = l.theme.Focused.TextInput.Placeholder.Render(position)
	filter := l.filter
	filter.Width = max(1, l.textWidth()-lipgloss.Width(position)-len(cursorGlyph)-1)
	left := filter.View()
	return left + strings.Repeat(" ", max(1, l.textWidth()-lipgloss.Width(left)-lipgloss.Width(position))) + position
}

func (l *list) rowView(styles *huh.FieldStyles, i int) string {
	if i >= len(l.matching) {
		if i == 0 {
			return styles.TextInput.Placeholder.Render("  " + ansi.Truncate(l.texts.NoMatch, l.textWidth()-2, "…"))
		}
		return ""
	}
	prefix, style := "  ", styles.UnselectedOption
	if i == l.cursor {
		prefix, style = styles.SelectSelector.String(), styles.SelectedOption
	}
	if l.q.Kind == MultiSelect {
		if l.chosen[l.matching[i].Value] {
			prefix += styles.SelectedPrefix.String()
		} else {
			prefix += styles.UnselectedPrefix.String()
		}
	}
	return prefix + style.Render(ansi.Truncate(l.matching[i].label(), l.textWidth()-lipgloss.Width(prefix), "…"))
}

func (l *list) textWidth() int { return max(1, l.width-markerWidth) }

// headerHeight returns the number of lines above the rows.
func (l *list) headerHeight() int {
	height := lipgloss.Height(l.title)
	if l.help != "" {
		height += lipgloss.Height(l.help)
	}
	if l.filterable() {
		height++
	}
	return height
}
