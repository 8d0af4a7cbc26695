package sandbox

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
)

// version is one version of a script: its code and what is uploaded with it.
type version struct {
	Version            string            `json:"version,omitempty"` // a UUID
	Number             int               `json:"number,omitempty"`  // counts the versions of a script
	UploadedOn         string            `json:"uploaded_on,omitempty"`
	Source             string            `json:"source,omitempty"` // "wrangler"; missing = the API
	Annotations        map[string]string `json:"annotations,omitempty"`
	Main               string            `json:"main,omitempty"`
	Body               string            `json:"body,omitempty"` // in place of Main: a script in service-worker syntax
	CompatibilityDate  string            `json:"compatibility_date,omitempty"`
	CompatibilityFlags []string          `json:"compatibility_flags,omitempty"`
	UsageModel         string            `json:"usage_model,omitempty"`
	Limits             json.RawMessage   `json:"limits,omitempty"`
	Placement          json.RawMessage   `json:"placement,omitempty"`
	Bindings           []binding         `json:"bindings,omitempty"`
	Modules            []*module         `json:"modules,omitempty"`
}

// Triggers of versions and deployments. "upload" and "secret" are documented, "version_upload" and "deployment" appear in
// issues of users, and "settings" is a guess. Clients only print them.
const (
	triggerUpload     = "upload"
	triggerSecret     = "secret"
	triggerSettings   = "settings"
	triggerVersion    = "version_upload"
	triggerDeployment = "deployment"
	triggerKey        = "workers/triggered_by"
)

// author is the user of all tokens.
const author = "sandbox@example.com"

type versionView struct {
	ID          string            `json:"id"`
	Number      int               `json:"number"`
	Metadata    versionMeta       `json:"metadata"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Resources   *versionResources `json:"resources,omitempty"`
	Startup     int               `json:"startup_time_ms,omitempty"` // only in the response to an upload
}

type versionMeta struct {
	CreatedOn   string `json:"created_on"`
	ModifiedOn  string `json:"modified_on"`
	Source      string `json:"source"`
	AuthorEmail string `json:"author_email"`
}

type versionResources struct {
	Bindings []binding      `json:"bindings"`
	Script   versionScript  `json:"script"`
	Runtime  versionRuntime `json:"script_runtime"`
}

type versionScript struct {
	Etag             string   `json:"etag"`
	Handlers         []string `json:"handlers"`
	LastDeployedFrom string   `json:"last_deployed_from"`
}

type versionRuntime struct {
	CompatibilityDate  string          `json:"compatibility_date"`
	CompatibilityFlags []string        `json:"compatibility_flags"`
	UsageModel         string          `json:"usage_model"`
	Limits             json.RawMessage `json:"limits,omitempty"`
}

func (v *version) describe(full bool) versionView {
	out := versionView{
		ID: v.Version, Number: v.Number, Annotations: v.Annotations,
		Metadata: versionMeta{CreatedOn: v.UploadedOn, ModifiedOn: v.UploadedOn, Source: v.client(), AuthorEmail: author},
	}
	if full {
		out.Resources = &versionResources{
			Bindings: publicBindings(v.Bindings),
			Script:   versionScript{Etag: v.etag(), Handlers: v.handlers(), LastDeployedFrom: v.client()},
			Runtime: versionRuntime{CompatibilityDate: v.CompatibilityDate,
				CompatibilityFlags: emptyIfNil(v.CompatibilityFlags), UsageModel: v.UsageModel, Limits: v.Limits},
		}
	}
	return out
}

func (v *version) client() string { return cmp.Or(v.Source, "api") }

type versionItems struct {
	Items []versionView `json:"items"`
}

// listVersions returns all versions that are kept. Each of them can be deployed, so ?deployable=true changes nothing.
func listVersions(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, err
	}
	views := []versionView{}
	for _, v := range w.allVersions() {
		views = append(views, v.describe(false))
	}
	part, info, apiErr := page(c.query, views, 20, 1, 100)
	if apiErr != nil {
		return nil, apiErr
	}
	return &apiResponse{result: versionItems{part}, info: info}, nil
}

func getVersion(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, err
	}
	v, err := w.versionByID(c.params["version"])
	if err != nil {
		return nil, err
	}
	return &apiResponse{result: v.describe(true)}, nil
}

// versionByID returns the version with this UUID.
func (w *script) versionByID(id string) (*version, error) {
	for _, v := range w.allVersions() {
		if v.Version == id {
			return v, nil
		}
	}
	return nil, newError(http.StatusNotFound, 100146, "The requested version does not exist.")
}

// postVersion uploads a version, which is not served until it is deployed. Metadata that belongs to the script (tags,
// logpush, tail consumers) is ignored.
func postVersion(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, err
	}
	u, apiErr := readUpload(c.header.Get("Content-Type"), c.body)
	if apiErr != nil {
		return nil, apiErr
	}
	if apiErr := u.check(); apiErr != nil {
		return nil, apiErr
	}
	v := new(version)
	if err := c.applyUpload(v, u, w.newest().Bindings); err != nil {
		return nil, err
	}
	c.initVersion(w, v, triggerVersion, u.meta.Annotations)
	w.Versions = append(w.Versions, v)
	w.sortVersions()
	w.trim()
	out := v.describe(true)
	out.Startup = 3
	return &apiResponse{result: out}, nil
}

// initVersion sets the ID, the number and the origin of a new version.
func (c *call) initVersion(w *script, v *version, trigger string, annotations map[string]string) {
	v.Number = w.newest().Number + 1
	v.Version = c.state.newUUID("version", c.account.ID, w.Name)
	v.UploadedOn = c.state.stamp()
	v.Source, v.Annotations = c.source(), withTrigger(annotations, trigger)
}

// source returns how the API identifies the client. Whether the API uses the same header is not documented.
func (c *call) source() string {
	if strings.HasPrefix(c.header.Get("User-Agent"), "wrangler/") {
		return "wrangler"
	}
	return ""
}

// withTrigger adds the annotation that only the API sets to those of a client.
func withTrigger(sent map[string]string, trigger string) map[string]string {
	out := map[string]string{triggerKey: trigger}
	for key, value := range sent {
		if key != triggerKey {
			out[key] = value
		}
	}
	return out
}
