package input

import (
	"bytes"
	"unicode/utf8"
)

// Encoding returns the name of the encoding of a text that is not UTF-8, as far as it can be told, or "". PowerShell 5 writes UTF-16 with
// the operator ">", and Chinese editors may write GBK.
func Encoding(text []byte) string {
	switch {
	case bytes.HasPrefix(text, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(text, []byte("\x00\x00\xfe\xff")):
		return "UTF-32"
	case bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")), isHalfNull(text):
		return "UTF-16"
	case !utf8.Valid(text) && isGBK(text):
		return "GBK"
	}
	return ""
}

// isHalfNull reports whether every other byte is 0, as in ASCII text that was encoded as UTF-16.
func isHalfNull(text []byte) bool {
	var nulls [2]int
	for i, b := range text {
		if b == 0 {
			nulls[i%2]++
		}
	}
	half := len(text) / 2
	return half > 0 && (nulls[0] == 0 && nulls[1]*10 >= half*7 || nulls[1] == 0 && nulls[0]*10 >= half*7)
}

// isGBK reports whether all bytes beyond ASCII are pairs of GBK, and most of these are in its common part, GB 2312. Texts in Latin-1
// rarely have two such bytes in a row.
func isGBK(text []byte) bool {
	pairs, common := 0, 0
	for i := 0; i < len(text); i++ {
		lead := text[i]
		if lead < utf8.RuneSelf {
			continue
		}
		if i++; i == len(text) || lead == 0x80 || lead == 0xff || text[i] < 0x40 || text[i] == 0x7f || text[i] == 0xff {
			return false
		}
		if pairs++; lead >= 0xa1 && text[i] >= 0xa1 {
			common++
		}
	}
	return common*2 > pairs
}
