package errcode

import (
	"slices"
	"strings"

	"github.com/xrash/smetrics"
)

// Suggest gives the name that a typing error may have meant: at most two letters to change, add or leave out away, or "".
func Suggest(wrong string, names []string) string {
	best, least := "", 3
	for _, other := range slices.Sorted(slices.Values(names)) {
		if d := smetrics.WagnerFischer(wrong, other, 1, 1, 1); d < least {
			best, least = other, d
		}
	}
	return best
}

// maxNames are what a sentence can hold.
const maxNames = 20

// Abbreviate lists names for a sentence: all of them, or the first ones and an ellipsis.
func Abbreviate(names []string) string {
	if len(names) > maxNames {
		names = append(slices.Clone(names[:maxNames]), "…")
	}
	return strings.Join(names, ", ")
}
