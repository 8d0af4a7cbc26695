package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// Limits of variables and secrets, https://developers.cloudflare.com/workers/platform/limits/: bytes of each, and their
// number on the Free plan.
const (
	variableSize  = 5 << 10
	variableCount = 64
)

var bindingName = lazyRegexp(`^[A-Za-z_$][A-Za-z0-9_$.-]*$`)

// bindingFields maps the types of bindings to the field that they require, "" for none.
func bindingFields() map[string]string {
	return map[string]string{
		"plain_text": "text", "secret_text": "text", "json": "json", "kv_namespace": "namespace_id",
		"durable_object_namespace": "class_name", "analytics_engine": "dataset", "ratelimit": "namespace_id",
		"service": "service", "r2_bucket": "bucket_name", "queue": "queue_name", "vectorize": "index_name", "hyperdrive": "id",
		"d1": "", "ai": "", "assets": "", "browser": "", "version_metadata": "", "images": "", "send_email": "",
		"wasm_module": "part", "text_blob": "part", "data_blob": "part", "mtls_certificate": "certificate_id",
		"dispatch_namespace": "namespace", "pipelines": "pipeline", "secrets_store_secret": "store_id", "secret_key": "",
		"tail_consumer": "service", "workflow": "workflow_name", "logfwdr": "", "inherit": "", "worker_loader": "",
	}
}

func isVariable(kind string) bool {
	return kind == "plain_text" || kind == "secret_text" || kind == "json"
}

// checkBindings checks the bindings of a new version.
func checkBindings(list []binding) *apiError {
	seen := map[string]bool{}
	variables := 0
	for _, b := range list {
		name := b.name()
		switch {
		case name == "":
			return newError(http.StatusBadRequest, 10052, "A binding must have a name.")
		case !bindingName().MatchString(name):
			return validationError("Binding name '%s' is invalid.", name)
		case seen[name]:
			return nameInUse(name)
		}
		seen[name] = true
		if err := b.check(); err != nil {
			return err
		}
		if isVariable(b.kind()) {
			variables++
		}
	}
	if variables > variableCount {
		return newError(http.StatusBadRequest, 10055,
			fmt.Sprintf("A Worker can have at most %d variables and secrets, not %d.", variableCount, variables))
	}
	return nil
}

func nameInUse(name string) *apiError {
	return newError(http.StatusBadRequest, 10053,
		fmt.Sprintf("Binding name '%s' already in use. Please use a different name and try again.", name))
}

func (b binding) check() *apiError {
	kind, name := b.kind(), b.name()
	need, known := bindingFields()[kind]
	if !known {
		return validationError("Binding %s has an unknown type: %q", name, kind)
	}
	if need == "" {
		return nil
	}
	value := b[need]
	text, isText := b.string(need)
	if value == nil || need != "json" && !isText {
		return validationError("binding %s of type %s must have a valid `%s` specified", name, kind, need)
	}
	if kind == "ratelimit" {
		_, apiErr := b.rateLimit()
		return apiErr
	}
	size := len(text)
	if kind == "json" {
		size = len(value)
	}
	if isVariable(kind) && size > variableSize {
		return newError(http.StatusBadRequest, 10054, fmt.Sprintf("Text binding %s is too large: the limit is 5 KB.", name))
	}
	return nil
}

// mergeBindings returns the bindings of a new version: those that were sent, those that inherit from the previous
// version, and those kept because of their type. If strict, a binding that cannot inherit is an error; otherwise it is
// dropped.
func mergeBindings(sent []binding, keep []string, before []binding, strict bool) ([]binding, *apiError) {
	find := func(name string) binding {
		for _, b := range before {
			if b.name() == name {
				return b
			}
		}
		return nil
	}
	var out []binding
	names := map[string]bool{}
	for _, b := range sent {
		names[b.name()] = true
		if b.kind() != "inherit" {
			out = append(out, b)
			continue
		}
		source := b.name()
		if old, ok := b.string("old_name"); ok {
			source = old
		}
		switch old := find(source); {
		case old != nil:
			out = append(out, old.renamed(b.name()))
		case strict:
			return nil, newError(http.StatusBadRequest, 10057, fmt.Sprintf("Binding '%s' cannot inherit: there is none before it.", source))
		}
	}
	for _, b := range before {
		if !names[b.name()] && slices.Contains(keep, b.kind()) {
			out = append(out, b)
		}
	}
	return out, nil
}

func (b binding) renamed(name string) binding {
	out := binding{}
	maps.Copy(out, b)
	out["name"], _ = json.Marshal(name)
	return out
}

// public returns the binding as the API shows it, without the value of a secret.
func (b binding) public() binding {
	if b.kind() != "secret_text" && b.kind() != "secret_key" {
		return b
	}
	return binding{"name": b["name"], "type": b["type"]}
}

func publicBindings(list []binding) []binding {
	out := []binding{}
	for _, b := range shuffled(list, binding.name) {
		out = append(out, b.public())
	}
	return out
}
