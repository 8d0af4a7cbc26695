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
func uploadForm(upload *plan.Upload) (contentType string, body []byte, err error) {
	var buffer bytes.Buffer
	form := multipart.NewWriter(&buffer)
	meta, err := json.Marshal(newMetadata(upload))
	if err != nil {
		return "", nil, fmt.Errorf("metadata: %w", err)
	}
	if err := writePart(form, `form-data; name="metadata"`, "application/json", meta); err != nil {
		return "", nil, err
	}
	for _, module := range upload.Bundle.Modules {
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

func newMetadata(upload *plan.Upload) metadata {
	meta := metadata{
		MainModule:         upload.Bundle.Main,
		CompatibilityDate:  upload.Bundle.CompatibilityDate,
		CompatibilityFlags: upload.Bundle.CompatibilityFlags,
		Bindings:           scriptBindings(upload),
		Tags:               []string{plan.OwnerTag},
		Annotations:        upload.Annotations(),
	}
	if upload.Region != "" {
		meta.Placement = &placement{Mode: "targeted", Region: upload.Region}
	}
	return meta
}

// scriptBindings returns the bindings of an upload. Keys are part of it, as secrets or inherited from the deployed
// version, so that no version ever runs without its keys.
func scriptBindings(upload *plan.Upload) []workerBinding {
	providers, _ := json.Marshal(upload.Providers) // plain strings and booleans: cannot fail
	settings, _ := json.Marshal(upload.Settings)
	bindings := []workerBinding{
		{Type: "json", Name: worker.BindingProviders, JSON: providers},
		{Type: "json", Name: worker.BindingSettings, JSON: settings},
		{Type: "plain_text", Name: worker.BindingBuild, Text: upload.Build},
		{Type: "plain_text", Name: worker.BindingVersion, Text: upload.ProgramVersion},
		{Type: "plain_text", Name: worker.BindingZones, Text: binding.FormatZones(upload.Zones)},
	}
	var fingerprints []string
	for _, key := range upload.Keys {
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
	for _, limit := range upload.Limits {
		bindings = append(bindings, workerBinding{
			Type: "ratelimit", Name: worker.RateBinding(limit.Requests), Namespace: limit.Namespace,
			Simple: &simpleLimit{Limit: limit.Requests, Period: 60},
		})
	}
	return bindings
}
