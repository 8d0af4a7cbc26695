package schematest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Part is the part of a call that a violation is in.
type Part string

// The parts of a call.
const (
	PartCall     Part = "call" // method and path
	PartPath     Part = "path" // a value in the path
	PartQuery    Part = "query"
	PartBody     Part = "request"
	PartResponse Part = "response"
)

// Rules other than the keywords of JSON Schema.
const (
	ruleUnknown   = "unknown"      // not in the description
	ruleMediaType = "content-type" // in the description with another content type
)

// Violation is a difference between a call and the description.
type Violation struct {
	Operation string // "POST /zones/{zone_id}/dns_records"
	Part      Part
	Status    int    // of the response; 0 if there was none
	Pointer   string // JSON pointer to the value; in a path or query "/" and the name
	Rule      string // such as required, type, enum, unknown
	Type      string // JSON type of the value; "" if it is missing
	Message   string // what is expected
	Schema    string // path of the schema below the components of the description; "" if it is not one of these
}

// String returns one line without the value, which may be a secret.
func (v Violation) String() string {
	return fmt.Sprintf("%s (%d): %s %s (%s): %s: %s", v.Operation, v.Status, v.Part, cmp.Or(v.Pointer, "/"), cmp.Or(v.Type, "missing"), v.Rule, v.Message)
}

// violations returns the violations in a validation error. For a union, it returns those of the member that was probably
// meant.
func violations(err error, root any) []Violation {
	var validation *jsonschema.ValidationError
	if !errors.As(err, &validation) {
		if err == nil {
			return nil
		}
		return []Violation{{Rule: "schema", Message: err.Error()}}
	}
	found := leaves(validation, root)
	slices.SortFunc(found, func(a, b Violation) int { return cmp.Compare(a.Pointer+a.Rule, b.Pointer+b.Rule) })
	return slices.Compact(found)
}

func leaves(e *jsonschema.ValidationError, root any) []Violation {
	switch {
	case len(e.Causes) == 0:
		return leaf(e, root)
	case isUnion(e):
		return leaves(closest(e.Causes), root)
	}
	var all []Violation
	for _, cause := range e.Causes {
		all = append(all, leaves(cause, root)...)
	}
	return all
}

func isUnion(e *jsonschema.ValidationError) bool {
	switch e.ErrorKind.(type) {
	case *kind.OneOf, *kind.AnyOf:
		return true
	}
	return false
}

// closest returns the error of the member of a union that the value comes closest to.
func closest(members []*jsonschema.ValidationError) *jsonschema.ValidationError {
	return slices.MinFunc(members, func(a, b *jsonschema.ValidationError) int { return cmp.Compare(distance(a), distance(b)) })
}

// distance counts the errors. A wrong enum counts most, because it distinguishes the members of a union.
func distance(e *jsonschema.ValidationError) int {
	if isUnion(e) && len(e.Causes) > 0 {
		return distance(closest(e.Causes))
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Enum:
		return 100
	case *kind.Required:
		return len(k.Missing)
	case *kind.AdditionalProperties:
		return len(k.Properties)
	}
	sum := 0
	for _, cause := range e.Causes {
		sum += distance(cause)
	}
	return max(sum, 1)
}

func leaf(e *jsonschema.ValidationError, root any) []Violation {
	here := pointer(e.InstanceLocation)
	one := func(name, rule, says string) Violation {
		at := here
		if name != "" {
			at += pointer([]string{name})
		}
		_, schema, _ := strings.Cut(e.SchemaURL, "#/definitions/")
		return Violation{Pointer: at, Rule: rule, Type: typeAt(root, at), Message: says, Schema: schema}
	}
	var all []Violation
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			all = append(all, one(name, "required", "must be there"))
		}
		return all
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			all = append(all, one(name, ruleUnknown, "the description has no such property"))
		}
		return all
	}
	return []Violation{one("", ruleOf(e.ErrorKind), expectation(e.ErrorKind))}
}

// ruleOf returns the keyword that is violated.
func ruleOf(k jsonschema.ErrorKind) string {
	if path := k.KeywordPath(); len(path) > 0 {
		return path[0]
	}
	return "schema"
}

// expectation describes what the schema requires. The messages of the library contain the value.
func expectation(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Enum:
		return fmt.Sprintf("must be one of %v", k.Want)
	case *kind.Type:
		return "must be " + strings.Join(k.Want, " or ")
	case *kind.Format:
		return "must be a " + k.Want
	case *kind.MaxLength:
		return fmt.Sprintf("has %d characters, at most %d are allowed", k.Got, k.Want)
	case *kind.Minimum:
		return "must be at least " + k.Want.RatString()
	case *kind.Maximum:
		return "must be at most " + k.Want.RatString()
	case *kind.OneOf:
		return "matches more than one member of the union"
	}
	return "does not match the schema"
}

func pointer(segments []string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString("/" + strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1"))
	}
	return b.String()
}

// typeAt returns the JSON type of the value at a pointer, or "" if there is none.
func typeAt(root any, pointer string) string {
	for segment := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" {
			break
		}
		segment = strings.ReplaceAll(strings.ReplaceAll(segment, "~1", "/"), "~0", "~")
		switch in := root.(type) {
		case map[string]any:
			inner, ok := in[segment]
			if !ok {
				return ""
			}
			root = inner
		case []any:
			at, err := strconv.Atoi(segment)
			if err != nil || at < 0 || at >= len(in) {
				return ""
			}
			root = in[at]
		default:
			return ""
		}
	}
	return typeOf(root)
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case json.Number:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}
