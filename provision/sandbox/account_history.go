package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
)

// maxVersions is the number of versions and of deployments of a script that are kept. It is the number of versions that
// the API lists as deployable.
const maxVersions = 10

// allVersions returns the versions of a script, newest first.
func (w *script) allVersions() []*version {
	all := append([]*version{&w.version}, w.Versions...)
	slices.SortStableFunc(all, byNewest)
	return all
}

func byNewest(x, y *version) int { return cmp.Compare(y.Number, x.Number) }

func (w *script) sortVersions() { sortList(w.Versions, byNewest) }

// newest returns the version that was created last, deployed or not.
func (w *script) newest() *version { return w.allVersions()[0] }

// hasID reports whether the ID is that of a version or deployment of the script.
func (w *script) hasID(id string) bool {
	return w.Version == id || w.deployment(id) != nil ||
		slices.ContainsFunc(w.Versions, func(v *version) bool { return v.Version == id })
}

// archiveDeployed adds a copy of the deployed version to the list of versions, before the next version replaces it.
func (w *script) archiveDeployed() {
	if w.Version == "" {
		return // a new script has none
	}
	old := w.version
	old.Bindings = slices.Clone(old.Bindings)
	w.Versions = append(w.Versions, &old)
	w.sortVersions()
}

// archiveIfNewest does the same for a change that the API allows only if the newest version is the deployed one.
func (w *script) archiveIfNewest() *apiError {
	if w.newest().Version != w.Version {
		return newError(http.StatusBadRequest, 10215, "The latest version of this Worker is not deployed.")
	}
	w.archiveDeployed()
	return nil
}

// promote makes a version from the list the deployed one.
func (w *script) promote(id string) {
	at := slices.IndexFunc(w.Versions, func(v *version) bool { return v.Version == id })
	if w.Version == id || at < 0 {
		return
	}
	next, old := *w.Versions[at], w.version
	w.version, w.Versions[at] = next, &old
	w.sortVersions()
}

// trim deletes the oldest versions that are not served, and the deployments that refer to them.
func (w *script) trim() {
	newest := w.newest()
	for at := len(w.Versions) - 1; at >= 0 && len(w.Versions) >= maxVersions; at-- {
		if v := w.Versions[at]; v != newest && !w.serves(v.Version) {
			w.Versions = slices.Delete(w.Versions, at, at+1)
		}
	}
	w.Deployments = slices.DeleteFunc(w.Deployments, func(d *deployment) bool { return !w.hasVersionsOf(d) })
	w.Deployments = w.Deployments[:min(maxVersions, len(w.Deployments))]
}

// serves reports whether the current deployment includes the version.
func (w *script) serves(id string) bool {
	return len(w.Deployments) > 0 && w.Deployments[0].share(id) > 0
}

// hasVersionsOf reports whether all versions of a deployment are kept.
func (w *script) hasVersionsOf(d *deployment) bool {
	return !slices.ContainsFunc(d.Versions, func(s deploymentVersion) bool {
		_, err := w.versionByID(s.VersionID)
		return err != nil
	})
}

// completeHistory fills in what is missing in a file that was written by hand, or before versions were kept.
func (w *script) completeHistory() {
	for _, v := range w.Versions {
		if v != nil {
			w.expand(v)
			v.complete()
		}
	}
	if len(w.Deployments) == 0 {
		w.Deployments = []*deployment{{
			ID: uuid(derivedID("deployment", w.Version)), CreatedOn: w.UploadedOn, Source: w.Source,
			Annotations: automaticAnnotations(triggerUpload), Versions: fullDeployment(w.Version),
		}}
	}
}

// expand sets the text of the modules of a version that refer to another version.
func (w *script) expand(v *version) {
	for _, m := range v.Modules {
		if m == nil || m.Like == "" {
			continue
		}
		if same := w.moduleOf(m.Like, m.Name); same != nil && same.Like == "" {
			*m = *same
		}
	}
}

func (w *script) moduleOf(id, name string) *module {
	for _, v := range append([]*version{&w.version}, w.Versions...) {
		if v == nil || v.Version != id {
			continue
		}
		for _, m := range v.Modules {
			if m != nil && m.Name == name {
				return m
			}
		}
	}
	return nil
}

// MarshalJSON writes each text once: a module that is equal to one in a version before it only refers to that version.
func (w *script) MarshalJSON() ([]byte, error) {
	type plain script
	out := plain(*w)
	out.Versions = nil
	seen := map[[3]string]string{}
	w.version.compact(seen)
	for _, v := range w.Versions {
		out.Versions = append(out.Versions, v.compact(seen))
	}
	return marshal(&out)
}

// compact returns the version with references in place of repeated modules. seen maps the modules before it to their
// version.
func (v *version) compact(seen map[[3]string]string) *version {
	out := *v
	out.Modules = nil
	for _, m := range v.Modules {
		key := [3]string{m.Name, m.Type, string(m.source())}
		if id := seen[key]; id != "" {
			m = &module{Name: m.Name, Like: id}
		} else {
			seen[key] = v.Version
		}
		out.Modules = append(out.Modules, m)
	}
	return &out
}

func (w *script) validate(at string) error {
	seen := map[string]bool{}
	for i, v := range append([]*version{&w.version}, w.Versions...) {
		at := at
		if i > 0 {
			at = fmt.Sprintf("%s.versions[%d]", at, i-1)
		}
		if v == nil || v.Version == "" || seen[v.Version] {
			return fmt.Errorf("%s: a version needs a unique id", at)
		}
		seen[v.Version] = true
		for _, m := range v.Modules {
			if m == nil {
				return fmt.Errorf("%s.modules: must not be null", at)
			}
			if m.Like != "" {
				return fmt.Errorf("%s.modules: version %s above has no module %q", at, m.Like, m.Name)
			}
		}
	}
	for i, d := range w.Deployments {
		if d == nil || d.ID == "" || !w.hasVersionsOf(d) || checkShares(d.Versions) != nil {
			return fmt.Errorf("%s.deployments[%d]: a deployment needs an id, and one or two versions of the script that share 100 percent", at, i)
		}
	}
	if w.Deployments[0].servedVersion() != w.Version {
		return fmt.Errorf("%s.deployments[0]: the deployed version is %s, not %s", at, w.Version, w.Deployments[0].servedVersion())
	}
	return nil
}
