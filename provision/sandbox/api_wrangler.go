package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// wranglerEndpoints are what Cloudflare's own command line calls besides the documented API. Their answers hold what it
// reads, by its source (https://github.com/cloudflare/workers-sdk).
func wranglerEndpoints() []endpoint {
	read := []string{scriptsRead, scriptsWrite, tailRead}
	const workers = "/accounts/{account}/workers"
	return []endpoint{
		{"GET", "/user", nil, getUser},
		{"GET", "/memberships", nil, listMemberships},
		{"GET", "/accounts/{account}/storage/kv/namespaces", []string{"Workers KV Storage Read", "Workers KV Storage Write"}, listNamespaces},
		{"GET", workers + "/services/{script}", read, getService},
		{"DELETE", workers + "/services/{script}", []string{scriptsWrite}, deleteService},
		{"GET", workers + "/scripts/{script}/references", read, getReferences},
		{"GET", workers + "/tails/by-consumer/{script}", read, listTailProducers},
		{"PUT", workers + "/scripts/{script}/routes", []string{routesWrite}, putScriptRoutes},
	}
}

type userView struct {
	ID    string `json:"id"`
	Email string `json:"email"`
}

// getUser shows whose the token is.
func getUser(c *call) (*answer, error) {
	if c.token.Account != "" || !c.token.holds([]string{"User Details Read"}) {
		return nil, unreachable()
	}
	return &answer{result: userView{derivedID("user", author), author}}, nil
}

type membership struct {
	ID          string      `json:"id"`
	Status      string      `json:"status"`
	Account     accountView `json:"account"`
	Roles       []string    `json:"roles"`
	Permissions struct{}    `json:"permissions"`
}

// listMemberships shows the accounts of the token's user; a token of an account has none.
func listMemberships(c *call) (*answer, error) {
	if c.token.Account != "" {
		return nil, forbidden()
	}
	if !c.token.holds([]string{"Memberships Read"}) {
		return nil, unreachable()
	}
	views := []membership{}
	for _, a := range shuffled(c.state.Accounts, func(a *account) string { return a.ID }) {
		if c.token.reaches(a) {
			views = append(views, membership{ID: derivedID("membership", a.ID), Status: "accepted", Account: a.view(),
				Roles: []string{"Super Administrator - All Privileges"}})
		}
	}
	part, info, refused := page(c.query, views, 20, 5, 50)
	if refused != nil {
		return nil, refused
	}
	return &answer{result: part, info: info}, nil
}

// listNamespaces: the sandbox has no KV.
func listNamespaces(c *call) (*answer, error) {
	part, info, refused := page(c.query, []struct{}{}, 20, 1, 1000)
	if refused != nil {
		return nil, refused
	}
	return &answer{result: part, info: info}, nil
}

type serviceView struct {
	ID          string             `json:"id"`
	CreatedOn   string             `json:"created_on"`
	ModifiedOn  string             `json:"modified_on"`
	Default     serviceEnvironment `json:"default_environment"`
	Environment []environmentName  `json:"environments"`
}

type serviceEnvironment struct {
	Environment string     `json:"environment"`
	CreatedOn   string     `json:"created_on"`
	ModifiedOn  string     `json:"modified_on"`
	Script      scriptView `json:"script"`
}

type environmentName struct {
	Environment string `json:"environment"`
	CreatedOn   string `json:"created_on"`
	ModifiedOn  string `json:"modified_on"`
}

// getService is a script in an older form of the API, where each had environments.
func getService(c *call) (*answer, error) {
	w := c.account.script(c.params["script"])
	if w == nil {
		return nil, refuse(http.StatusNotFound, 10090, "workers.api.error.service_not_found")
	}
	const name = "production"
	return &answer{result: serviceView{
		ID: w.Name, CreatedOn: w.CreatedOn, ModifiedOn: w.ModifiedOn,
		Default:     serviceEnvironment{Environment: name, CreatedOn: w.CreatedOn, ModifiedOn: w.ModifiedOn, Script: w.view()},
		Environment: []environmentName{{Environment: name, CreatedOn: w.CreatedOn, ModifiedOn: w.ModifiedOn}},
	}}, nil
}

func deleteService(c *call) (*answer, error) {
	c.subjects = subjectsOf("/accounts/" + c.account.ID + "/workers/scripts/" + c.params["script"])
	return deleteScript(c)
}

type references struct {
	Services serviceReferences `json:"services"`
}

