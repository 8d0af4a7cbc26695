package binding

import "strings"

// FormatZones returns zone ids as the text of the ZONES binding: the ids in their order, separated by spaces.
func FormatZones(ids []string) string { return strings.Join(ids, " ") }

// ParseZones parses the result of FormatZones.
func ParseZones(text string) []string { return strings.Fields(text) }
