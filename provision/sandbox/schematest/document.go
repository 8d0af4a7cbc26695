package schematest

import (
	"bytes"
	_ "embed" // for the description
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed testdata/cloudflare-openapi-subset.json
var descriptionJSON []byte

// prefix precedes all paths of the API.
const prefix = "/client/v4"

// document is the parsed description. Schemas are compiled when they are first needed, because a test makes only a few of
// the sixty kinds of calls.
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

// load parses the description once per process.
var load = sync.OnceValues(func() (*document, error) {
	d := &document{compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}}
	if err := json.Unmarshal(descriptionJSON, d); err != nil {
		return nil, fmt.Errorf("description: %w", err)
	}
	// OpenAPI 3.0 is based on draft 4 of JSON Schema; see translate.
	d.compiler.DefaultDraft(jsonschema.Draft4)
	d.compiler.AssertFormat()
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(descriptionJSON))
	if err != nil {
		return nil, fmt.Errorf("description: %w", err)
	}
	components := root.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any)
	d.components = components
	for _, dir := range []direction{request, response} {
		t := d.translator(dir)
		definitions := map[string]any{}
		for name, schema := range components {
			if definitions[name], err = t.translate(schema); err != nil {
				return nil, fmt.Errorf("schema %s: %w", name, err)
			}
		}
		if err := d.compiler.AddResource(dir.url(), map[string]any{"definitions": definitions}); err != nil {
			return nil, fmt.Errorf("description: %w", err)
		}
	}
	return d, nil
})

// schema compiles the schema of an operation. Its text is the key of the cache.
func (d *document) schema(dir direction, source json.RawMessage) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := dir.url() + string(source)
	if s := d.compiled[key]; s != nil {
		return s, nil
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(source))
	if err != nil {
		return nil, err
	}
	translated, err := d.translator(dir).translate(parsed)
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("%s/%d", dir.url(), len(d.compiled))
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

// find returns the operation of a request, its path template and the values in its path. The operation is nil if the
// description does not have it.
func (d *document) find(method, escaped string) (op *operation, template string, values map[string]string) {
	_, path, _ := strings.Cut(escaped, prefix)
	var names []string
	for name := range d.Paths {
		names = append(names, name)
	}
	// Literal segments take precedence over parameters: "{" sorts after all letters, so the first match is the best.
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
