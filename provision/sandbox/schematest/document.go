package schematest

import (
	"bytes"
	_ "embed" // the description
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed testdata/cloudflare-openapi-subset.json
var subset []byte

// prefix is what stands before every path of the API.
const prefix = "/client/v4"

// document is the description, ready to look things up in. Schemas are compiled when they are first needed: a test makes a
// few of sixty kinds of calls.
type document struct {
	Paths map[string]map[string]operation `json:"paths"`

	components map[string]any
	mu         sync.Mutex
	compiler   *jsonschema.Compiler
	compiled   map[string]*jsonschema.Schema
}

type operation struct {
	Parameters  []parameter `json:"parameters"`
	RequestBody struct {
		Required bool             `json:"required"`
		Content  map[string]media `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Content map[string]media `json:"content"`
	} `json:"responses"`
}

type parameter struct {
	Name     string          `json:"name"`
	In       string          `json:"in"` // path, query, header
	Required bool            `json:"required"`
	Schema   json.RawMessage `json:"schema"`
}

type media struct {
	Schema json.RawMessage `json:"schema"`
}

// load reads the description once for all tests of a process.
var load = sync.OnceValues(func() (*document, error) {
	d := &document{compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}}
	if err := json.Unmarshal(subset, d); err != nil {
		return nil, fmt.Errorf("description: %w", err)
	}
	// The fourth draft is the one that OpenAPI 3.0 grew out of; see translate.
	d.compiler.DefaultDraft(jsonschema.Draft4)
	d.compiler.AssertFormat()
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(subset))
	if err != nil {
		return nil, fmt.Errorf("description: %w", err)
	}
	components := whole.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any)
	d.components = components
	for _, way := range []direction{request, answer} {
		t := d.translator(way)
		definitions := map[string]any{}
		for name, schema := range components {
			if definitions[name], err = t.translate(schema); err != nil {
				return nil, fmt.Errorf("schema %s: %w", name, err)
			}
		}
		if err := d.compiler.AddResource(way.url(), map[string]any{"definitions": definitions}); err != nil {
			return nil, fmt.Errorf("description: %w", err)
		}
	}
	return d, nil
})

// schema compiles a schema that stands in an operation itself. Its text is its name: the same text means the same.
func (d *document) schema(way direction, source json.RawMessage) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := way.url() + string(source)
	if s := d.compiled[key]; s != nil {
		return s, nil
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(source))
	if err != nil {
		return nil, err
	}
	translated, err := d.translator(way).translate(parsed)
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("%s/%d", way.url(), len(d.compiled))
	if err := d.compiler.AddResource(address, translated); err != nil {
		return nil, err
	}
	s, err := d.compiler.Compile(address)
	if err != nil {
		return nil, err
	}
	d.compiled[key] = s
	return s, nil
}

// find gives the operation of a request, its template and the values of its path; nil where the description has none.
func (d *document) find(method, escaped string) (op *operation, template string, values map[string]string) {
	_, path, _ := strings.Cut(escaped, prefix)
	var names []string
	for name := range d.Paths {
		names = append(names, name)
	}
	// A literal segment goes before a parameter: "}" and "{" sort behind all letters, so the least fits best.
	slices.Sort(names)
	for _, name := range names {
		values, ok := match(name, path)
		if !ok {
			continue
		}
		if op, ok := d.Paths[name][strings.ToLower(method)]; ok {
			return &op, name, values
		}
	}
	return nil, path, nil
}

func match(template, path string) (map[string]string, bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	values := map[string]string{}
	for i := range want {
		if !strings.HasPrefix(want[i], "{") {
			if want[i] != got[i] {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(got[i])
		if err != nil || value == "" {
			return nil, false
		}
		values[strings.Trim(want[i], "{}")] = value
	}
	return values, true
}
