package contracttest

import (
	"slices"
	"strings"
)

type route struct {
	ID       string `json:"id,omitempty"`
	Pattern  string `json:"pattern"`
	Script   string `json:"script,omitempty"`
	FailOpen *bool  `json:"request_limit_fail_open,omitempty"`
}

const routes = "/zones/$Z/workers/routes"

// scriptVisible reports whether the script of a route is known, which right after an upload may take a moment.
func scriptVisible(r *response) bool { return !r.hasCode(10019) }

// route creates a route for a host and a script.
func (a *api) route(host, script string) route {
	a.t.Helper()
	var created route
	wanted := route{Pattern: host + "/*", Script: script}
	a.eventually(func() *response { return a.create(routes, wanted) }, scriptVisible).wantOK(&created)
	return created
}

func (a *api) host() string { return a.unique() + "." + a.zoneName }

func (a *api) routesOf(id string) []route {
	a.t.Helper()
	var all []route
	a.do("GET", routes, nil).wantOK(&all)
	return slices.DeleteFunc(all, func(r route) bool { return r.ID != id })
}

func routeLifecycle(a *api) {
	name, _ := a.script(metadata{})
	host := a.host()
	created := a.route(host, name)
	if created.ID == "" || created.Pattern != host+"/*" || created.Script != name {
		a.t.Errorf("created %+v", created)
	}
	if found := a.routesOf(created.ID); len(found) != 1 || found[0].Pattern != host+"/*" || found[0].Script != name {
		a.t.Errorf("listed as %+v", found)
	}
	open := true
	a.do("PUT", routes+"/"+created.ID, route{Pattern: host + "/*", Script: name, FailOpen: &open}).wantOK(nil)
	found := a.routesOf(created.ID)
	a.unverified(len(found) == 1 && found[0].FailOpen != nil && *found[0].FailOpen, "failing open is listed as %+v", found)
	var deleted route
	a.do("DELETE", routes+"/"+created.ID, nil).wantOK(&deleted)
	if deleted.ID != created.ID {
		a.t.Errorf("deleted %q, want %s", deleted.ID, created.ID)
	}
	a.do("DELETE", routes+"/"+created.ID, nil).wantError(anyStatus, 10009)
	a.do("GET", routes+"/"+created.ID, nil).wantError(anyStatus, 10007)
	a.do("PUT", routes+"/"+created.ID, route{Pattern: host + "/*", Script: name}).wantError(anyStatus, 10009)
}

func routeErrors(a *api) {
	name, _ := a.script(metadata{})
	host := a.host()
	created := a.route(host, name)
	a.create(routes, route{Pattern: host + "/*", Script: name}).wantError(409, 10020)
	r := a.create(routes, route{Pattern: strings.ToUpper(host) + "/*", Script: name})
	a.unverified(r.hasCode(10020), "%s in upper case: %d %s", r.what, r.status, r.raw)
	a.create(routes, route{Pattern: a.host() + "/*", Script: a.unique()}).wantError(anyStatus, 10019)
	a.create(routes, route{Pattern: "cfproxy-contract.example/*", Script: name}).wantError(400, 10022)
	if found := a.routesOf(created.ID); len(found) != 1 || found[0].Script != name {
		a.t.Errorf("after the failed calls the route is %+v", found)
	}
}
