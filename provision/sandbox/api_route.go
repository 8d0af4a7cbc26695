package sandbox

import (
	"fmt"
	"net/http"
	"slices"
)

// routeQuota is the number of routes in a zone, https://developers.cloudflare.com/workers/platform/limits/#routes.
const routeQuota = 1000

type routeView struct {
	ID       string  `json:"id"`
	Pattern  string  `json:"pattern"`
	Script   *string `json:"script,omitempty"`
	FailOpen bool    `json:"request_limit_fail_open"`
}

func (r *route) view() routeView {
	v := routeView{ID: r.ID, Pattern: r.Pattern, FailOpen: r.FailOpen}
	if r.Script != "" {
		v.Script = &r.Script
	}
	return v
}

type routeInput struct {
	Pattern  string  `json:"pattern"`
	Script   *string `json:"script"`
	FailOpen *bool   `json:"request_limit_fail_open"`
}

func listRoutes(c *call) (*apiResponse, error) {
	views := []routeView{}
	for _, r := range shuffled(c.zone.Routes, func(r *route) string { return r.ID }) {
		views = append(views, r.view())
	}
	return &apiResponse{result: views}, nil
}

func getRoute(c *call) (*apiResponse, error) {
	r := c.zone.route(c.params["route"])
	if r == nil {
		return nil, newError(http.StatusNotFound, 10007, "The requested route does not exist.")
	}
	return &apiResponse{result: r.view()}, nil
}

func postRoute(c *call) (*apiResponse, error) {
	in, err := c.routeInput("")
	if err != nil {
		return nil, err
	}
	if len(c.zone.Routes) >= routeQuota {
		// The limit is documented, the code is not.
		return nil, newError(http.StatusBadRequest, 10025, fmt.Sprintf("The zone has reached its limit of %d routes.", routeQuota))
	}
	r := in.route(c.state.newID("route", c.zone.ID, in.Pattern))
	c.zone.Routes = insertSorted(c.zone.Routes, r, (*route).compare)
	return &apiResponse{result: r.view()}, nil
}

func putRoute(c *call) (*apiResponse, error) {
	r := c.zone.route(c.params["route"])
	if r == nil {
		return nil, routeNotFound()
	}
	in, err := c.routeInput(r.ID)
	if err != nil {
		return nil, err
	}
	next := in.route(r.ID)
	replaceItem(c.zone.Routes, r, next)
	return &apiResponse{result: next.view()}, nil
}

func deleteRoute(c *call) (*apiResponse, error) {
	id := c.params["route"]
	if c.zone.route(id) == nil {
		return nil, routeNotFound()
	}
	c.zone.Routes = slices.DeleteFunc(c.zone.Routes, func(r *route) bool { return r.ID == id })
	return &apiResponse{result: map[string]string{"id": id}}, nil
}

func routeNotFound() *apiError {
	return newError(http.StatusNotFound, 10009, "The requested route does not exist.")
}

func (z *zone) route(id string) *route {
	for _, r := range z.Routes {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func (in *routeInput) route(id string) *route {
	r := &route{ID: id, Pattern: in.Pattern}
	setIfPresent(&r.Script, in.Script)
	setIfPresent(&r.FailOpen, in.FailOpen)
	r.parse()
	return r
}

// routeInput decodes and checks a route. self is the ID of the route that is replaced.
func (c *call) routeInput(self string) (*routeInput, error) {
	in := new(routeInput)
	if err := c.decode(in); err != nil {
		return nil, err
	}
	p, ok := parsePattern(in.Pattern)
	if !ok {
		return nil, newError(http.StatusBadRequest, 10021, fmt.Sprintf("Invalid route pattern: %q", in.Pattern))
	}
	if !p.includes(c.zone.Name) {
		return nil, newError(http.StatusBadRequest, 10022, "Route pattern must include zone name: "+c.zone.Name)
	}
	for _, r := range c.zone.Routes {
		if r.ID != self && r.valid && r.parsed == p {
			return nil, newError(http.StatusConflict, 10020, "A route with the same pattern already exists")
		}
	}
	if in.Script != nil && *in.Script != "" && !c.visible(*in.Script) {
		return nil, newError(http.StatusBadRequest, 10019,
			"Cannot configure a route for a Worker which does not exist. Please ensure this Worker exists and try again.")
	}
	return in, nil
}

// visible reports whether routes can refer to a script. A new script is not visible at first, and each call counts down.
func (c *call) visible(name string) bool {
	w := c.account.script(name)
	if w == nil {
		return false
	}
	if w.Unseen > 0 {
		c.state.mutableScript(c.account, w).Unseen--
		c.commitAnyway = true
		return false
	}
	return true
}
