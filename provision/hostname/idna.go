package hostname

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// isSpelling reports whether name differs from its ASCII form only by case and by Unicode normalization. The mapping of UTS 46 also
// drops invisible characters and replaces others, such as full-width letters and ideographic full stops.
func isSpelling(name, ascii string) bool {
	labels := strings.Split(ascii, ".")
	spelled := strings.Split(strings.ToLower(norm.NFC.String(name)), ".")
	if len(labels) != len(spelled) {
		return false
	}
	for i, label := range labels {
		if spelled[i] != label && norm.NFC.String(spelled[i]) != Display(label) {
			return false
		}
	}
	return true
}

// isIDNA2008 reports whether all characters of a name are allowed by IDNA2008, which UTS 46 does not check: symbols, punctuation and
// emoji are not. A registry would not accept such a name. RFC 5892, section 2.
func isIDNA2008(ascii string) bool {
	decoded, err := idna.Punycode.ToUnicode(ascii)
	if err != nil {
		return false
	}
	for label := range strings.SplitSeq(decoded, ".") {
		chars := []rune(label)
		for i, r := range chars {
			if r != '-' && !isAllowed(r) && !isAllowedInContext(chars, i) {
				return false
			}
		}
	}
	return true
}

// isAllowedInContext implements the rules of RFC 5892, appendix A, except that of digits. Those of the joiners U+200C and U+200D are
// checked by package idna.
func isAllowedInContext(label []rune, i int) bool {
	at := func(i int) rune {
		if i < 0 || i >= len(label) {
			return 0
		}
		return label[i]
	}
	switch label[i] {
	case '\u200c', '\u200d':
		return true
	case '\u00b7': // middle dot, in Catalan
		return at(i-1) == 'l' && at(i+1) == 'l'
	case '\u0375': // Greek numeral sign
		return unicode.Is(unicode.Greek, at(i+1))
	case '\u05f3', '\u05f4': // Hebrew punctuation
		return unicode.Is(unicode.Hebrew, at(i-1))
	case '\u30fb': // Katakana middle dot
		return slices.ContainsFunc(label, func(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han) })
	}
	return false
}

// isAllowed implements the rules of RFC 5892, section 3, for characters that UTS 46 accepts and leaves as they are, in any context.
func isAllowed(r rune) bool {
	switch {
	case strings.ContainsRune("\u00df\u03c2\u06fd\u06fe\u0f0b\u3007", r):
		return true
	case strings.ContainsRune("\u0640\u07fa\u302e\u302f\u3031\u3032\u3033\u3034\u3035\u303b", r):
		return false
	case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return false
	case 0x1100 <= r && r <= 0x11ff, 0xa960 <= r && r <= 0xa97f, 0xd7b0 <= r && r <= 0xd7ff: // Hangul that is not composed
		return false
	case 0x20d0 <= r && r <= 0x20ff, 0x1d100 <= r && r <= 0x1d1ff, 0x1d200 <= r && r <= 0x1d24f: // IgnorableBlocks
		return false
	}
	return unicode.In(r, unicode.Ll, unicode.Lo, unicode.Lm, unicode.Mn, unicode.Mc, unicode.Nd)
}

// codePoint returns how a character is written where it cannot be shown: \u200b.
func codePoint(r rune) string { return fmt.Sprintf(`\u%04x`, r) }
