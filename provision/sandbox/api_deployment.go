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

// deployment says which versions of a script are served, and to how large a part of the requests each.
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

// share is the version's part of the requests, in percent.
func (d *deployment) share(id string) float64 {
	for _, s := range d.Versions {
		if s.VersionID == id {
			return s.Percentage
		}
	}
	return 0
}

// main is the version with the largest share, the first of several: the edge serves this one alone.
func (d *deployment) main() string {
	main := d.Versions[0]
	for _, s := range d.Versions {
		if s.Percentage > main.Percentage {
			main = s
		}
	}
	return main.VersionID
}

func wholly(id string) []deploymentVersion { return []deploymentVersion{{id, 100}} }

// automatic is how the API annotates a deployment that comes with another call.
func automatic(trigger string) map[string]string {
	if trigger == triggerUpload {
		return annotated(map[string]string{"workers/message": "Automatic deployment on upload."}, trigger)
	}
	return annotated(nil, trigger)
}

func (w *script) deployment(id string) *deployment {
	for _, d := range w.Deployments {
		if d.ID == id {
			return d
		}
	}
	return nil
}

// deployed marks a change of the script's own version as a new version at 100 %.
func (c *call) deployed(w *script, trigger string, annotations map[string]string) {
	c.sign(w, &w.version, trigger, annotations)
	c.deploy(w, wholly(w.Version), automatic(trigger))
	if w.CreatedOn == "" {
		w.CreatedOn = w.ModifiedOn
	}
}

// deploy makes a deployment the current one.
func (c *call) deploy(w *script, shares []deploymentVersion, annotations map[string]string) *deployment {
	d := &deployment{ID: c.state.newUUID("deployment", c.account.ID, w.Name), CreatedOn: c.state.stamp(), Source: c.source(),
		Annotations: annotations, Versions: shares}
	w.Deployments = slices.Insert(w.Deployments, 0, d)
	w.promote(d.main())
	w.ModifiedOn = d.CreatedOn
	w.trim()
	return d
}

type deploymentList struct {
	Deployments []deploymentView `json:"deployments"`
}

func listDeployments(c *call) (*answer, error) {
	w, err := c.one()
	if err != nil {
		return nil, err
	}
	out := deploymentList{[]deploymentView{}}
	for _, d := range w.Deployments {
		out.Deployments = append(out.Deployments, d.view())
	}
	return &answer{result: out}, nil
}

func (c *call) oneDeployment() (*script, *deployment, error) {
	w, err := c.one()
	if err != nil {
		return nil, nil, err
	}
	if d := w.deployment(c.params["deployment"]); d != nil {
		return w, d, nil
	}
	return nil, nil, refuse(http.StatusNotFound, 10336, "The requested deployment does not exist.")
}

func getDeployment(c *call) (*answer, error) {
	_, d, err := c.oneDeployment()
	if err != nil {
		return nil, err
	}
	return &answer{result: d.view()}, nil
}

// deleteDeployment forgets an earlier deployment. How the API refuses the current one is not documented.
func deleteDeployment(c *call) (*answer, error) {
	w, d, err := c.oneDeployment()
	if err != nil {
		return nil, err
	}
	if d == w.Deployments[0] {
		return nil, refuse(http.StatusBadRequest, 10336, "The active deployment cannot be deleted.")
	}
	w.Deployments = slices.DeleteFunc(w.Deployments, func(o *deployment) bool { return o == d })
	return &answer{}, nil
}

// postDeployment serves one or two of the kept versions. Going back to a version whose secrets had other values needs
// ?force=true.
func postDeployment(c *call) (*answer, error) {
	w, err := c.one()
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
		return nil, refuse(http.StatusBadRequest, 10026, "The strategy must be percentage.")
	}
	if refused := checkShares(in.Versions); refused != nil {
		return nil, refused
	}
	if refused := checkAnnotations(in.Annotations); refused != nil {
		return nil, refused
	}
	for _, s := range in.Versions {
		v, err := w.find(s.VersionID)
		if err != nil {
			return nil, err
		}
		if names := w.changedSecrets(v); len(names) > 0 && c.query.Get("force") != "true" {
			return nil, refuse(http.StatusBadRequest, 10220, "Secrets have changed since this version was deployed. "+
				"The following secrets have changed: "+strings.Join(names, ", "))
		}
	}
	return &answer{result: c.deploy(w, in.Versions, annotated(in.Annotations, triggerDeployment)).view()}, nil
}

// checkShares wants one or two versions that share 100 percent. The codes of the API for this are not documented.
func checkShares(shares []deploymentVersion) *apiError {
	sum := 0.0
	for _, s := range shares {
		if s.Percentage < 0 || s.Percentage > 100 {
			return refuse(http.StatusBadRequest, 10026, fmt.Sprintf("The percentage %v is not between 0 and 100.", s.Percentage))
		}
		sum += s.Percentage
	}
	switch {
	case len(shares) < 1 || len(shares) > 2:
		return refuse(http.StatusBadRequest, 10026, "A deployment must have one or two versions.")
	case len(shares) == 2 && shares[0].VersionID == shares[1].VersionID:
		return refuse(http.StatusBadRequest, 10026, "A deployment must not name a version twice.")
	case sum < 99.99 || sum > 100.01: // 33.3 and 66.7 are no round numbers in binary
		return refuse(http.StatusBadRequest, 10026, fmt.Sprintf("The percentages must add up to 100, not %v.", sum))
	}
	return nil
}

// changedSecrets names the secrets that have other values now than they had in an earlier version.
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

// secrets gives what each secret holds: the text, or the key with its usages.
func (v *version) secrets() map[string][]byte {
	out := map[string][]byte{}
	for _, b := range v.Bindings {
		if secret(b) {
			out[b.name()], _ = json.Marshal(b)
		}
	}
	return out
}
