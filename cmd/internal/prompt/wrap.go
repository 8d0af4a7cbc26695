package prompt

import (
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// Punctuation that does not begin a line, and that does not end one, in Chinese as in other scripts without spaces.
// https://www.w3.org/TR/clreq/#prohibition_rules_for_line_start_and_line_end
const (
	notFirst = "，。、；：！？）」』】》〉”’…,.;:!?)"
	notLast  = "（「『【《〈“‘("
)

// Wrap breaks each line of text at spaces, and between wide characters, so that none is wider than width columns, unless
// there is no place to break it.
func Wrap(text string, width int) string {
	wrapped, _ := wrapText(text, width)
	return wrapped
}

// wrapText breaks each line of text at spaces, and between wide characters, so that none is wider than width columns. What
// cannot be broken gets a line of its own that is too wide; fits tells whether there is none.
func wrapText(text string, width int) (wrapped string, fits bool) {
	var lines []string
	fits = true
	for line := range strings.SplitSeq(strings.TrimRight(text, " \n"), "\n") {
		for _, part := range wrapLine(strings.TrimRight(line, " "), width) {
			lines = append(lines, part)
			fits = fits && lipgloss.Width(part) <= width
		}
	}
	return strings.Join(lines, "\n"), fits
}

func wrapLine(line string, width int) []string {
	var lines []string
	current := ""
	for _, p := range pieces(line) {
		switch {
		case current == "" && lipgloss.Width(p.space+p.text) <= width:
			current = p.space + p.text
		case current != "" && lipgloss.Width(current+p.space+p.text) <= width:
			current += p.space + p.text
		default:
			if current != "" {
				lines = append(lines, current)
			}
			current = p.text
		}
	}
	return append(lines, current)
}

// piece is what stays together on a line, and the space before it unless it begins one.
type piece struct{ space, text string }

func pieces(line string) []piece {
	var all []piece
	space, last := "", rune(0) // last is the character before, 0 after a space
	for _, r := range line {
		switch {
		case r == ' ' || r == '\t':
			space, last = space+" ", 0
			continue
		case last == 0 || breaksBetween(last, r):
			all = append(all, piece{space: space})
			space = ""
		}
		all[len(all)-1].text += string(r)
		last = r
	}
	return all
}

func breaksBetween(a, b rune) bool {
	wide := lipgloss.Width(string(a)) == 2 || lipgloss.Width(string(b)) == 2
	joined := lipgloss.Width(string(b)) == 0
	return wide && !joined && !strings.ContainsRune(notLast, a) && !strings.ContainsRune(notFirst, b)
}
