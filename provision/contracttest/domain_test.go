package contracttest

import "net/http"

type domain struct {
	ID       string `json:"id,omitempty"`
	Hostname string `json:"hostname"`
	Service  string `json:"service"`
}

// Custom domains are somebody else's: we find them by their host, and may remove one. To make one leaves a certificate behind
// for good, so that a live account is only read.
func domains(a *api) {
	const all = "/accounts/$A/workers/domains"
	host := a.host()
	listed := func() []domain {
		var found []domain
		a.do("GET", all+"?hostname="+host, nil).ok(&found)
		return found
	}
	if found := listed(); len(found) != 0 {
		a.t.Errorf("nobody made %+v", found)
	}
	a.do("DELETE", all+"/00000000000000000000000000000000", nil).refused(unsettled, 100114)
	if a.live {
		return
	}
	name, _ := a.script(metadata{})
	var made domain
	a.do("PUT", all, domain{Hostname: host, Service: name}).ok(&made)
	if found := listed(); len(found) != 1 || found[0] != made {
		a.t.Errorf("listed as %+v", found)
	}
	if r := a.do("DELETE", all+"/"+made.ID, nil); r.status != http.StatusOK {
		a.t.Errorf("%s: %d %s", r.what, r.status, r.raw)
	}
	if found := listed(); len(found) != 0 {
		a.t.Errorf("removed, and listed as %+v", found)
	}
}
