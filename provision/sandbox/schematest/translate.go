package schematest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// direction is that of a body: OpenAPI has one schema for requests and responses, with readOnly and writeOnly properties.
type direction string

const (
	request  direction = "request"
	response direction = "response"
)

// url returns the URL of the definitions for a direction. Nothing is fetched from there.
func (d direction) url() string { return "https://cfproxy.invalid/" + string(d) }

// hidden returns the attribute of properties that do not occur in this direction: requests have no read-only properties,
// and responses no write-only ones, such as secrets.
func (d direction) hidden() string {
	if d == request {
		return "readOnly"
	}
	return "writeOnly"
}

// translator translates OpenAPI 3.0 schemas, which resemble JSON Schema but differ from it,
// https://spec.openapis.org/oas/v3.0.3#schema-object.
type translator struct {
	dir        direction
	components map[string]any
}

func (d *document) translator(dir direction) translator { return translator{dir, d.components} }

// supportedKeywords are translated or mean the same in draft 4; for example, exclusiveMinimum is a boolean in both. The
// library checks the formats that occur (date-time, ipv4, hostname, email, uuid), except for "binary". The description
// has no discriminator: the members of unions differ by an enum with one value, usually of the property "type".
var supportedKeywords = []string{
	"$ref", "type", "enum", "format", "properties", "required", "items", "additionalProperties", "allOf", "anyOf", "oneOf", "not",
	"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern",
	"minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "nullable",
}

// ignoredKeywords do not restrict values.
var ignoredKeywords = []string{"description", "title", "example", "default", "readOnly", "writeOnly", "deprecated", "externalDocs"}

// translate returns a copy of a schema with these differences:
//
//   - nullable becomes another type;
//   - allOf becomes one object, so that unknown properties can be forbidden;
//   - properties of the other direction are removed and not required;
//   - an object with properties may have no others unless it says so. OpenAPI allows unknown properties, but these
//     tests are to find misspelled names.
func (t translator) translate(schema any) (map[string]any, error) {
	in, ok := schema.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%v is not a schema", schema)
	}
	if ref, ok := in["$ref"].(string); ok { // the siblings of a reference have no effect
		return map[string]any{"$ref": t.dir.url() + "#/definitions/" + strings.TrimPrefix(ref, "#/components/schemas/")}, nil
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
		if slices.Contains(ignoredKeywords, keyword) {
			continue
		}
		if !slices.Contains(supportedKeywords, keyword) && !strings.HasPrefix(keyword, "x-") {
			return nil, fmt.Errorf("keyword %s cannot be translated", keyword)
		}
		translated, err := t.keyword(keyword, value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", keyword, err)
		}
		out[keyword] = translated
	}
	t.closeObject(in, out)
	return applyNullable(out), nil
}

// keyword translates the schemas in the value of a keyword. Other values are unchanged.
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
	return s[t.dir.hidden()] == true
}

// closeObject forbids unknown properties and requires no hidden ones.
func (t translator) closeObject(in, out map[string]any) {
	properties, ok := in["properties"].(map[string]any)
	if !ok {
		return
	}
	if out["additionalProperties"] == nil {
		out["additionalProperties"] = false
	}
	required, _ := in["required"].([]any)
	required = slices.DeleteFunc(slices.Clone(required), func(name any) bool { return t.hides(properties[name.(string)]) })
	if delete(out, "required"); len(required) > 0 { // draft 4 does not allow an empty list
		out["required"] = required
	}
}

// merge returns one schema for a schema with allOf: with the properties and required names of all parts, and otherwise
// unchanged.
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

// applyNullable translates nullable. A schema without a type allows null in addition to what it allows otherwise.
func applyNullable(schema map[string]any) map[string]any {
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

// value converts a parameter to the type in its schema. If this is impossible it stays a string, which the schema then
// rejects.
func value(schema json.RawMessage, text string) any {
	var wants struct {
		Type string `json:"type"`
	}
	// References have no type of their own; those that occur are to strings.
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
