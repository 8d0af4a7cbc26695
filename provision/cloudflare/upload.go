package cloudflare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"strings"

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

// placement pins where the Worker runs. https://developers.cloudflare.com/workers/configuration/placement/
type placement struct {
	Mode   string `json:"mode"`
	Region string `json:"region"`
}

// uploadForm writes the multipart body by hand. The SDK's generated form flattens the metadata into one field a key and
// names the modules files.0, files.1 and so on; the API answers 10021 "could not read content for part metadata".
// https://github.com/cloudflare/cloudflare-typescript/issues/2799
func uploadForm(script *plan.Script) (contentType string, body []byte, err error) {
	var buffer bytes.Buffer
	form := multipart.NewWriter(&buffer)
	meta, err := json.Marshal(metadataOf(script))
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

func metadataOf(script *plan.Script) metadata {
	meta := metadata{
		MainModule:         script.Bundle.Main,
		CompatibilityDate:  script.Bundle.CompatibilityDate,
		CompatibilityFlags: script.Bundle.CompatibilityFlags,
		Bindings:           bindingsOf(script),
		Tags:               []string{plan.OwnerTag},
		Annotations:        script.Annotations(),
	}
	if script.Region != "" {
		meta.Placement = &placement{Mode: "targeted", Region: script.Region}
	}
	return meta
}

// bindingsOf gives everything that reaches the Worker but its code. A key that nobody typed again is inherited from the version
// before: it is in the same upload as the script, so that no version ever runs without it.
func bindingsOf(script *plan.Script) []workerBinding {
	// Marshalling plain structs of strings cannot fail.
	providers, _ := json.Marshal(script.Providers)
	settings, _ := json.Marshal(script.Settings)
	bindings := []workerBinding{
		{Type: "json", Name: worker.BindingProviders, JSON: providers},
		{Type: "json", Name: worker.BindingSettings, JSON: settings},
		{Type: "plain_text", Name: worker.BindingBuild, Text: script.Build},
		{Type: "plain_text", Name: worker.BindingVersion, Text: script.Version},
		{Type: "plain_text", Name: worker.BindingZones, Text: script.Zones},
	}
	var marks []string
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
		marks = append(marks, key.Provider+":"+key.Fingerprint)
	}
	if len(marks) > 0 {
		bindings = append(bindings, workerBinding{Type: "plain_text", Name: worker.BindingKeys, Text: strings.Join(marks, " ")})
	}
	for _, limit := range script.Limits {
		bindings = append(bindings, workerBinding{
			Type: "ratelimit", Name: worker.RateBinding(limit.Requests), Namespace: limit.Namespace,
			Simple: &simpleLimit{Limit: limit.Requests, Period: 60},
		})
	}
	return bindings
}
