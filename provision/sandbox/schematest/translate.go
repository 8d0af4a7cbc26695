package schematest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// direction is the way that a body goes: OpenAPI has one schema for both, with marks.
type direction string

const (
	request direction = "request"
	answer  direction = "answer"
)

// url names the definitions of a direction. Nothing is ever fetched from there.
func (d direction) url() string { return "https://cfproxy.invalid/" + string(d) }

// hidden is the mark of properties that do not travel this way: nobody sends what is read-only, and what is write-only, such as
// a secret, never comes back.
func (d direction) hidden() string {
	if d == request {
		return "readOnly"
	}
	return "writeOnly"
}

// translator makes JSON Schema of an OpenAPI 3.0 schema, which looks like it and is not.
// https://spec.openapis.org/oas/v3.0.3#schema-object
type translator struct {
	way        direction
	components map[string]any
}

func (d *document) translator(way direction) translator { return translator{way, d.components} }

// known are the keywords that are translated, or mean the same in draft 4: exclusiveMinimum, for one, is a boolean in both.
// The formats that occur (date-time, ipv4, hostname, email, uuid) are judged by the library, "binary" is anything.
// There is no discriminator here: unions tell their members by an enum of one value, mostly of the property "type".
var known = []string{
	"$ref", "type", "enum", "format", "properties", "required", "items", "additionalProperties", "allOf", "anyOf", "oneOf", "not",
	"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern",
	"minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "nullable",
}

// silent are the keywords that allow and forbid nothing.
var silent = []string{"description", "title", "example", "default", "readOnly", "writeOnly", "deprecated", "externalDocs"}

// translate copies a schema and changes what differs:
//   - nullable becomes one more type;
//   - allOf becomes one object, so that it can be closed;
//   - properties of the other direction vanish, and are not required;
//   - an object with properties has no others, unless it says so itself: OpenAPI lets unknown ones pass, but a mistyped name
//     is what these tests are to find.
func (t translator) translate(schema any) (map[string]any, error) {
	in, ok := schema.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%v is no schema", schema)
	}
	if ref, ok := in["$ref"].(string); ok { // what stands beside a reference does not count
		return map[string]any{"$ref": t.way.url() + "#/definitions/" + strings.TrimPrefix(ref, "#/components/schemas/")}, nil
	}
	if in["allOf"] != nil {
		merged, err := t.merge(in)
		if err != nil {
			return nil, err
		}
		in = merged
	}
	out := map[string]any{}
	for keyword, value := range in {
		if slices.Contains(silent, keyword) {
			continue
		}
		if !slices.Contains(known, keyword) && !strings.HasPrefix(keyword, "x-") {
			return nil, fmt.Errorf("keyword %s cannot be translated", keyword)
		}
		translated, err := t.keyword(keyword, value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", keyword, err)
		}
		out[keyword] = translated
	}
	t.close(in, out)
	return orNull(out), nil
}

// keyword translates the schemas within a keyword's value; other values stay.
func (t translator) keyword(keyword string, value any) (any, error) {
	switch keyword {
	case "properties":
		out := map[string]any{}
		for name, schema := range value.(map[string]any) {
			if t.hides(schema) {
				continue
			}
			translated, err := t.translate(schema)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			out[name] = translated
		}
		return out, nil
	case "anyOf", "oneOf":
		var out []any
		for _, schema := range value.([]any) {
			translated, err := t.translate(schema)
			if err != nil {
				return nil, err
			}
			out = append(out, translated)
		}
		return out, nil
	case "items", "not", "additionalProperties":
		if _, ok := value.(bool); ok {
			return value, nil
		}
		return t.translate(value)
	}
	return value, nil
}

func (t translator) hides(schema any) bool {
	s, _ := schema.(map[string]any)
	return s[t.way.hidden()] == true
}

// close forbids unknown properties, and requires no hidden one.
func (t translator) close(in, out map[string]any) {
	properties, ok := in["properties"].(map[string]any)
	if !ok {
		return
	}
	if out["additionalProperties"] == nil {
		out["additionalProperties"] = false
	}
	required, _ := in["required"].([]any)
	required = slices.DeleteFunc(slices.Clone(required), func(name any) bool { return t.hides(properties[name.(string)]) })
	if delete(out, "required"); len(required) > 0 { // draft 4 knows no empty list
		out["required"] = required
	}
}

// merge makes one schema of a schema with allOf: the properties and required names of all together, and all else as it is.
func (t translator) merge(in map[string]any) (map[string]any, error) {
	out := maps.Clone(in)
	delete(out, "allOf")
	properties, required := map[string]any{}, []any{}
	for _, part := range append([]any{in}, in["allOf"].([]any)...) {
		schema := part.(map[string]any)
		if ref, ok := schema["$ref"].(string); ok {
			schema, _ = t.components[strings.TrimPrefix(ref, "#/components/schemas/")].(map[string]any)
		}
		if schema == nil || schema["anyOf"] != nil || schema["oneOf"] != nil {
			return nil, fmt.Errorf("allOf with more than objects cannot be translated")
		}
		more, _ := schema["properties"].(map[string]any)
		maps.Copy(properties, more)
		names, _ := schema["required"].([]any)
		required = append(required, names...)
	}
	out["type"], out["properties"], out["required"] = "object", properties, required
	return out, nil
}

// orNull translates nullable. Without a type it says that null is allowed beside whatever else is said.
func orNull(schema map[string]any) map[string]any {
	nullable := schema["nullable"] == true
	delete(schema, "nullable")
	switch kind, typed := schema["type"].(string); {
	case !nullable || len(schema) == 0:
		return schema
	case !typed:
		return map[string]any{"anyOf": []any{schema, map[string]any{"type": "null"}}}
	default:
		schema["type"] = []any{kind, "null"}
	}
	if values, ok := schema["enum"].([]any); ok {
		schema["enum"] = append(slices.Clone(values), nil)
	}
	return schema
}

// value reads a parameter as what its schema wants; what cannot be read so stays a text, which the schema then refuses.
func value(schema json.RawMessage, text string) any {
	var wants struct {
		Type string `json:"type"`
	}
	// A reference has no type of its own; those that occur are texts.
	if json.Unmarshal(schema, &wants) != nil {
		return text
	}
	switch {
	case wants.Type == "boolean" && (text == "true" || text == "false"):
		return text == "true"
	case (wants.Type == "number" || wants.Type == "integer") && json.Valid([]byte(text)):
		return json.Number(text)
	}
	return text
}
