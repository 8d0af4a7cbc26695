package contracttest

import "net/http"

type domain struct {
	ID       string `json:"id,omitempty"`
	Hostname string `json:"hostname"`
	Service  string `json:"service"`
}

// Custom domains belong to other people: we find them by host and may delete one. Creating one issues a certificate that
// cannot be deleted, so in a live account the test only reads.
func domains(a *api) {
	const all = "/accounts/$A/workers/domains"
	host := a.host()
	listed := func() []domain {
		var found []domain
		a.do("GET", all+"?hostname="+host, nil).wantOK(&found)
		return found
	}
	if found := listed(); len(found) != 0 {
		a.t.Errorf("unexpected domain %+v", found)
	}
	a.do("DELETE", all+"/00000000000000000000000000000000", nil).wantError(anyStatus, 100114)
	if a.live {
		return
	}
	name, _ := a.script(metadata{})
	var created domain
	a.do("PUT", all, domain{Hostname: host, Service: name}).wantOK(&created)
	if found := listed(); len(found) != 1 || found[0] != created {
		a.t.Errorf("listed as %+v", found)
	}
	if r := a.do("DELETE", all+"/"+created.ID, nil); r.status != http.StatusOK {
		a.t.Errorf("%s: %d %s", r.what, r.status, r.raw)
	}
	if found := listed(); len(found) != 0 {
		a.t.Errorf("listed after its deletion: %+v", found)
	}
}
