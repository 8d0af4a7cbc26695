package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// Types of modules, https://developers.cloudflare.com/workers/configuration/multipart-upload-metadata/.
const (
	typeModule = "application/javascript+module"
	typeScript = "application/javascript"
)

func moduleTypes() []string {
	return []string{typeModule, typeScript, "text/javascript+module", "text/javascript", "text/plain", "application/octet-stream",
		"application/json", "application/wasm", "text/x-python", "text/x-python-requirement", "application/source-map"}
}

// scriptSize is the limit of the Free plan, in bytes after gzip.
const scriptSize = 3 << 20

// part is one part of a multipart body.
type part struct {
	name   string
	kind   string // media type without parameters
	source []byte
}

// metadata is the JSON part of an upload. Missing fields are nil.
type metadata struct {
	MainModule         string            `json:"main_module"`
	BodyPart           string            `json:"body_part"`
	Bindings           []binding         `json:"bindings"`
	KeepBindings       []string          `json:"keep_bindings"`
	CompatibilityDate  *string           `json:"compatibility_date"`
	CompatibilityFlags []string          `json:"compatibility_flags"`
	UsageModel         *string           `json:"usage_model"`
	Tags               *[]string         `json:"tags"`
	Annotations        map[string]string `json:"annotations"`
	Placement          json.RawMessage   `json:"placement"`
	Observability      json.RawMessage   `json:"observability"`
	Limits             json.RawMessage   `json:"limits"`
	Logpush            *bool             `json:"logpush"`
	TailConsumers      json.RawMessage   `json:"tail_consumers"`
	Migrations         json.RawMessage   `json:"migrations"`
}

// upload is the body of PUT of a script.
type upload struct {
	meta    metadata
	modules []*module
}

// readUpload parses the body: a form with a part "metadata" and one part for each module, or JavaScript in service-worker
// syntax.
func readUpload(contentType string, body []byte) (*upload, *apiError) {
	kind, params, err := mime.ParseMediaType(contentType)
	switch {
	case err == nil && (kind == typeScript || kind == "text/javascript"):
		const name = "script"
		return &upload{meta: metadata{BodyPart: name}, modules: []*module{newModule(name, typeScript, body)}}, nil
	case err != nil || kind != "multipart/form-data":
		return nil, newError(http.StatusBadRequest, 10001,
			"Content-Type must be one of: application/javascript, text/javascript, multipart/form-data")
	}
	parts, apiErr := readParts(params["boundary"], body)
	if apiErr != nil {
		return nil, apiErr
	}
	u := new(upload)
	found := false
	for _, p := range parts {
		if p.name == "metadata" {
			found = true
			if err := json.Unmarshal(p.source, &u.meta); err != nil {
				return nil, newError(http.StatusBadRequest, 10026, "Could not parse the part metadata: "+describeJSONError(err))
			}
			continue
		}
		u.modules = append(u.modules, newModule(p.name, p.kind, p.source))
	}
	if !found {
		return nil, validationError("could not read content for part metadata")
	}
	return u, nil
}

func readParts(boundary string, body []byte) ([]part, *apiError) {
	unreadable := newError(http.StatusBadRequest, 10026, "Could not parse the multipart body.")
	if boundary == "" {
		return nil, unreadable
	}
	var parts []part
	seen := map[string]bool{}
	for r := multipart.NewReader(bytes.NewReader(body), boundary); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) && len(parts) > 0 {
			return parts, nil
		}
		if err != nil {
			return nil, unreadable
		}
		source, err := io.ReadAll(p)
		if err != nil || p.FormName() == "" || strings.ContainsFunc(p.FormName(), unicode.IsControl) {
			return nil, unreadable
		}
		if seen[p.FormName()] {
			return nil, validationError("part %s is sent twice", p.FormName())
		}
		seen[p.FormName()] = true
		kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil {
			kind = "application/octet-stream"
		}
		parts = append(parts, part{name: p.FormName(), kind: kind, source: source})
	}
}

// check checks an upload as far as this does not depend on the state.
func (u *upload) check() *apiError {
	m := &u.meta
	main := m.MainModule
	if main == "" {
		main = m.BodyPart
	}
	at := slices.IndexFunc(u.modules, func(x *module) bool { return x.Name == main })
	switch {
	case main == "":
		return validationError("metadata must name the main module: set main_module, or body_part for a service worker")
	case at < 0:
		return validationError("No such module %q.", main)
	case m.MainModule != "" && !isESModule(u.modules[at]):
		return validationError("The main module %q must have the type %s, not %s.", main, typeModule, u.modules[at].Type)
	}
	for _, x := range u.modules {
		if !slices.Contains(moduleTypes(), x.Type) {
			return validationError("Module %q has an unknown type: %s", x.Name, x.Type)
		}
	}
	if size := u.compressedSize(); size > scriptSize {
		return newError(http.StatusBadRequest, 10027,
			"Your Worker exceeded the size limit of 3 MiB. Please upgrade to a paid plan to deploy Workers up to 10 MiB")
	}
	if len(m.Migrations) > 0 && string(m.Migrations) != "null" {
		return newError(http.StatusBadRequest, 10015, "Durable Object migrations are not part of this sandbox.")
	}
	if m.Tags != nil {
		if err := checkTags(*m.Tags); err != nil {
			return err
		}
	}
	if err := checkAnnotations(m.Annotations); err != nil {
		return err
	}
	return u.checkSource(u.modules[at])
}

func isESModule(m *module) bool { return m.Type == typeModule || m.Type == "text/javascript+module" }

func checkTags(tags []string) *apiError {
	if len(tags) > 8 {
		return validationError("A Worker can have at most 8 tags, not %d.", len(tags))
	}
	for _, t := range tags {
		if t == "" || strings.ContainsAny(t, ",&") {
			return validationError("Tag %q is invalid.", t)
		}
	}
	return nil
}

func checkAnnotations(a map[string]string) *apiError {
	for key, most := range map[string]int{"workers/message": 1000, "workers/tag": 100} {
		if len(a[key]) > most {
			return validationError("Annotation %s exceeds %d bytes.", key, most)
		}
	}
	return nil
}

// compressedSize returns the size that the limit applies to.
func (u *upload) compressedSize() int {
	var size counter
	z := gzip.NewWriter(&size)
	for _, m := range u.modules {
		z.Write(m.source())
	}
	z.Close()
	return int(size)
}

type counter int

// Write implements [io.Writer]. It counts bytes.
func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// form encodes modules as the API returns them: one part for each, with the name of its upload.
func form(modules []*module) (contentType string, body []byte, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, m := range modules {
		name := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(m.Name)
		h := map[string][]string{
			"Content-Disposition": {fmt.Sprintf(`form-data; name="%s"; filename="%s"`, name, name)},
			"Content-Type":        {m.Type},
		}
		p, err := w.CreatePart(h)
		if err != nil {
			return "", nil, fmt.Errorf("write module %s: %w", m.Name, err)
		}
		p.Write(m.source())
	}
	if err := w.Close(); err != nil {
		return "", nil, fmt.Errorf("write modules: %w", err)
	}
	return w.FormDataContentType(), b.Bytes(), nil
}
