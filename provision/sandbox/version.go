package sandbox

import "net/http"

// The sandbox keeps the deployed version of a script and no other, so both lists hold one entry.

type versionView struct {
	ID          string            `json:"id"`
	Number      int               `json:"number"`
	Metadata    versionMeta       `json:"metadata"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Resources   *versionResources `json:"resources,omitempty"`
}

type versionMeta struct {
	CreatedOn  string `json:"created_on"`
	ModifiedOn string `json:"modified_on"`
	Source     string `json:"source"`
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
	CompatibilityDate  string   `json:"compatibility_date"`
	CompatibilityFlags []string `json:"compatibility_flags"`
	UsageModel         string   `json:"usage_model"`
}

func (w *script) version(full bool) versionView {
	v := versionView{
		ID: w.Version, Number: w.Number, Annotations: w.Annotations,
		Metadata: versionMeta{CreatedOn: w.ModifiedOn, ModifiedOn: w.ModifiedOn, Source: "api"},
	}
	if full {
		v.Resources = &versionResources{
			Bindings: publicBindings(w.Bindings),
			Script:   versionScript{Etag: w.etag(), Handlers: w.handlers(), LastDeployedFrom: "api"},
			Runtime: versionRuntime{CompatibilityDate: w.CompatibilityDate,
				CompatibilityFlags: list(w.CompatibilityFlags), UsageModel: w.UsageModel},
		}
	}
	return v
}

type versionItems struct {
	Items []versionView `json:"items"`
}

func listVersions(c *call) (*answer, error) {
	w, err := c.one()
	if err != nil {
		return nil, err
	}
	part, info, refused := page(c.query, []versionView{w.version(false)}, 20, 1, 100)
	if refused != nil {
		return nil, refused
	}
	return &answer{result: versionItems{part}, info: info}, nil
}

func getVersion(c *call) (*answer, error) {
	w, err := c.one()
	if err != nil {
		return nil, err
	}
	if c.params["version"] != w.Version {
		return nil, refuse(http.StatusNotFound, 100146, "The requested version does not exist.")
	}
	return &answer{result: w.version(true)}, nil
}

type deploymentView struct {
	ID          string              `json:"id"`
	Source      string              `json:"source"`
	Strategy    string              `json:"strategy"`
	AuthorEmail string              `json:"author_email"`
	Annotations map[string]string   `json:"annotations"`
	Versions    []deploymentVersion `json:"versions"`
	CreatedOn   string              `json:"created_on"`
}

type deploymentVersion struct {
	VersionID  string `json:"version_id"`
	Percentage int    `json:"percentage"`
}

func (w *script) deployment() deploymentView {
	return deploymentView{
		ID: uuid(derivedID("deployment", w.Version)), Source: "api", Strategy: "percentage", AuthorEmail: "sandbox@example.com",
		Annotations: map[string]string{"workers/message": "Automatic deployment on upload.", "workers/triggered_by": "upload"},
		Versions:    []deploymentVersion{{VersionID: w.Version, Percentage: 100}}, CreatedOn: w.ModifiedOn,
	}
}

type deploymentList struct {
	Deployments []deploymentView `json:"deployments"`
}

func listDeployments(c *call) (*answer, error) {
	w, err := c.one()
	if err != nil {
		return nil, err
	}
	return &answer{result: deploymentList{[]deploymentView{w.deployment()}}}, nil
}

func getDeployment(c *call) (*answer, error) {
	w, err := c.one()
	if err != nil {
		return nil, err
	}
	if d := w.deployment(); d.ID == c.params["deployment"] {
		return &answer{result: d}, nil
	}
	return nil, refuse(http.StatusNotFound, 10336, "The requested deployment does not exist.")
}
