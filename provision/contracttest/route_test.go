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

// seen tells that the script of a route is known: right after its upload it may not be, for a moment.
func seen(r *answer) bool { return !r.says(10019) }

// route makes a route of a host of its own.
func (a *api) route(host, script string) route {
	a.t.Helper()
	var made route
	wanted := route{Pattern: host + "/*", Script: script}
	a.eventually(func() *answer { return a.post(routes, wanted) }, seen).ok(&made)
	return made
}

func (a *api) host() string { return a.unique() + "." + a.zoneName }

func (a *api) routesOf(id string) []route {
	a.t.Helper()
	var all []route
	a.do("GET", routes, nil).ok(&all)
	return slices.DeleteFunc(all, func(r route) bool { return r.ID != id })
}

func routeLife(a *api) {
	name, _ := a.script(metadata{})
	host := a.host()
	made := a.route(host, name)
	if made.ID == "" || made.Pattern != host+"/*" || made.Script != name {
		a.t.Errorf("made %+v", made)
	}
	if found := a.routesOf(made.ID); len(found) != 1 || found[0].Pattern != host+"/*" || found[0].Script != name {
		a.t.Errorf("listed as %+v", found)
	}
	open := true
	a.do("PUT", routes+"/"+made.ID, route{Pattern: host + "/*", Script: name, FailOpen: &open}).ok(nil)
	found := a.routesOf(made.ID)
	a.unverified(len(found) == 1 && found[0].FailOpen != nil && *found[0].FailOpen, "failing open is listed as %+v", found)
	var gone route
	a.do("DELETE", routes+"/"+made.ID, nil).ok(&gone)
	if gone.ID != made.ID {
		a.t.Errorf("deleted %q, and asked for %s", gone.ID, made.ID)
	}
	a.do("DELETE", routes+"/"+made.ID, nil).refused(unsettled, 10009)
	a.do("GET", routes+"/"+made.ID, nil).refused(unsettled, 10007)
	a.do("PUT", routes+"/"+made.ID, route{Pattern: host + "/*", Script: name}).refused(unsettled, 10009)
}

func routeRefusals(a *api) {
	name, _ := a.script(metadata{})
	host := a.host()
	made := a.route(host, name)
	a.post(routes, route{Pattern: host + "/*", Script: name}).refused(409, 10020)
	r := a.post(routes, route{Pattern: strings.ToUpper(host) + "/*", Script: name})
	a.unverified(r.says(10020), "%s in upper case: %d %s", r.what, r.status, r.raw)
	a.post(routes, route{Pattern: a.host() + "/*", Script: a.unique()}).refused(unsettled, 10019)
	a.post(routes, route{Pattern: "cfproxy-contract.example/*", Script: name}).refused(400, 10022)
	if found := a.routesOf(made.ID); len(found) != 1 || found[0].Script != name {
		a.t.Errorf("after the refusals the route is %+v", found)
	}
}
