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

// Part says what of a call is meant.
type Part string

// The parts of a call.
const (
	PartCall   Part = "call" // method and path
	PartPath   Part = "path" // a value in the path
	PartQuery  Part = "query"
	PartBody   Part = "request"
	PartAnswer Part = "answer"
)

// What can be wrong, besides the names of JSON Schema's own keywords.
const (
	ruleUnknown   = "unknown"      // the description has no such thing
	ruleMediaType = "content-type" // it has, but in another form
)

// Violation is one thing in a call that the description does not allow.
type Violation struct {
	Operation string // "POST /zones/{zone_id}/dns_records"
	Part      Part
	Status    int    // of the answer; 0 where none came
	Pointer   string // JSON pointer to the value; in a path or query: "/" and the name
	Rule      string // such as required, type, enum, unknown
	Type      string // of the value in JSON; "" where there is none
	Says      string // what was wanted
	Schema    string // where the description says so, below its components; "" for what is not about a schema of its own
}

// String says all of it in one line, without the value, which may be a secret.
func (v Violation) String() string {
	return fmt.Sprintf("%s (%d): %s %s (%s): %s: %s", v.Operation, v.Status, v.Part, cmp.Or(v.Pointer, "/"), cmp.Or(v.Type, "missing"), v.Rule, v.Says)
}

// violations takes the judgement of a schema apart. The first lines of a judgement are about unions; what helps is what is
// wrong with the member that was meant.
func violations(err error, whole any) []Violation {
	var judgement *jsonschema.ValidationError
	if !errors.As(err, &judgement) {
		if err == nil {
			return nil
		}
		return []Violation{{Rule: "schema", Says: err.Error()}}
	}
	found := leaves(judgement, whole)
	slices.SortFunc(found, func(a, b Violation) int { return cmp.Compare(a.Pointer+a.Rule, b.Pointer+b.Rule) })
	return slices.Compact(found)
}

func leaves(e *jsonschema.ValidationError, whole any) []Violation {
	switch {
	case len(e.Causes) == 0:
		return leaf(e, whole)
	case isUnion(e):
		return leaves(nearest(e.Causes), whole)
	}
	var all []Violation
	for _, cause := range e.Causes {
		all = append(all, leaves(cause, whole)...)
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

// nearest picks the member of a union that the value comes closest to.
func nearest(members []*jsonschema.ValidationError) *jsonschema.ValidationError {
	return slices.MinFunc(members, func(a, b *jsonschema.ValidationError) int { return cmp.Compare(distance(a), distance(b)) })
}

// distance counts what is wrong. A wrong enum weighs more than anything else: that is how the members of a union say which of
// them is meant.
func distance(e *jsonschema.ValidationError) int {
	if isUnion(e) && len(e.Causes) > 0 {
		return distance(nearest(e.Causes))
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

func leaf(e *jsonschema.ValidationError, whole any) []Violation {
	here := pointer(e.InstanceLocation)
	one := func(name, rule, says string) Violation {
		at := here
		if name != "" {
			at += pointer([]string{name})
		}
		_, schema, _ := strings.Cut(e.SchemaURL, "#/definitions/")
		return Violation{Pointer: at, Rule: rule, Type: typeAt(whole, at), Says: says, Schema: schema}
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
	return []Violation{one("", ruleOf(e.ErrorKind), wanted(e.ErrorKind))}
}

// ruleOf gives the keyword that is not held to.
func ruleOf(k jsonschema.ErrorKind) string {
	if path := k.KeywordPath(); len(path) > 0 {
		return path[0]
	}
	return "schema"
}

// wanted says what the schema asks for. The library's own sentences would repeat what they got.
func wanted(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Enum:
		return fmt.Sprintf("must be one of %v", k.Want)
	case *kind.Type:
		return "must be " + strings.Join(k.Want, " or ")
	case *kind.Format:
		return "must be a " + k.Want
	case *kind.MaxLength:
		return fmt.Sprintf("%d characters where at most %d may be", k.Got, k.Want)
	case *kind.Minimum:
		return "must be at least " + k.Want.RatString()
	case *kind.Maximum:
		return "must be at most " + k.Want.RatString()
	case *kind.OneOf:
		return "fits more than one member of the union"
	}
	return "does not hold to it"
}

func pointer(segments []string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString("/" + strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1"))
	}
	return b.String()
}

// typeAt names the JSON type of what a pointer leads to; "" for nothing.
func typeAt(whole any, pointer string) string {
	for segment := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" {
			break
		}
		segment = strings.ReplaceAll(strings.ReplaceAll(segment, "~1", "/"), "~0", "~")
		switch in := whole.(type) {
		case map[string]any:
			inner, ok := in[segment]
			if !ok {
				return ""
			}
			whole = inner
		case []any:
			at, err := strconv.Atoi(segment)
			if err != nil || at < 0 || at >= len(in) {
				return ""
			}
			whole = in[at]
		default:
			return ""
		}
	}
	return typeOf(whole)
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
