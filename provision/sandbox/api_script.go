package sandbox

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// scriptName allows lower-case letters, digits and dashes, at most 63. The API also accepts underscores.
var scriptName = lazyRegexp(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$`)

type scriptView struct {
	ID                 string          `json:"id"`
	Tag                string          `json:"tag"`
	Tags               []string        `json:"tags"`
	Etag               string          `json:"etag"`
	CreatedOn          string          `json:"created_on"`
	ModifiedOn         string          `json:"modified_on"`
	DeploymentID       string          `json:"deployment_id"`
	Handlers           []string        `json:"handlers"`
	NamedHandlers      []any           `json:"named_handlers"`
	CompatibilityDate  string          `json:"compatibility_date"`
	CompatibilityFlags []string        `json:"compatibility_flags"`
	UsageModel         string          `json:"usage_model"`
	Logpush            bool            `json:"logpush"`
	TailConsumers      json.RawMessage `json:"tail_consumers"`
	HasAssets          bool            `json:"has_assets"`
	HasModules         bool            `json:"has_modules"`
	LastDeployedFrom   string          `json:"last_deployed_from"`
	Placement          json.RawMessage `json:"placement"`
	StartupTimeMS      *int            `json:"startup_time_ms,omitempty"`
}

func (w *script) view() scriptView {
	return scriptView{
		ID: w.Name, Tag: w.Tag, Tags: emptyIfNil(w.Tags), Etag: w.etag(), CreatedOn: w.CreatedOn, ModifiedOn: w.ModifiedOn,
		DeploymentID: strings.ReplaceAll(w.Version, "-", ""), Handlers: w.handlers(), NamedHandlers: []any{},
		CompatibilityDate: w.CompatibilityDate, CompatibilityFlags: emptyIfNil(w.CompatibilityFlags), UsageModel: w.UsageModel,
		Logpush: w.Logpush, TailConsumers: jsonOr(w.TailConsumers, "null"), HasModules: w.Main != "",
		LastDeployedFrom: w.client(), Placement: jsonOr(w.Placement, "{}"),
	}
}

// etag returns a digest of the code.
func (v *version) etag() string {
	parts := []string{v.Main, v.Body}
	for _, m := range v.Modules {
		parts = append(parts, m.Name, m.Type, string(m.source()))
	}
	return digest(parts...)
}

func emptyIfNil[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

func jsonOr(raw json.RawMessage, fallback string) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage(fallback)
	}
	return raw
}

// listScripts is not paginated. ?tags=a:yes,b:no selects the scripts with tag a and without tag b.
func listScripts(c *call) (*apiResponse, error) {
	views := []scriptView{}
	for _, w := range shuffled(c.account.Scripts, func(w *script) string { return w.Tag }) {
		if w.matchesTags(c.query.Get("tags")) {
			views = append(views, w.view())
		}
	}
	return &apiResponse{result: views}, nil
}

func (w *script) matchesTags(want string) bool {
	for condition := range strings.SplitSeq(want, ",") {
		name, yes, ok := strings.Cut(condition, ":")
		if condition != "" && ok && slices.Contains(w.Tags, name) != (yes == "yes") {
			return false
		}
	}
	return true
}

// scriptInPath returns the script that the path names.
func (c *call) scriptInPath() (*script, error) {
	if w := c.account.script(c.params["script"]); w != nil {
		return w, nil
	}
	return nil, workerNotFound()
}

func getScript(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, err
	}
	for _, m := range w.Modules {
		if m.Name == w.Body {
			return &apiResponse{raw: m.source(), kind: typeScript, header: map[string]string{"Etag": w.etag()}}, nil
		}
	}
	return w.content()
}

// getContent returns the deployed code, or that of ?version=.
func getContent(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, err
	}
	v, err := w.versionByID(cmp.Or(c.query.Get("version"), w.Version))
	if err != nil {
		return nil, err
	}
	return v.content()
}

func (v *version) content() (*apiResponse, error) {
	kind, body, err := form(v.Modules)
	if err != nil {
		return nil, err
	}
	return &apiResponse{raw: body, kind: kind, header: map[string]string{"Etag": v.etag(), "Cf-Entrypoint": cmp.Or(v.Main, v.Body)}}, nil
}

// putScript creates a script or a new version of it and deploys it.
func putScript(c *call) (*apiResponse, error) {
	name := c.params["script"]
	if !scriptName().MatchString(name) {
		return nil, newError(http.StatusBadRequest, 10016, "workers.api.error.invalid_script_name")
	}
	if c.account.EmailUnverified {
		return nil, newError(http.StatusForbidden, 10034, "You need to verify your email address to use Workers.")
	}
	u, apiErr := readUpload(c.header.Get("Content-Type"), c.body)
	if apiErr != nil {
		return nil, apiErr
	}
	if apiErr := u.check(); apiErr != nil {
		return nil, apiErr
	}
	if *c.account.Subdomain == "" && len(c.account.Scripts) == 0 {
		return nil, noSubdomain()
	}
	w, isNew, err := c.findOrCreateScript(name)
	if err != nil {
		return nil, err
	}
	before := w.newest().Bindings
	w.archiveDeployed()
	if err := c.applyUpload(&w.version, u, before); err != nil {
		return nil, err
	}
	w.applyScriptMetadata(&u.meta)
	c.deployNew(w, triggerUpload, u.meta.Annotations)
	if isNew {
		c.account.Scripts = append(c.account.Scripts, w)
	}
	v, startup := w.view(), 3
	v.StartupTimeMS = &startup
	return &apiResponse{result: v, header: map[string]string{"Etag": w.etag()}}, nil
}

func (c *call) findOrCreateScript(name string) (w *script, isNew bool, err error) {
	if w := c.account.script(name); w != nil {
		return w, false, nil
	}
	if len(c.account.Scripts) >= 100 {
		return nil, false, newError(http.StatusBadRequest, 10037, "You have reached the limit of 100 Workers.")
	}
	return &script{
		Name: name, Tag: c.state.newID("script", c.account.ID, name), Unseen: c.state.Propagation,
	}, true, nil
}

// applyUpload sets the fields of a version from an upload, with defaults for those that are missing. previous has the
// bindings that can be inherited.
func (c *call) applyUpload(v *version, u *upload, before []binding) error {
	m := &u.meta
	if err := checkBindings(m.Bindings); err != nil {
		return err
	}
	bindings, err := mergeBindings(m.Bindings, m.KeepBindings, before, c.query.Get("bindings_inherit") == "strict")
	if err != nil {
		return err
	}
	date, usage := oldestDate, "standard"
	setIfPresent(&date, m.CompatibilityDate)
	setIfPresent(&usage, m.UsageModel)
	if err := c.state.checkDate(date); err != nil {
		return err
	}
	v.Bindings, v.Modules, v.Main, v.Body = bindings, u.modules, m.MainModule, m.BodyPart
	if v.Main != "" {
		v.Body = ""
	}
	v.CompatibilityDate, v.CompatibilityFlags, v.UsageModel = date, m.CompatibilityFlags, usage
	v.Limits, v.Placement = nonNull(m.Limits), nonNull(m.Placement)
	return nil
}

// applyScriptMetadata sets what belongs to the script and not to a version (tags, observability, logpush, tail
// consumers), if it was sent.
func (w *script) applyScriptMetadata(m *metadata) {
	setIfPresent(&w.Tags, m.Tags)
	setIfPresent(&w.Logpush, m.Logpush)
	if m.Observability != nil {
		w.Observability = nonNull(m.Observability)
	}
	if m.TailConsumers != nil {
		w.TailConsumers = nonNull(m.TailConsumers)
	}
}

// nonNull returns nil for a JSON null.
func nonNull(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}

func (s *state) checkDate(date string) *apiError {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return validationError("Invalid compatibility date: %s", date)
	}
	if t.After(s.now()) {
		return validationError("Can't set compatibility date in the future: %s", date)
	}
	return nil
}

func deleteScript(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, err
	}
	if c.query.Get("force") != "true" && c.isBound(w.Name) {
		return nil, newError(http.StatusBadRequest, 10064, "Other Workers are bound to this Worker. Delete with force=true to do it nevertheless.")
	}
	c.account.Scripts = slices.DeleteFunc(c.account.Scripts, func(o *script) bool { return o == w })
	return &apiResponse{}, nil
}

// isBound reports whether another Worker has a service binding to this one.
func (c *call) isBound(name string) bool {
	return slices.ContainsFunc(c.account.Scripts, func(o *script) bool {
		return o.Name != name && slices.ContainsFunc(o.Bindings, func(b binding) bool {
			to, _ := b.string("service")
			return b.kind() == "service" && to == name
		})
	})
}
