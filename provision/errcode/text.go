package errcode

import (
	"slices"
	"strings"

	"github.com/xrash/smetrics"
)

// Suggest returns the name with the smallest edit distance to wrong, the alphabetically first if there are several, or
// "" if none is within two edits (insertions, deletions or substitutions of a byte).
func Suggest(wrong string, names []string) string {
	best, least := "", 3
	for _, name := range slices.Sorted(slices.Values(names)) {
		if d := smetrics.WagnerFischer(wrong, name, 1, 1, 1); d < least {
			best, least = name, d
		}
	}
	return best
}

// maxNames is how many names Abbreviate lists.
const maxNames = 20

// Abbreviate joins names with commas for a sentence. It lists at most 20 and ends in an ellipsis if there are more.
func Abbreviate(names []string) string {
	if len(names) > maxNames {
		names = append(slices.Clone(names[:maxNames]), "…")
	}
	return strings.Join(names, ", ")
}
