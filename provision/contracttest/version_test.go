package contracttest

import "strings"

type version struct {
	ID          string            `json:"id"`
	Number      float64           `json:"number"`
	Annotations map[string]string `json:"annotations"`
}

type share struct {
	VersionID  string  `json:"version_id"`
	Percentage float64 `json:"percentage"`
}

type deployment struct {
	ID          string            `json:"id"`
	Versions    []share           `json:"versions"`
	Annotations map[string]string `json:"annotations"`
}

type deployRequest struct {
	Strategy    string            `json:"strategy"`
	Versions    []share           `json:"versions"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

func fullDeployment(v version) deployRequest {
	return deployRequest{Strategy: "percentage", Versions: []share{{v.ID, 100}}, Annotations: map[string]string{"workers/message": "contract, older"}}
}

func (a *api) versions(path string) []version {
	a.t.Helper()
	var list struct{ Items []version }
	a.do("GET", path+"/versions", nil).wantOK(&list)
	return list.Items
}

// current returns the version that serves all requests.
func (a *api) current(path string) string {
	a.t.Helper()
	var list struct{ Deployments []deployment }
	r := a.do("GET", path+"/deployments", nil).wantOK(&list)
	if len(list.Deployments) == 0 || len(list.Deployments[0].Versions) != 1 || list.Deployments[0].Versions[0].Percentage != 100 {
		a.t.Fatalf("%s: %s", r.what, r.raw)
	}
	return list.Deployments[0].Versions[0].VersionID
}

// twoVersions uploads a script twice and returns the versions, newest first.
func (a *api) twoVersions(first, second metadata) (path string, found []version) {
	a.t.Helper()
	name, path := a.script(first)
	second.Tags = []string{tag}
	a.put(name, second)
	a.eventually(func() *response {
		found = a.versions(path)
		return nil
	}, func(*response) bool { return len(found) == 2 })
	if len(found) != 2 {
		a.t.Fatalf("%d versions after two uploads", len(found))
	}
	return path, found
}

func withText(text string) metadata {
	return metadata{Bindings: []binding{{Type: "plain_text", Name: "TEXT", Text: text}}, Annotations: map[string]string{"workers/message": text}}
}

// Versions are listed newest first, and the newest upload is served.
func versionList(a *api) {
	path, found := a.twoVersions(withText("one"), withText("two"))
	if found[0].Number <= found[1].Number || found[0].ID == found[1].ID {
		a.t.Errorf("not newest first: %+v", found)
	}
	a.unverified(found[0].Annotations["workers/message"] == "two", "annotations are %v", found[0].Annotations)
	if got := a.current(path); got != found[0].ID {
		a.t.Errorf("version %s is served, want %s", got, found[0].ID)
	}
	a.do("GET", path+"/versions/"+absentVersion, nil).wantError(anyStatus, 100146, 10210)
}

// An older version can be deployed again with its bindings.
func deployOlder(a *api) {
	path, found := a.twoVersions(withText("one"), withText("two"))
	a.do("POST", path+"/deployments", fullDeployment(found[1])).wantOK(nil)
	a.eventually(func() *response { return a.do("GET", path+"/deployments", nil) },
		func(*response) bool { return a.current(path) == found[1].ID })
	if got := a.current(path); got != found[1].ID {
		a.t.Errorf("version %s is served, want %s", got, found[1].ID)
	}
	if got := a.versions(path); len(got) != 2 || got[0].ID != found[0].ID {
		a.t.Errorf("after deploying the older version, the versions are %+v", got)
	}
	var full struct {
		Resources struct{ Bindings []binding }
	}
	a.do("GET", path+"/versions/"+found[1].ID, nil).wantOK(&full)
	if b := (settings{Bindings: full.Resources.Bindings}).binding("TEXT"); b == nil || b.Text != "one" {
		a.t.Errorf("its bindings are %+v", full.Resources.Bindings)
	}
}

// absentVersion is the UUID of no version.
const absentVersion = "00000000-0000-4000-8000-000000000000"

// A version that does not exist and percentages that do not add up to 100 have the same code. The text differs.
func wrongDeployment(a *api) {
	path, found := a.twoVersions(withText("one"), withText("two"))
	absent, half := fullDeployment(found[1]), fullDeployment(found[1])
	absent.Versions[0].VersionID = absentVersion
	half.Versions[0].Percentage = 50
	r := a.do("POST", path+"/deployments", absent).wantError(anyStatus, 10210)
	a.unverified(strings.Contains(strings.ToLower(r.Errors[0].Message), "version not found"), "%s: %d %s", r.what, r.status, r.raw)
	r = a.do("POST", path+"/deployments", half).wantError(anyStatus, 10210)
	if strings.Contains(strings.ToLower(r.Errors[0].Message), "version not found") {
		a.t.Errorf("%s: %d %s", r.what, r.status, r.raw)
	}
}

// Deploying a version with an older value of a secret has to be forced.
func changedSecret(a *api) {
	with := func(text string) metadata {
		return metadata{Bindings: []binding{{Type: "secret_text", Name: "SECRET", Text: text}}}
	}
	path, found := a.twoVersions(with("one"), with("two"))
	r := a.do("POST", path+"/deployments", fullDeployment(found[1]))
	a.unverified(!r.Success && len(r.Errors) > 0 && r.Errors[0].Code == 10220, "%s: %d %s", r.what, r.status, r.raw)
	a.do("POST", path+"/deployments?force=true", fullDeployment(found[1])).wantOK(nil)
}
