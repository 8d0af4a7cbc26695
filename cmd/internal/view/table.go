package view

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
)

// row is one thing with what is to be said of it. Notes stand below.
type row struct {
	glyph, style string
	cells, notes []string
}

// Cells of a terminal before the notes of a row, and before their second lines.
const (
	noteIndent = 7
	noteHang   = noteIndent + 2
)

// leastText is how narrow a column may get for its text to be wrapped.
const leastText = 24

// pad fills text with blanks to a width in terminal cells, of which a Chinese character takes two.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-runewidth.StringWidth(text)))
}

// table writes rows of cells in columns, each as wide as its widest cell, indented by two. The first column is a glyph and
// is painted in its row's style. What is too wide for the terminal becomes narrower by its loose column, which goes below, and
// by its last one, which is wrapped.
func (v View) table(w io.Writer, rows []row, loose int) {
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
	if limit > 0 && end > limit && loose >= 0 {
		for i, r := range rows {
			if r.cells[loose] != "" {
				rows[i].notes = append([]string{r.cells[loose]}, r.notes...)
			}
			rows[i].cells = slices.Delete(slices.Clone(r.cells), loose, loose+1)
		}
		starts, _ = columns(rows)
	}
	for _, r := range rows {
		v.row(w, r, starts, limit)
	}
}

// columns gives where each column begins, and how wide the widest row is.
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

func (v View) row(w io.Writer, r row, starts []int, limit int) {
	last := len(r.cells) - 1
	line := "  " + v.paint(r.style, r.glyph) + "  "
	for i, cell := range r.cells[:last] {
		line += pad(cell, starts[i+1]-starts[i])
	}
	text := v.broken(r.cells[last], limit, starts[last], starts[last])
	fmt.Fprintln(w, strings.TrimRight(line+text, " "))
	for _, note := range r.notes {
		note = v.broken(Clean(note), limit, noteIndent, noteHang)
		for part := range strings.SplitSeq(note, "\n") {
			trimmed := strings.TrimLeft(part, " ")
			indent := max(noteIndent, len(part)-len(trimmed))
			fmt.Fprintln(w, strings.Repeat(" ", indent)+v.paint(faint, trimmed))
		}
	}
}

var command = regexp.MustCompile(`cfproxy (--)?[a-z]`)

// broken wraps text that begins at a column, its further lines at another one. What holds a command stays whole, since one that
// is copied from two lines is two commands.
func (v View) broken(text string, limit, start, hang int) string {
	if command.MatchString(text) || limit == 0 || start+runewidth.StringWidth(text) <= limit {
		return text
	}
	return strings.ReplaceAll(v.Wrap(text, max(leastText, limit-max(start, hang))), "\n", "\n"+strings.Repeat(" ", hang))
}
