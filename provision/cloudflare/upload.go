package cloudflare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"strings"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

// metadata is the first part of an upload.
// https://developers.cloudflare.com/workers/configuration/multipart-upload-metadata/
type metadata struct {
	MainModule         string            `json:"main_module"`
	CompatibilityDate  string            `json:"compatibility_date"`
	CompatibilityFlags []string          `json:"compatibility_flags,omitempty"`
	Bindings           []workerBinding   `json:"bindings"`
	Tags               []string          `json:"tags"`
	Placement          *placement        `json:"placement,omitempty"`
	Annotations        map[string]string `json:"annotations"`
}

// placement is where the Worker runs. https://developers.cloudflare.com/workers/configuration/placement/
type placement struct {
	Mode   string `json:"mode"`
	Region string `json:"region"`
}

// uploadForm returns the multipart body of an upload: a part "metadata" in JSON, and a part for each module, with the
// module's name. It is built by hand, because Scripts.Update of the SDK does not work as generated: it splits the
// metadata into one form field for each key and names the modules files.0, files.1 and so on. The API responds with
// error 10021, "could not read content for part metadata".
// https://github.com/cloudflare/cloudflare-typescript/issues/2799
func uploadForm(script *plan.Script) (contentType string, body []byte, err error) {
	var buffer bytes.Buffer
	form := multipart.NewWriter(&buffer)
	meta, err := json.Marshal(newMetadata(script))
	if err != nil {
		return "", nil, fmt.Errorf("metadata: %w", err)
	}
	if err := writePart(form, `form-data; name="metadata"`, "application/json", meta); err != nil {
		return "", nil, err
	}
	for _, module := range script.Bundle.Modules {
		disposition := fmt.Sprintf(`form-data; name=%q; filename=%q`, module.Name, module.Name)
		if err := writePart(form, disposition, module.Type, module.Source); err != nil {
			return "", nil, err
		}
	}
	if err := form.Close(); err != nil {
		return "", nil, fmt.Errorf("form: %w", err)
	}
	return form.FormDataContentType(), buffer.Bytes(), nil
}

func writePart(form *multipart.Writer, disposition, contentType string, content []byte) error {
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", disposition)
	header.Set("Content-Type", contentType)
	part, err := form.CreatePart(header)
	if err != nil {
		return fmt.Errorf("form: %w", err)
	}
	_, err = part.Write(content)
	return err
}

func newMetadata(script *plan.Script) metadata {
	meta := metadata{
		MainModule:         script.Bundle.Main,
		CompatibilityDate:  script.Bundle.CompatibilityDate,
		CompatibilityFlags: script.Bundle.CompatibilityFlags,
		Bindings:           scriptBindings(script),
		Tags:               []string{plan.OwnerTag},
		Annotations:        script.Annotations(),
	}
	if script.Region != "" {
		meta.Placement = &placement{Mode: "targeted", Region: script.Region}
	}
	return meta
}

// scriptBindings returns the bindings of an upload. Keys are part of it, as secrets or inherited from the deployed
// version, so that no version ever runs without its keys.
func scriptBindings(script *plan.Script) []workerBinding {
	providers, _ := json.Marshal(script.Providers) // plain strings and booleans: cannot fail
	settings, _ := json.Marshal(script.Settings)
	bindings := []workerBinding{
		{Type: "json", Name: worker.BindingProviders, JSON: providers},
		{Type: "json", Name: worker.BindingSettings, JSON: settings},
		{Type: "plain_text", Name: worker.BindingBuild, Text: script.Build},
		{Type: "plain_text", Name: worker.BindingVersion, Text: script.Version},
		{Type: "plain_text", Name: worker.BindingZones, Text: binding.FormatZones(script.Zones)},
	}
	var fingerprints []string
	for _, key := range script.Keys {
		name := worker.KeyBinding(key.Provider)
		switch {
		case key.Inherited:
			bindings = append(bindings, workerBinding{Type: "inherit", Name: name})
		case key.Value.Reveal() != "":
			bindings = append(bindings, workerBinding{Type: "secret_text", Name: name, Text: key.Value.Reveal()})
		default:
			continue
		}
		fingerprints = append(fingerprints, key.Provider+":"+key.Fingerprint)
	}
	if len(fingerprints) > 0 {
		bindings = append(bindings, workerBinding{Type: "plain_text", Name: worker.BindingKeys, Text: strings.Join(fingerprints, " ")})
	}
	for _, limit := range script.Limits {
		bindings = append(bindings, workerBinding{
			Type: "ratelimit", Name: worker.RateBinding(limit.Requests), Namespace: limit.Namespace,
			Simple: &simpleLimit{Limit: limit.Requests, Period: 60},
		})
	}
	return bindings
}
