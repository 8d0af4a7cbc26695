package view

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mattn/go-runewidth"
)

// row is a row of a table. Notes are printed below it.
type row struct {
	glyph, style string
	cells, notes []string
}

// Indentation of the notes of a row and of their continuation lines, in cells.
const (
	noteIndent = 7
	noteHang   = noteIndent + 2
)

// minTextWidth is the minimum width to which text is wrapped.
const minTextWidth = 24

// pad appends spaces up to a width in cells. A Chinese character occupies two.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-runewidth.StringWidth(text)))
}

// printTable prints rows in columns that are as wide as their widest cell, indented by two, with the glyph in the row's
// style. If the table is too wide for the terminal, the column movable becomes a note of its row (never if negative),
// and the last column is wrapped.
func (v View) printTable(w io.Writer, rows []row, movable int) {
	for _, r := range rows {
		for i := range r.cells {
			r.cells[i] = Clean(r.cells[i])
		}
	}
	starts, end := columns(rows)
	limit := 0
	if v.Width != nil && v.Wrap != nil {
		limit = v.Width()
	}
	if limit > 0 && end > limit && movable >= 0 {
		for i, r := range rows {
			if r.cells[movable] != "" {
				rows[i].notes = append([]string{r.cells[movable]}, r.notes...)
			}
			rows[i].cells = slices.Delete(slices.Clone(r.cells), movable, movable+1)
		}
		starts, _ = columns(rows)
	}
	for _, r := range rows {
		v.printRow(w, r, starts, limit)
	}
}

// columns returns where each column starts and the width of the table.
func columns(rows []row) (starts []int, end int) {
	var widths []int
	for _, r := range rows {
		for i, cell := range r.cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], runewidth.StringWidth(cell))
		}
	}
	end = len("  +")
	for _, width := range widths {
		starts = append(starts, end+2)
		end += 2 + width
	}
	return starts, end
}

func (v View) printRow(w io.Writer, r row, starts []int, limit int) {
	last := len(r.cells) - 1
	line := "  " + v.paint(r.style, r.glyph) + "  "
	for i, cell := range r.cells[:last] {
		line += pad(cell, starts[i+1]-starts[i])
	}
	text := v.wrapCell(r.cells[last], limit, starts[last], starts[last])
	fmt.Fprintln(w, strings.TrimRight(line+text, " "))
	for _, note := range r.notes {
		note = v.wrapCell(Clean(note), limit, noteIndent, noteHang)
		for part := range strings.SplitSeq(note, "\n") {
			trimmed := strings.TrimLeft(part, " ")
			indent := max(noteIndent, len(part)-len(trimmed))
			fmt.Fprintln(w, strings.Repeat(" ", indent)+v.paint(faint, trimmed))
		}
	}
}

// commandPattern matches text that contains a command of cfproxy.
var commandPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`cfproxy (--)?[a-z]`) })

// wrapCell wraps text that starts at a column; hang is the column of continuation lines. Text with a command is not
// wrapped, because a copied line break would split the command.
func (v View) wrapCell(text string, limit, start, hang int) string {
	if commandPattern().MatchString(text) || limit == 0 || start+runewidth.StringWidth(text) <= limit {
		return text
	}
	return strings.ReplaceAll(v.Wrap(text, max(minTextWidth, limit-max(start, hang))), "\n", "\n"+strings.Repeat(" ", hang))
}
