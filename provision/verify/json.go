package verify

import (
	"strconv"
	"strings"
)

// maxListItems is the number of items that scalarTexts reads at most.
const maxListItems = 64

// lookup returns the value at a dotted path of object keys and array indices, nil if there is none.
func lookup(document any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		switch node := document.(type) {
		case map[string]any:
			document = node[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(node) {
				return nil
			}
			document = node[i]
		default:
			return nil
		}
	}
	return document
}

// scalarText formats a JSON string, number or bool. It returns "" for anything else.
func scalarText(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(value)
	}
	return ""
}

// scalarTexts returns the scalars of a JSON list as strings.
func scalarTexts(value any) []string {
	items, _ := value.([]any)
	var texts []string
	for _, item := range items[:min(len(items), maxListItems)] {
		if s := scalarText(item); s != "" {
			texts = append(texts, s)
		}
	}
	return texts
}
