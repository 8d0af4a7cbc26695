package sandbox

import (
	"encoding/json"
	"mime"
	"net/http"
)

// settingsView is the result of GET settings: a version without its code.
type settingsView struct {
	Bindings           []binding         `json:"bindings"`
	CompatibilityDate  string            `json:"compatibility_date"`
	CompatibilityFlags []string          `json:"compatibility_flags"`
	UsageModel         string            `json:"usage_model"`
	Tags               []string          `json:"tags"`
	TailConsumers      json.RawMessage   `json:"tail_consumers"`
	Logpush            bool              `json:"logpush"`
	Placement          json.RawMessage   `json:"placement"`
	Observability      json.RawMessage   `json:"observability,omitempty"`
	Limits             json.RawMessage   `json:"limits,omitempty"`
	Annotations        map[string]string `json:"annotations,omitempty"`
}

func (w *script) settings() settingsView {
	return settingsView{
		Bindings: publicBindings(w.Bindings), CompatibilityDate: w.CompatibilityDate, CompatibilityFlags: emptyIfNil(w.CompatibilityFlags),
		UsageModel: w.UsageModel, Tags: emptyIfNil(w.Tags), TailConsumers: jsonOr(w.TailConsumers, "null"), Logpush: w.Logpush,
		Placement: jsonOr(w.Placement, "{}"), Observability: w.Observability, Limits: w.Limits, Annotations: w.Annotations,
	}
}

func getSettings(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, err
	}
	return &apiResponse{result: w.settings()}, nil
}

type settingsInput struct {
	metadata
	Bindings           *[]binding `json:"bindings"`
	CompatibilityFlags *[]string  `json:"compatibility_flags"`
}

// patchSettings accepts a form with one part "settings", not JSON, and creates a new version.
func patchSettings(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, err
	}
	kind, params, err := mime.ParseMediaType(c.header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, newError(http.StatusBadRequest, 10001, "Content-Type must be one of: multipart/form-data")
	}
	parts, apiErr := readParts(params["boundary"], c.body)
	if apiErr != nil {
		return nil, apiErr
	}
	in := new(settingsInput)
	found := false
	for _, p := range parts {
		if p.name == "settings" {
			found = true
			if err := json.Unmarshal(p.source, in); err != nil {
				return nil, newError(http.StatusBadRequest, 10026, "Could not parse the part settings: "+describeJSONError(err))
			}
		}
	}
	if !found {
		return nil, validationError("could not read content for part settings")
	}
	w.archiveDeployed()
	if err := c.applySettings(w, in); err != nil {
		return nil, err
	}
	c.deployNew(w, triggerSettings, in.Annotations)
	return &apiResponse{result: w.settings()}, nil
}

func (c *call) applySettings(w *script, in *settingsInput) error {
	if in.Tags != nil {
		if err := checkTags(*in.Tags); err != nil {
			return err
		}
	}
	if err := checkAnnotations(in.Annotations); err != nil {
		return err
	}
	if in.Bindings != nil {
		if err := checkBindings(*in.Bindings); err != nil {
			return err
		}
		next, err := mergeBindings(*in.Bindings, in.KeepBindings, w.Bindings, c.query.Get("bindings_inherit") == "strict")
		if err != nil {
			return err
		}
		w.Bindings = next
	}
	if in.CompatibilityDate != nil {
		if err := c.state.checkDate(*in.CompatibilityDate); err != nil {
			return err
		}
		w.CompatibilityDate = *in.CompatibilityDate
	}
	setIfPresent(&w.CompatibilityFlags, in.CompatibilityFlags)
	setIfPresent(&w.UsageModel, in.UsageModel)
	if in.Limits != nil {
		w.Limits = nonNull(in.Limits)
	}
	if in.Placement != nil {
		w.Placement = nonNull(in.Placement)
	}
	w.applyScriptMetadata(&in.metadata)
	return nil
}

// scriptSettings belong to the script and not to a version. Changing them deploys nothing.
type scriptSettings struct {
	Logpush       bool            `json:"logpush"`
	Observability json.RawMessage `json:"observability"`
	Tags          []string        `json:"tags"`
	TailConsumers json.RawMessage `json:"tail_consumers"`
}

func (w *script) scriptSettings() scriptSettings {
	return scriptSettings{Logpush: w.Logpush, Observability: jsonOr(w.Observability, "null"), Tags: emptyIfNil(w.Tags),
		TailConsumers: jsonOr(w.TailConsumers, "null")}
}

func getScriptSettings(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, err
	}
	return &apiResponse{result: w.scriptSettings()}, nil
}

func patchScriptSettings(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, err
	}
	var in metadata
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Tags != nil {
		if err := checkTags(*in.Tags); err != nil {
			return nil, err
		}
	}
	w.applyScriptMetadata(&in)
	w.ModifiedOn = c.state.stamp()
	return &apiResponse{result: w.scriptSettings()}, nil
}
