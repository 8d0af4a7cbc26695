package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// deployment is a set of served versions with their percentages of the requests.
type deployment struct {
	ID          string              `json:"id"`
	CreatedOn   string              `json:"created_on,omitempty"`
	Source      string              `json:"source,omitempty"` // "wrangler"; missing = the API
	Annotations map[string]string   `json:"annotations,omitempty"`
	Versions    []deploymentVersion `json:"versions"`
}

type deploymentVersion struct {
	VersionID  string  `json:"version_id"`
	Percentage float64 `json:"percentage"`
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

func (d *deployment) view() deploymentView {
	return deploymentView{ID: d.ID, Source: cmp.Or(d.Source, "api"), Strategy: "percentage", AuthorEmail: author,
		Annotations: d.Annotations, Versions: d.Versions, CreatedOn: d.CreatedOn}
}

// share returns the percentage of a version.
func (d *deployment) share(id string) float64 {
	for _, s := range d.Versions {
		if s.VersionID == id {
			return s.Percentage
		}
	}
	return 0
}

// servedVersion returns the version with the largest percentage, or the first of several. The edge serves only this one.
func (d *deployment) servedVersion() string {
	main := d.Versions[0]
	for _, s := range d.Versions {
		if s.Percentage > main.Percentage {
			main = s
		}
	}
	return main.VersionID
}

func fullDeployment(id string) []deploymentVersion { return []deploymentVersion{{id, 100}} }

// automaticAnnotations returns the annotations of a deployment that is a consequence of another call.
func automaticAnnotations(trigger string) map[string]string {
	if trigger == triggerUpload {
		return withTrigger(map[string]string{"workers/message": "Automatic deployment on upload."}, trigger)
	}
	return withTrigger(nil, trigger)
}

func (w *script) deployment(id string) *deployment {
	for _, d := range w.Deployments {
		if d.ID == id {
			return d
		}
	}
	return nil
}

// deployNew adds a new version, which the caller has written to the script, and deploys it at 100 %.
func (c *call) deployNew(w *script, trigger string, annotations map[string]string) {
	c.initVersion(w, &w.version, trigger, annotations)
	c.deploy(w, fullDeployment(w.Version), automaticAnnotations(trigger))
	if w.CreatedOn == "" {
		w.CreatedOn = w.ModifiedOn
	}
}

// deploy adds a deployment and makes it the current one.
func (c *call) deploy(w *script, shares []deploymentVersion, annotations map[string]string) *deployment {
	d := &deployment{ID: c.state.newUUID("deployment", c.account.ID, w.Name), CreatedOn: c.state.stamp(), Source: c.source(),
		Annotations: annotations, Versions: shares}
	w.Deployments = slices.Insert(w.Deployments, 0, d)
	w.promote(d.servedVersion())
	w.ModifiedOn = d.CreatedOn
	w.trim()
	return d
}

type deploymentList struct {
	Deployments []deploymentView `json:"deployments"`
}

func listDeployments(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, err
	}
	out := deploymentList{[]deploymentView{}}
	for _, d := range w.Deployments {
		out.Deployments = append(out.Deployments, d.view())
	}
	return &apiResponse{result: out}, nil
}

func (c *call) deploymentInPath() (*script, *deployment, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, nil, err
	}
	if d := w.deployment(c.params["deployment"]); d != nil {
		return w, d, nil
	}
	return nil, nil, newError(http.StatusNotFound, 10336, "The requested deployment does not exist.")
}

func getDeployment(c *call) (*apiResponse, error) {
	_, d, err := c.deploymentInPath()
	if err != nil {
		return nil, err
	}
	return &apiResponse{result: d.view()}, nil
}

// deleteDeployment deletes an earlier deployment. The error of the API for the current one is not documented.
func deleteDeployment(c *call) (*apiResponse, error) {
	w, d, err := c.deploymentInPath()
	if err != nil {
		return nil, err
	}
	if d == w.Deployments[0] {
		return nil, newError(http.StatusBadRequest, 10336, "The active deployment cannot be deleted.")
	}
	w.Deployments = slices.DeleteFunc(w.Deployments, func(o *deployment) bool { return o == d })
	return &apiResponse{}, nil
}

// nullVersion is the UUID of no version.
const nullVersion = "00000000-0000-0000-0000-000000000000"

// postDeployment deploys one or two existing versions. Deploying a version with other values of secrets needs
// ?force=true.
func postDeployment(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
	if err != nil {
		return nil, err
	}
	var in struct {
		Strategy    string              `json:"strategy"`
		Versions    []deploymentVersion `json:"versions"`
		Annotations map[string]string   `json:"annotations"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Strategy != "percentage" {
		return nil, newError(http.StatusBadRequest, 10026, "The strategy must be percentage.")
	}
	if apiErr := checkShares(in.Versions); apiErr != nil {
		return nil, apiErr
	}
	if apiErr := checkAnnotations(in.Annotations); apiErr != nil {
		return nil, apiErr
	}
	for _, s := range in.Versions {
		if s.VersionID == nullVersion {
			return nil, internalError(nil) // seen on a live account
		}
		v, err := w.versionByID(s.VersionID)
		if err != nil {
			return nil, newError(http.StatusNotFound, 10210, "Version not found")
		}
		if names := w.changedSecrets(v); len(names) > 0 && c.query.Get("force") != "true" {
			return nil, newError(http.StatusBadRequest, 10220, "Secrets have changed since this version was deployed. "+
				"The following secrets have changed: "+strings.Join(names, ", "))
		}
	}
	return &apiResponse{result: c.deploy(w, in.Versions, withTrigger(in.Annotations, triggerDeployment)).view()}, nil
}

// checkShares checks that there are one or two versions with 100 percent in total. The code was seen on a live
// account for a wrong sum; the others are assumed to have the same one.
func checkShares(shares []deploymentVersion) *apiError {
	sum := 0.0
	for _, s := range shares {
		if s.Percentage < 0 || s.Percentage > 100 {
			return newError(http.StatusBadRequest, 10210, fmt.Sprintf("The percentage %v is not between 0 and 100.", s.Percentage))
		}
		sum += s.Percentage
	}
	switch {
	case len(shares) < 1 || len(shares) > 2:
		return newError(http.StatusBadRequest, 10210, "A deployment must have one or two versions.")
	case len(shares) == 2 && shares[0].VersionID == shares[1].VersionID:
		return newError(http.StatusBadRequest, 10210, "A deployment must not name a version twice.")
	case sum < 99.99 || sum > 100.01: // 33.3 and 66.7 have no exact binary form
		return newError(http.StatusBadRequest, 10210, fmt.Sprintf("The percentages must add up to 100, not %v.", sum))
	}
	return nil
}

// changedSecrets returns the names of the secrets that have changed since an earlier version.
func (w *script) changedSecrets(v *version) []string {
	if v.Number >= w.Number {
		return nil
	}
	then, now := v.secrets(), w.secrets()
	var names []string
	for name, value := range then {
		if !bytes.Equal(now[name], value) {
			names = append(names, name)
		}
	}
	for name := range now {
		if _, ok := then[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// secrets returns the values of the secrets: the text, or the key with its usages.
func (v *version) secrets() map[string][]byte {
	out := map[string][]byte{}
	for _, b := range v.Bindings {
		if isSecret(b) {
			out[b.name()], _ = json.Marshal(b)
		}
	}
	return out
}
