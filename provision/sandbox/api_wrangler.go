package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// wranglerEndpoints returns the undocumented endpoints that Cloudflare's command line uses. Their responses have what its
// source reads (https://github.com/cloudflare/workers-sdk).
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

// getUser returns the user of the token.
func getUser(c *call) (*apiResponse, error) {
	if c.token.Account != "" || !c.token.hasPermission([]string{"User Details Read"}) {
		return nil, unreachable()
	}
	return &apiResponse{result: userView{derivedID("user", author), author}}, nil
}

type membership struct {
	ID          string      `json:"id"`
	Status      string      `json:"status"`
	Account     accountView `json:"account"`
	Roles       []string    `json:"roles"`
	Permissions struct{}    `json:"permissions"`
}

// listMemberships returns the accounts of the token's user. A token that belongs to an account has none.
func listMemberships(c *call) (*apiResponse, error) {
	if c.token.Account != "" {
		return nil, forbidden()
	}
	if !c.token.hasPermission([]string{"Memberships Read"}) {
		return nil, unreachable()
	}
	views := []membership{}
	for _, a := range shuffled(c.state.Accounts, func(a *account) string { return a.ID }) {
		if c.token.canAccess(a) {
			views = append(views, membership{ID: derivedID("membership", a.ID), Status: "accepted", Account: a.view(),
				Roles: []string{"Super Administrator - All Privileges"}})
		}
	}
	part, info, apiErr := page(c.query, views, 20, 5, 50)
	if apiErr != nil {
		return nil, apiErr
	}
	return &apiResponse{result: part, info: info}, nil
}

// listNamespaces returns an empty list: the sandbox has no KV.
func listNamespaces(c *call) (*apiResponse, error) {
	part, info, apiErr := page(c.query, []struct{}{}, 20, 1, 1000)
	if apiErr != nil {
		return nil, apiErr
	}
	return &apiResponse{result: part, info: info}, nil
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

// getService returns a script in an older form of the API, in which scripts had environments.
func getService(c *call) (*apiResponse, error) {
	w := c.account.script(c.params["script"])
	if w == nil {
		return nil, newError(http.StatusNotFound, 10090, "workers.api.error.service_not_found")
	}
	const name = "production"
	return &apiResponse{result: serviceView{
		ID: w.Name, CreatedOn: w.CreatedOn, ModifiedOn: w.ModifiedOn,
		Default:     serviceEnvironment{Environment: name, CreatedOn: w.CreatedOn, ModifiedOn: w.ModifiedOn, Script: w.view()},
		Environment: []environmentName{{Environment: name, CreatedOn: w.CreatedOn, ModifiedOn: w.ModifiedOn}},
	}}, nil
}

func deleteService(c *call) (*apiResponse, error) {
	c.written = resourcesOf("/accounts/" + c.account.ID + "/workers/scripts/" + c.params["script"])
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

// getReferences returns the Workers that have a service binding to this one and those that it has a service binding to.
func getReferences(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
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
	return &apiResponse{result: out}, nil
}

// listTailProducers returns an empty list: tail consumers are stored but not evaluated.
func listTailProducers(c *call) (*apiResponse, error) {
	if _, err := c.scriptInPath(); err != nil {
		return nil, err
	}
	return &apiResponse{result: []struct{}{}}, nil
}

type scriptRoute struct {
	Pattern  string `json:"pattern"`
	ZoneID   string `json:"zone_id"`
	ZoneName string `json:"zone_name"`
}

// putScriptRoutes replaces the routes of the script in all zones. It rejects a token that does not have access to all
// zones; wrangler then updates one zone at a time.
func putScriptRoutes(c *call) (*apiResponse, error) {
	w, err := c.scriptInPath()
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
		r, apiErr := c.ensureRoute(w, wanted)
		if apiErr != nil {
			return nil, apiErr
		}
		keep[r] = true
		views = append(views, r.view())
	}
	unwanted := func(r *route) bool { return r.Script == w.Name && !keep[r] }
	for _, z := range c.account.Zones {
		if slices.ContainsFunc(z.Routes, unwanted) {
			z = c.writesRoutes(z)
			z.Routes = slices.DeleteFunc(z.Routes, unwanted)
		}
	}
	return &apiResponse{result: views}, nil
}

// writesRoutes makes a zone mutable and marks its routes as changed by the call, whatever its path.
func (c *call) writesRoutes(z *zone) *zone {
	c.written = append(c.written, "/zones/"+z.ID+"/workers/routes")
	return c.state.mutableZone(c.account, z)
}

// ensureRoute returns the route of the script with this pattern, which it creates if necessary. A pattern that another
// Worker uses is an error.
func (c *call) ensureRoute(w *script, in scriptRoute) (*route, *apiError) {
	p, ok := parsePattern(in.Pattern)
	if !ok {
		return nil, newError(http.StatusBadRequest, 10021, fmt.Sprintf("Invalid route pattern: %q", in.Pattern))
	}
	z := c.routeZone(p, cmp.Or(in.ZoneID, in.ZoneName))
	switch {
	case z == nil:
		return nil, newError(http.StatusBadRequest, 10082, fmt.Sprintf("There is no zone for the route pattern %q.", in.Pattern))
	case !p.includes(z.Name):
		return nil, newError(http.StatusBadRequest, 10022, "Route pattern must include zone name: "+z.Name)
	}
	for _, r := range z.Routes {
		if !r.valid || r.parsed != p {
			continue
		}
		if r.Script != w.Name {
			return nil, newError(http.StatusConflict, 10020, "A route with the same pattern already exists")
		}
		return r, nil
	}
	r := (&routeInput{Pattern: in.Pattern, Script: &w.Name}).route(c.state.newID("route", z.ID, in.Pattern))
	z = c.writesRoutes(z)
	z.Routes = insertSorted(z.Routes, r, (*route).compare)
	return r, nil
}

// routeZone returns the zone with the given ID or name, or else the one that the host of the pattern belongs to.
func (c *call) routeZone(p pattern, named string) *zone {
	if named != "" {
		for _, z := range c.account.Zones {
			if z.matchesRef(named) {
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