type serviceReferences struct {
	Incoming []serviceReference `json:"incoming"`
	Outgoing []serviceReference `json:"outgoing"`
}

type serviceReference struct {
	Service     string `json:"service"`
	Environment string `json:"environment"`
	Name        string `json:"name"` // of the binding
}

// getReferences shows which Workers have a service binding to this one, and to which it has one.
func getReferences(c *call) (*answer, error) {
	w, err := c.one()
	if err != nil {
		return nil, err
	}
	out := references{serviceReferences{Incoming: []serviceReference{}, Outgoing: []serviceReference{}}}
	for _, from := range c.account.Scripts {
		for _, b := range from.Bindings {
			to, _ := b.string("service")
			switch {
			case b.kind() != "service":
			case from == w:
				out.Services.Outgoing = append(out.Services.Outgoing, serviceReference{to, "production", b.name()})
			case to == w.Name:
				out.Services.Incoming = append(out.Services.Incoming, serviceReference{from.Name, "production", b.name()})
			}
		}
	}
	return &answer{result: out}, nil
}

// listTailProducers: tail consumers are stored and not looked into.
func listTailProducers(c *call) (*answer, error) {
	if _, err := c.one(); err != nil {
		return nil, err
	}
	return &answer{result: []struct{}{}}, nil
}

type scriptRoute struct {
	Pattern  string `json:"pattern"`
	ZoneID   string `json:"zone_id"`
	ZoneName string `json:"zone_name"`
}

// putScriptRoutes makes the list the script's routes in all zones; others of it go. A token that does not reach all zones
// is refused, and wrangler then goes from zone to zone.
func putScriptRoutes(c *call) (*answer, error) {
	w, err := c.one()
	if err != nil {
		return nil, err
	}
	if c.token.Zones != nil {
		return nil, forbidden()
	}
	var in []scriptRoute
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	keep := map[*route]bool{}
	views := []routeView{}
	for _, wanted := range in {
		r, refused := c.scriptRoute(w, wanted)
		if refused != nil {
			return nil, refused
		}
		keep[r] = true
		views = append(views, r.view())
	}
	gone := func(r *route) bool { return r.Script == w.Name && !keep[r] }
	for _, z := range c.account.Zones {
		if slices.ContainsFunc(z.Routes, gone) {
			z = c.writesRoutes(z)
			z.Routes = slices.DeleteFunc(z.Routes, gone)
		}
	}
	return &answer{result: views}, nil
}

// writesRoutes makes a zone the call's own, and tells that it writes to the routes of it, whatever the path of the call.
func (c *call) writesRoutes(z *zone) *zone {
	c.subjects = append(c.subjects, "/zones/"+z.ID+"/workers/routes")
	return c.state.ownZone(c.account, z)
}

// scriptRoute finds or makes one route of the script. A pattern that another Worker holds is refused.
func (c *call) scriptRoute(w *script, in scriptRoute) (*route, *apiError) {
	p, ok := parsePattern(in.Pattern)
	if !ok {
		return nil, refuse(http.StatusBadRequest, 10021, fmt.Sprintf("Invalid route pattern: %q", in.Pattern))
	}
	z := c.routeZone(p, cmp.Or(in.ZoneID, in.ZoneName))
	switch {
	case z == nil:
		return nil, refuse(http.StatusBadRequest, 10082, fmt.Sprintf("There is no zone for the route pattern %q.", in.Pattern))
	case !p.includes(z.Name):
		return nil, refuse(http.StatusBadRequest, 10022, "Route pattern must include zone name: "+z.Name)
	}
	for _, r := range z.Routes {
		if !r.valid || r.how != p {
			continue
		}
		if r.Script != w.Name {
			return nil, refuse(http.StatusConflict, 10020, "A route with the same pattern already exists")
		}
		return r, nil
	}
	r := (&routeInput{Pattern: in.Pattern, Script: &w.Name}).route(c.state.newID("route", z.ID, in.Pattern))
	z = c.writesRoutes(z)
	z.Routes = insert(z.Routes, r, (*route).compare)
	return r, nil
}

// routeZone is the zone that is named, by id or name, or else the one that the pattern's host lies in.
func (c *call) routeZone(p pattern, named string) *zone {
	if named != "" {
		for _, z := range c.account.Zones {
			if z.is(named) {
				return z
			}
		}
		return nil
	}
	a, z := c.state.zoneOf(strings.TrimPrefix(strings.TrimPrefix(p.host, "*"), "."))
	if a != c.account {
		return nil
	}
	return z
}
