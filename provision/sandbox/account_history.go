package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
)

// kept is how many versions of a script, and how many deployments, the file holds: as many as the API lists as deployable.
const kept = 10

// all gives the versions of a script, newest first.
func (w *script) all() []*version {
	all := append([]*version{&w.version}, w.Versions...)
	slices.SortStableFunc(all, newer)
	return all
}

func newer(x, y *version) int { return cmp.Compare(y.Number, x.Number) }

func (w *script) sortVersions() { order(w.Versions, newer) }

// newest is the version that was made last, deployed or not.
func (w *script) newest() *version { return w.all()[0] }

// knows tells whether the id is of a version or deployment of the script.
func (w *script) knows(id string) bool {
	return w.Version == id || w.deployment(id) != nil ||
		slices.ContainsFunc(w.Versions, func(v *version) bool { return v.Version == id })
}

// shelve sets a copy of the deployed version aside, before the next one is made out of it.
func (w *script) shelve() {
	if w.Version == "" {
		return // a script that is being made has none
	}
	old := w.version
	old.Bindings = slices.Clone(old.Bindings)
	w.Versions = append(w.Versions, &old)
	w.sortVersions()
}

// shelveNewest does so for a change that the API makes only where the newest version is the deployed one.
func (w *script) shelveNewest() *apiError {
	if w.newest().Version != w.Version {
		return refuse(http.StatusBadRequest, 10215, "The latest version of this Worker is not deployed.")
	}
	w.shelve()
	return nil
}

// promote makes a kept version the deployed one.
func (w *script) promote(id string) {
	at := slices.IndexFunc(w.Versions, func(v *version) bool { return v.Version == id })
	if w.Version == id || at < 0 {
		return
	}
	next, old := *w.Versions[at], w.version
	w.version, w.Versions[at] = next, &old
	w.sortVersions()
}

// trim drops the oldest versions, but none that is served, and the deployments of what is dropped.
func (w *script) trim() {
	newest := w.newest()
	for at := len(w.Versions) - 1; at >= 0 && len(w.Versions) >= kept; at-- {
		if v := w.Versions[at]; v != newest && !w.serves(v.Version) {
			w.Versions = slices.Delete(w.Versions, at, at+1)
		}
	}
	w.Deployments = slices.DeleteFunc(w.Deployments, func(d *deployment) bool { return !w.holds(d) })
	w.Deployments = w.Deployments[:min(kept, len(w.Deployments))]
}

// serves tells whether the current deployment has a share for the version.
func (w *script) serves(id string) bool {
	return len(w.Deployments) > 0 && w.Deployments[0].share(id) > 0
}

// holds tells whether all versions of a deployment are kept.
func (w *script) holds(d *deployment) bool {
	return !slices.ContainsFunc(d.Versions, func(s deploymentVersion) bool {
		_, err := w.find(s.VersionID)
		return err != nil
	})
}

// completeHistory fills in what a file by hand, or of a time when only the deployed version was kept, leaves out.
func (w *script) completeHistory() {
	for _, v := range w.Versions {
		if v != nil {
			w.unfold(v)
			v.complete()
		}
	}
	if len(w.Deployments) == 0 {
		w.Deployments = []*deployment{{
			ID: uuid(derivedID("deployment", w.Version)), CreatedOn: w.UploadedOn, Source: w.Source,
			Annotations: automatic(triggerUpload), Versions: wholly(w.Version),
		}}
	}
}

// unfold gives the modules of a version that stand in another one their text again.
func (w *script) unfold(v *version) {
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

// MarshalJSON writes each text once: a module that is the same in a version above only names that version.
func (w *script) MarshalJSON() ([]byte, error) {
	type plain script
	out := plain(*w)
	out.Versions = nil
	seen := map[[3]string]string{}
	w.version.fold(seen)
	for _, v := range w.Versions {
		out.Versions = append(out.Versions, v.fold(seen))
	}
	return encodePlain(&out)
}

// fold gives the version as it stands in the file. seen are the modules above it, and the version of each.
func (v *version) fold(seen map[[3]string]string) *version {
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
			return fmt.Errorf("%s: a version needs an id of its own", at)
		}
		seen[v.Version] = true
		for _, m := range v.Modules {
			if m == nil {
				return fmt.Errorf("%s.modules: null is no module", at)
			}
			if m.Like != "" {
				return fmt.Errorf("%s.modules: version %s above has no module %q", at, m.Like, m.Name)
			}
		}
	}
	for i, d := range w.Deployments {
		if d == nil || d.ID == "" || !w.holds(d) || checkShares(d.Versions) != nil {
			return fmt.Errorf("%s.deployments[%d]: a deployment needs an id, and one or two versions of the script that share 100 percent", at, i)
		}
	}
	if w.Deployments[0].main() != w.Version {
		return fmt.Errorf("%s.deployments[0]: the deployed version is %s, not %s", at, w.Version, w.Deployments[0].main())
	}
	return nil
}
