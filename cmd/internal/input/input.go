// Package input cleans secrets and IDs, which people paste from web pages, mails and chats, and recognises texts that are not UTF-8.
package input

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

// Clean returns a secret or an ID without what is often pasted with it: white space, quotes and "Bearer" around it, line breaks with the
// blanks beside them, and invisible characters. If anything but printable ASCII is left, or a space, it also returns a problem that names
// the character, or a byte that is not UTF-8, but repeats nothing else. name is what the text should be, such as an environment variable.
//
// The same rule applies to the environment, flags, files, standard input and prompts.
func Clean(name, text string) (string, error) {
	chars := decode(text)
	for length := -1; length != len(chars); {
		length = len(chars)
		chars = joinLines(trim(chars))
	}
	var b strings.Builder
	var err error
	for _, c := range chars {
		if err == nil && (c.r <= ' ' || c.r > '~') {
			err = problem.Usage("secret-character", "name", name, "character", c.name, "position", strconv.Itoa(c.position))
		}
		b.WriteRune(c.r)
	}
	return b.String(), err
}

// char is a character of a text.
type char struct {
	r        rune   // U+FFFD for a byte that is not UTF-8
	position int    // in characters from 1
	name     string // for the error, if it cannot be right
}

// CodePoint returns the code point of a character as Unicode writes it: U+00A0.
func CodePoint(r rune) string { return fmt.Sprintf("U+%04X", r) }

// decode returns the visible characters of a text.
func decode(text string) []char {
	var chars []char
	position := 0
	for offset, r := range text {
		position++
		if IsInvisible(r) {
			continue
		}
		if ' ' < r && r <= '~' {
			chars = append(chars, char{r: r, position: position})
			continue
		}
		name := CodePoint(r)
		if _, size := utf8.DecodeRuneInString(text[offset:]); r == utf8.RuneError && size == 1 {
			name = fmt.Sprintf("0x%02X", text[offset])
		}
		chars = append(chars, char{r, position, name})
	}
	return chars
}

// IsInvisible reports whether r is a character without a glyph and without a width: a byte order mark, a zero-width space, a mark of the
// writing direction, a variation selector and the like. Control characters are not among them.
func IsInvisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// Visible returns a text with \u200b or the like in place of each invisible character and each space that is not ASCII.
func Visible(text string) string {
	var b strings.Builder
	for _, r := range text {
		if IsInvisible(r) || r > unicode.MaxASCII && IsBlank(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// IsBlank reports whether r is white space of any width, or a line break.
func IsBlank(r rune) bool { return unicode.IsSpace(r) || r == '\u2800' }

func isLineBreak(r rune) bool { return strings.ContainsRune("\n\r\v\f\u0085\u2028\u2029", r) }

// isQuote reports whether r is a quotation mark of any language, or a bracket that serves as one.
func isQuote(r rune) bool {
	return strings.ContainsRune("\"'`\u00b4\u2032\u2033\uff02\uff07", r) || unicode.In(r, unicode.Pi, unicode.Pf) ||
		r > unicode.MaxASCII && unicode.In(r, unicode.Ps, unicode.Pe)
}

// bearer is what the header Authorization has before a token. RFC 6750, section 2.1.
const bearer = "bearer"

// trim removes blanks, quotes and "Bearer" from both ends.
func trim(chars []char) []char {
	for len(chars) > 0 && (IsBlank(chars[0].r) || isQuote(chars[0].r)) {
		chars = chars[1:]
	}
	for n := len(chars); n > 0 && (IsBlank(chars[n-1].r) || isQuote(chars[n-1].r)); n = len(chars) {
		chars = chars[:n-1]
	}
	n := len(bearer)
	if len(chars) < n || len(chars) > n && !IsBlank(chars[n].r) {
		return chars
	}
	for i, c := range chars[:n] {
		if unicode.ToLower(c.r) != rune(bearer[i]) {
			return chars
		}
	}
	return trim(chars[n:])
}

// joinLines removes line breaks, with the blanks beside them.
func joinLines(chars []char) []char {
	var joined []char
	for i := 0; i < len(chars); {
		end, breaks := i, false
		for ; end < len(chars) && IsBlank(chars[end].r); end++ {
			breaks = breaks || isLineBreak(chars[end].r)
		}
		switch {
		case end == i:
			end++
			joined = append(joined, chars[i])
		case !breaks:
			joined = append(joined, chars[i:end]...)
		}
		i = end
	}
	return joined
}
