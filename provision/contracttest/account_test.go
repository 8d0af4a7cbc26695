package contracttest

import "strings"

type zone struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Status      string   `json:"status"`
	NameServers []string `json:"name_servers"`
	Account     struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"account"`
}

// A token of an account is unknown to the endpoint that verifies tokens of users, and vice versa.
func tokens(a *api) {
	path, other := "/user/tokens/verify", "/accounts/$A/tokens/verify"
	if strings.HasPrefix(a.token, "cfat_") {
		path, other = other, path
	}
	var verified struct{ ID, Status string }
	r := a.do("GET", path, nil).wantOK(&verified)
	if verified.Status != "active" || verified.ID == "" {
		a.t.Errorf("%s: %s", r.what, r.raw)
	}
	a.unverified(len(r.Messages) == 1 && r.Messages[0].Code == 10000, "%s: messages of %s", r.what, r.raw)
	if r := a.do("GET", other, nil); r.Success {
		a.unverified(false, "%s: a token of the other kind is accepted: %s", r.what, r.raw)
	}

	// Each family of calls has its own error for an unknown token.
	unknown := *a
	unknown.token = strings.Repeat("0", 40)
	unknown.do("GET", "/user/tokens/verify", nil).wantError(anyStatus, 1000, 6003)
	unknown.do("GET", "/zones", nil).wantError(403, 9109)
	unknown.do("GET", "/accounts/$A/workers/scripts", nil).wantError(401, 10000)
}

func zones(a *api) {
	var found []zone
	r := a.do("GET", "/zones?per_page=50&page=1&account.id=$A&name="+a.zoneName, nil).wantOK(&found)
	if len(found) != 1 || found[0].Name != a.zoneName || found[0].Account.ID != a.account || found[0].Status == "" {
		a.t.Fatalf("%s: %s", r.what, r.raw)
	}
	if r.Info.Page != 1 || r.Info.PerPage != 50 || r.Info.Count != 1 || r.Info.TotalCount != 1 || r.Info.TotalPages != 1 {
		a.t.Errorf("%s: result_info is %+v", r.what, r.Info)
	}
	// A name without a zone is not an error.
	a.do("GET", "/zones?name="+strings.Repeat("nobody", 3)+".example", nil).wantOK(&found)
	if len(found) != 0 {
		a.t.Errorf("found %v for an unknown name", found)
	}
	r = a.do("GET", "/zones?per_page=5&page=1", nil).wantOK(&found)
	if len(found) != r.Info.Count || r.Info.TotalPages < 1 || r.Info.TotalPages != (r.Info.TotalCount+4)/5 {
		a.t.Errorf("%s: %s", r.what, r.raw)
	}
}
