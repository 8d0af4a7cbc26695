package prompt

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/huh"
	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
)

// View implements tea.Model: title, help, filter, then always the same number of rows, so that nothing jumps while one types.
func (c *choice) View() string {
	looks := &c.theme.Blurred
	if c.focused {
		looks = &c.theme.Focused
	}
	lines := []string{looks.Title.Render(c.title)}
	if c.help != "" {
		lines = append(lines, looks.Description.Render(c.help))
	}
	if c.filterable() {
		lines = append(lines, c.filterView())
	}
	for i := c.top; i < c.top+c.rows; i++ {
		lines = append(lines, c.rowView(looks, i))
	}
	return looks.Base.Width(c.width - 1).Render(strings.Join(lines, "\n"))
}

// filterView is what has been typed, and at the right margin where in the list one is: 3/200.
func (c *choice) filterView() string {
	place := fmt.Sprintf("%d/%d", min(c.cursor+1, len(c.shown)), len(c.shown))
	place = c.theme.Focused.TextInput.Placeholder.Render(place)
	typed := c.filter
	typed.Width = max(1, c.textWidth()-lipgloss.Width(place)-len(cursorGlyph)-1)
	left := typed.View()
	return left + strings.Repeat(" ", max(1, c.textWidth()-lipgloss.Width(left)-lipgloss.Width(place))) + place
}

func (c *choice) rowView(looks *huh.FieldStyles, i int) string {
	if i >= len(c.shown) {
		if i == 0 {
			return looks.TextInput.Placeholder.Render("  " + ansi.Truncate(c.texts.NoMatch, c.textWidth()-2, "…"))
		}
		return ""
	}
	mark, style := "  ", looks.UnselectedOption
	if i == c.cursor {
		mark, style = looks.SelectSelector.String(), looks.SelectedOption
	}
	if c.q.Kind == MultiSelect {
		if c.chosen[c.shown[i].Value] {
			mark += looks.SelectedPrefix.String()
		} else {
			mark += looks.UnselectedPrefix.String()
		}
	}
	return mark + style.Render(ansi.Truncate(c.shown[i].label(), c.textWidth()-lipgloss.Width(mark), "…"))
}

func (c *choice) textWidth() int { return max(1, c.width-frame) }

// headHeight is the number of lines above the rows.
func (c *choice) headHeight() int {
	height := lipgloss.Height(c.title)
	if c.help != "" {
		height += lipgloss.Height(c.help)
	}
	if c.filterable() {
		height++
	}
	return height
}
