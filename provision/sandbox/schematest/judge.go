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

// half is one half of a call.
type half struct {
	header http.Header
	body   []byte
}

func (h half) mediaType() (kind string, params map[string]string) {
	kind, params, _ = mime.ParseMediaType(h.header.Get("Content-Type"))
	return kind, params
}

// scripted is the header by which the sandbox marks an answer that a test wrote word for word, mostly to be nonsense.
const scripted = "Sandbox-Fault"

// judge holds a call against the description. A status of 0 means that no answer came.
func (d *document) judge(r *http.Request, asked half, status int, answered half) []Violation {
	op, template, values := d.find(r.Method, r.URL.EscapedPath())
	var all []Violation
	if op == nil {
		all = append(all, Violation{Part: PartCall, Rule: ruleUnknown, Says: "the description has no such call"})
		op = &operation{}
	} else {
		all = append(all, d.judgeParameters(op, PartPath, values)...)
		all = append(all, d.judgeParameters(op, PartQuery, queryOf(r))...)
		all = append(all, of(PartBody, d.judgeBody(op, asked))...)
	}
	all = append(all, of(PartAnswer, d.judgeAnswer(op, status, answered))...)
	for i := range all {
		all[i].Operation, all[i].Status = r.Method+" "+template, status
	}
	return all
}

func of(part Part, all []Violation) []Violation {
	for i := range all {
		all[i].Part = part
	}
	return all
}

// queryOf takes the last of values of one name, as the API has no lists.
func queryOf(r *http.Request) map[string]string {
	values := map[string]string{}
	for name, all := range r.URL.Query() {
		values[name] = all[len(all)-1]
	}
	return values
}

func (d *document) judgeParameters(op *operation, part Part, values map[string]string) []Violation {
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
			found := d.against(request, p.Schema, value(p.Schema, text))
			for i := range found {
				found[i].Pointer = "/" + p.Name
			}
			all = append(all, found...)
		case p.Required:
			all = append(all, Violation{Pointer: "/" + p.Name, Rule: "required", Says: "must be there"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(unknown)) {
		all = append(all, Violation{Pointer: "/" + name, Rule: ruleUnknown, Type: "string", Says: "the description has no such parameter"})
	}
	return of(part, all)
}

func (d *document) judgeBody(op *operation, asked half) []Violation {
	if len(asked.body) == 0 {
		if op.RequestBody.Required {
			return []Violation{{Rule: "required", Says: "must have a body"}}
		}
		return nil
	}
	kind, params := asked.mediaType()
	m, ok := op.RequestBody.Content[kind]
	if !ok {
		return []Violation{{Rule: ruleMediaType, Type: "string", Says: "the description has no body of type " + strconv.Quote(kind)}}
	}
	switch {
	case strings.HasSuffix(kind, "json"):
		return d.againstJSON(request, m, asked.body)
	case kind == "multipart/form-data":
		form, err := readForm(asked.body, params["boundary"])
		if err != nil {
			return []Violation{{Rule: ruleMediaType, Type: "string", Says: "cannot be read: " + err.Error()}}
		}
		return d.against(request, m.Schema, form)
	}
	return nil // JavaScript
}

// readForm gives a form as the description sees it: the JSON parts by their names, and all other parts, each of which has a
// name of its own, together as "files".
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

// judgeAnswer knows successes and refusals; what a failing server says is nobody's promise.
func (d *document) judgeAnswer(op *operation, status int, answered half) []Violation {
	class := ""
	switch {
	case answered.header.Get(scripted) != "":
		return nil
	case status >= 200 && status < 300:
		class = "200"
	case status >= 400 && status < 500:
		class = "4XX"
	default:
		return nil
	}
	kind, _ := answered.mediaType()
	if class == "4XX" && kind == "application/json" { // one schema for all
		return d.againstJSON(answer, media{Schema: []byte(`{"$ref": "#/components/schemas/failure"}`)}, answered.body)
	}
	if class == "200" && op.Responses == nil && kind == "application/json" { // a call that is an exception as a whole
		return d.judgeEnvelope(answered)
	}
	content := op.Responses[class].Content
	m, ok := content[kind]
	switch {
	case op.Responses == nil:
		return nil
	case !ok:
		return []Violation{{Rule: ruleMediaType, Type: "string", Says: "the description has no answer of type " + strconv.Quote(kind)}}
	case kind == "application/json":
		return d.againstJSON(answer, m, answered.body)
	}
	return nil
}

// judgeEnvelope judges all but the result.
func (d *document) judgeEnvelope(answered half) []Violation {
	found := d.againstJSON(answer, media{Schema: []byte(`{"$ref": "#/components/schemas/envelope_ok"}`)}, answered.body)
	return slices.DeleteFunc(found, func(v Violation) bool {
		return v.Rule == ruleUnknown && (v.Pointer == "/result" || v.Pointer == "/result_info")
	})
}

func (d *document) againstJSON(way direction, m media, body []byte) []Violation {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return []Violation{{Rule: ruleMediaType, Type: "string", Says: "is no JSON"}}
	}
	return d.against(way, m.Schema, parsed)
}

func (d *document) against(way direction, source []byte, v any) []Violation {
	schema, err := d.schema(way, source)
	if err != nil {
		return violations(err, v)
	}
	return violations(schema.Validate(v), v)
}
