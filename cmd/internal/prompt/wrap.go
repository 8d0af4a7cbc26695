package prompt

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/lipgloss"
)

// Punctuation that must not begin or end a line, in Chinese and in other scripts without spaces.
// https://www.w3.org/TR/clreq/#prohibition_rules_for_line_start_and_line_end
const (
	noLineStart = "，。、；：！？）」』】》〉”’…,.;:!?)"
	noLineEnd   = "（「『【《〈“‘("
)

// Wrap breaks each line of text at spaces and between wide characters, so that no line is wider than width columns,
// except where it cannot be broken. No library implements the Chinese rules for line breaks, so this package does.
func Wrap(text string, width int) string {
	wrapped, _ := wrapText(text, width)
	return wrapped
}

// wrapText is Wrap. A part that cannot be broken gets a line of its own. fits reports whether all lines fit the width.
func wrapText(text string, width int) (wrapped string, fits bool) {
	var lines []string
	fits = true
	for line := range strings.SplitSeq(strings.TrimRight(text, " \n"), "\n") {
		for _, part := range wrapLine(strings.TrimRight(line, " "), width) {
			lines = append(lines, part)
			fits = fits && textWidth(part) <= width
		}
	}
	return strings.Join(lines, "\n"), fits
}

func wrapLine(line string, width int) []string {
	if len(line) <= width && isASCII(line) {
		return []string{line}
	}
	var lines []string
	current := ""
	for _, p := range splitPieces(line) {
		switch {
		case current == "" && textWidth(p.space+p.text) <= width:
			current = p.space + p.text
		case current != "" && textWidth(current+p.space+p.text) <= width:
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

// piece is a part of a line that must not be broken. space precedes it unless it begins a line.
type piece struct{ space, text string }

func splitPieces(line string) []piece {
	var pieces []piece
	space, last, start := "", rune(0), 0 // last is the previous character, 0 after a space; start is that of the piece
	var size int
	for i := 0; i < len(line); i += size {
		var r rune
		r, size = utf8.DecodeRuneInString(line[i:])
		switch {
		case r == ' ' || r == '\t':
			space, last = space+" ", 0
			continue
		case last == 0 || canBreak(last, r):
			pieces = append(pieces, piece{space: space})
			space, start = "", i
		}
		pieces[len(pieces)-1].text = line[start : i+size]
		last = r
	}
	return pieces
}

// canBreak reports whether a line may be broken between two characters.
func canBreak(a, b rune) bool {
	if a < utf8.RuneSelf && b < utf8.RuneSelf { // all of ASCII is narrow
		return false
	}
	wide := lipgloss.Width(string(a)) == 2 || lipgloss.Width(string(b)) == 2
	combining := lipgloss.Width(string(b)) == 0
	return wide && !combining && !strings.ContainsRune(noLineEnd, a) && !strings.ContainsRune(noLineStart, b)
}

// textWidth returns the width of text in columns. lipgloss.Width handles escape sequences and grapheme clusters, which is slow.
func textWidth(text string) int {
	if isASCII(text) {
		return len(text)
	}
	return lipgloss.Width(text)
}

// isASCII reports whether text consists of printable ASCII characters, which are all one column wide.
func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
