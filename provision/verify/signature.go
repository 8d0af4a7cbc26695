package verify

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Signature recognises an answer by its status, by its media type unless Type is empty, and by fields of its JSON body,
// never by a message, which providers reword. With the Type "application/json" the body must be JSON indeed.
// JSON maps a dotted path (object keys and array indices: "error.code", "0.error.status"; a key that holds a dot cannot be
// named) to the values any of which may stand there: string, number, bool, or nil. A nil is met by null and by a missing
// field alike, because providers drop what is null. With no fields the status alone decides.
type Signature struct {
	Status int
	Type   string
	JSON   map[string][]any
}

func (s Signature) matches(a answer, document any) bool {
	if s.Status != a.status || s.Type != "" && s.Type != a.mediaType() {
		return false
	}
	for path, values := range s.JSON {
		if !oneOf(at(document, path), values) {
			return false
		}
	}
	return len(s.JSON) == 0 && s.Type != "application/json" || document != nil
}

func matchesAny(signatures []Signature, a answer) bool {
	document := a.json()
	for _, s := range signatures {
		if s.matches(a, document) {
			return true
		}
	}
	return false
}

func oneOf(found any, values []any) bool {
	for _, value := range values {
		switch value := value.(type) {
		case nil:
			if found == nil {
				return true
			}
		case string, bool:
			if found == value {
				return true
			}
		default:
			if number, is := asFloat(value); is && found == number {
				return true
			}
		}
	}
	return false
}

// asFloat lets a table written in Go say 401 where one read from JSON says 401.0.
func asFloat(value any) (float64, bool) {
	switch value := value.(type) {
	case float64:
		return value, true
	case int:
		return float64(value), true
	case json.Number:
		number, err := value.Float64()
		return number, err == nil
	}
	return 0, false
}

// at follows a dotted path; nil where it leads nowhere.
func at(document any, path string) any {
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

// text renders a JSON scalar; "" for anything else.
func text(value any) string {
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
