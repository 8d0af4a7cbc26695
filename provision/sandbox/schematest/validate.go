package schematest

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// message is a request or a response.
type message struct {
	header http.Header
	body   []byte
}

func (h message) mediaType() (kind string, params map[string]string) {
	kind, params, _ = mime.ParseMediaType(h.header.Get("Content-Type"))
	return kind, params
}

// faultHeader is set by the sandbox if a test has written the body of the response, which is often invalid on purpose.
const faultHeader = "Sandbox-Fault"

// check returns the violations in a call. A status of 0 means that there was no response.
func (d *document) check(r *http.Request, sent message, status int, received message) []Violation {
	op, template, values := d.find(r.Method, r.URL.EscapedPath())
	var all []Violation
	if op == nil {
		all = append(all, Violation{Part: PartCall, Rule: ruleUnknown, Message: "the description has no such call"})
		op = &operation{}
	} else {
		all = append(all, d.checkParameters(op, PartPath, values)...)
		all = append(all, d.checkParameters(op, PartQuery, queryOf(r))...)
		all = append(all, withPart(PartBody, d.checkBody(op, sent))...)
	}
	all = append(all, withPart(PartResponse, d.checkResponse(op, status, received))...)
	for i := range all {
		all[i].Operation, all[i].Status = r.Method+" "+template, status
	}
	return all
}

func withPart(part Part, all []Violation) []Violation {
	for i := range all {
		all[i].Part = part
	}
	return all
}

// queryOf returns the query; of several values with one name it uses the last, since the API has no lists.
func queryOf(r *http.Request) map[string]string {
	values := map[string]string{}
	for name, all := range r.URL.Query() {
		values[name] = all[len(all)-1]
	}
	return values
}

func (d *document) checkParameters(op *operation, part Part, values map[string]string) []Violation {
	var all []Violation
	unknown := maps.Clone(values)
	for _, p := range op.Parameters {
		if p.In != string(part) {
			continue
		}
		text, ok := values[p.Name]
		delete(unknown, p.Name)
		switch {
		case ok:
			found := d.validate(request, p.Schema, value(p.Schema, text))
			for i := range found {
				found[i].Pointer = "/" + p.Name
			}
			all = append(all, found...)
		case p.Required:
			all = append(all, Violation{Pointer: "/" + p.Name, Rule: "required", Message: "must be there"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(unknown)) {
		all = append(all, Violation{Pointer: "/" + name, Rule: ruleUnknown, Type: "string", Message: "the description has no such parameter"})
	}
	return withPart(part, all)
}

func (d *document) checkBody(op *operation, sent message) []Violation {
	if len(sent.body) == 0 {
		if op.RequestBody.Required {
			return []Violation{{Rule: "required", Message: "must have a body"}}
		}
		return nil
	}
	kind, params := sent.mediaType()
	m, ok := op.RequestBody.Content[kind]
	if !ok {
		return []Violation{{Rule: ruleMediaType, Type: "string", Message: "the description has no body of type " + strconv.Quote(kind)}}
	}
	switch {
	case strings.HasSuffix(kind, "json"):
		return d.validateJSON(request, m, sent.body)
	case kind == "multipart/form-data":
		form, err := readForm(sent.body, params["boundary"])
		if err != nil {
			return []Violation{{Rule: ruleMediaType, Type: "string", Message: "cannot be read: " + err.Error()}}
		}
		return d.validate(request, m.Schema, form)
	}
	return nil // JavaScript
}

// readForm returns a form as the description has it: the JSON parts by their names, and all other parts, which have
// arbitrary names, as a list "files".
func readForm(body []byte, boundary string) (map[string]any, error) {
	form := map[string]any{}
	var files []any
	for reader := multipart.NewReader(bytes.NewReader(body), boundary); ; {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		source, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		if name := part.FormName(); name != "metadata" && name != "settings" {
			files = append(files, string(source))
			continue
		}
		if form[part.FormName()], err = jsonschema.UnmarshalJSON(bytes.NewReader(source)); err != nil {
			return nil, err
		}
	}
	if files != nil {
		form["files"] = files
	}
	return form, nil
}

// checkResponse checks successes and client errors. The responses to other errors are not specified.
func (d *document) checkResponse(op *operation, status int, received message) []Violation {
	var class string
	switch {
	case received.header.Get(faultHeader) != "":
		return nil
	case status >= 200 && status < 300:
		class = "200"
	case status >= 400 && status < 500:
		class = "4XX"
	default:
		return nil
	}
	kind, _ := received.mediaType()
	if class == "4XX" && kind == "application/json" { // one schema for all
		return d.validateJSON(response, media{Schema: []byte(`{"$ref": "#/components/schemas/failure"}`)}, received.body)
	}
	if class == "200" && op.Responses == nil && kind == "application/json" { // the whole call is an exception
		return d.checkEnvelope(received)
	}
	content := op.Responses[class].Content
	m, ok := content[kind]
	switch {
	case op.Responses == nil:
		return nil
	case !ok:
		return []Violation{{Rule: ruleMediaType, Type: "string", Message: "the description has no response of type " + strconv.Quote(kind)}}
	case kind == "application/json":
		return d.validateJSON(response, m, received.body)
	}
	return nil
}

// checkEnvelope checks everything but the result.
func (d *document) checkEnvelope(received message) []Violation {
	found := d.validateJSON(response, media{Schema: []byte(`{"$ref": "#/components/schemas/envelope_ok"}`)}, received.body)
	return slices.DeleteFunc(found, func(v Violation) bool {
		return v.Rule == ruleUnknown && (v.Pointer == "/result" || v.Pointer == "/result_info")
	})
}

func (d *document) validateJSON(dir direction, m media, body []byte) []Violation {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return []Violation{{Rule: ruleMediaType, Type: "string", Message: "is not JSON"}}
	}
	return d.validate(dir, m.Schema, parsed)
}

func (d *document) validate(dir direction, source []byte, v any) []Violation {
	schema, err := d.schema(dir, source)
	if err != nil {
		return violations(err, v)
	}
	return violations(schema.Validate(v), v)
}
