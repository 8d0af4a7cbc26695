package verify

import "encoding/json"

// Signature recognises a response by its status, its media type (unless Type is empty) and fields of its JSON body;
// never by a message, because providers reword those. If Type is "application/json", the body must be valid JSON.
//
// JSON maps a dotted path of object keys and array indices ("error.code", "0.error.status"; keys that contain a dot
// cannot be addressed) to the accepted values: string, number, bool or nil. Nil matches null as well as a missing
// field, because providers leave out null fields. Without fields the status and the type decide.
type Signature struct {
	Status int
	Type   string
	JSON   map[string][]any
}

// matches reports whether r has the signature; document is its decoded body.
func (s Signature) matches(r response, document any) bool {
	if s.Status != r.status || s.Type != "" && s.Type != r.mediaType() {
		return false
	}
	for path, values := range s.JSON {
		if !matchesValue(lookup(document, path), values) {
			return false
		}
	}
	return len(s.JSON) == 0 && s.Type != "application/json" || document != nil
}

func matchesAny(signatures []Signature, r response) bool {
	document := r.json()
	for _, s := range signatures {
		if s.matches(r, document) {
			return true
		}
	}
	return false
}

// matchesValue reports whether a decoded JSON value is one of values.
func matchesValue(got any, values []any) bool {
	for _, value := range values {
		switch value := value.(type) {
		case nil:
			if got == nil {
				return true
			}
		case string, bool:
			if got == value {
				return true
			}
		default:
			if number, ok := toFloat(value); ok && got == number {
				return true
			}
		}
	}
	return false
}

// toFloat converts the number types of signatures, which are an int if written in Go and a float64 if read from JSON.
func toFloat(value any) (float64, bool) {
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
