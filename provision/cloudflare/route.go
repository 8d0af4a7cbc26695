package cloudflare

import (
	"context"
	"strconv"
	"strings"

	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/workers"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/hostname"
	"github.com/cfproxy/cfproxy/provision/plan"
)

type apiRoute struct {
	ID      string `json:"id"`
	Pattern string `json:"pattern"`
	Script  string `json:"script"` // null for a route that disables Workers
	// FailOpen sends requests to the origin instead of the Worker once the daily limit of the free plan is reached. The
	// API returns it for every route and accepts it in PUT requests, although it is not in the schema and not in the
	// SDK.
	FailOpen bool `json:"request_limit_fail_open"`
}

// Routes returns the Worker routes of a zone, with normalized patterns. The API returns all of them in one
// page.
// https://developers.cloudflare.com/api/resources/workers/subresources/routes/methods/list/
func (c *Client) Routes(ctx context.Context, zone plan.Zone) ([]plan.Object, error) {
	var params workers.RouteListParams
	params.ZoneID.Value, params.ZoneID.Present = zone.ID, true
	var list response[[]apiRoute]
	if _, err := workers.NewRouteService(c.options...).List(ctx, params, decodeInto(&list)); err != nil {
		return nil, codedError(err)
	}
	var found []plan.Object
	for _, route := range list.Result {
		found = append(found, plan.Object{
			Address: plan.Address{Kind: plan.KindRoute, Parent: zone.ID, Name: normalizePattern(route.Pattern)},
			ID:      route.ID,
			Attrs: binding.Attrs{
				binding.AttrScript:   route.Script,
				binding.AttrFailOpen: strconv.FormatBool(route.FailOpen),
			},
		})
	}
	return found, nil
}

// normalizePattern returns a route pattern with the scheme in lower case and the host as hostname.ToASCII returns it. The
// host may start with an asterisk, and may end with one if there is no path. The case of the path is significant.
func normalizePattern(pattern string) string {
	scheme, rest, found := strings.Cut(pattern, "://")
	if found {
		scheme = strings.ToLower(scheme) + "://"
	} else {
		scheme, rest = "", pattern
	}
	host, path, found := strings.Cut(rest, "/")
	if found {
		path = "/" + path
	} else if head, hasStar := strings.CutSuffix(host, "*"); hasStar {
		host, path = head, "*"
	}
	star := ""
	if tail, hasStar := strings.CutPrefix(host, "*"); hasStar {
		star, host = "*", tail
	}
	return scheme + star + hostname.ToASCII(host) + path
}

// applyRoute applies a step on a route.
func (c *Client) applyRoute(ctx context.Context, step plan.Step) (string, error) {
	zone := step.Address.Parent
	var res response[createdID]
	switch step.Action {
	case plan.ActionDelete:
		var params workers.RouteDeleteParams
		params.ZoneID.Value, params.ZoneID.Present = zone, true
		_, err := workers.NewRouteService(c.options...).Delete(ctx, step.ID, params, decodeInto(&res))
		return step.ID, err
	case plan.ActionUpdate:
		var params workers.RouteUpdateParams
		params.ZoneID.Value, params.ZoneID.Present = zone, true
		params.Pattern.Value, params.Pattern.Present = step.Address.Name, true
		params.Script.Value, params.Script.Present = step.After[binding.AttrScript], true
		_, err := workers.NewRouteService(c.options...).Update(ctx, step.ID, params, decodeInto(&res), option.WithJSONSet("request_limit_fail_open", false))
		return step.ID, err
	}
	var params workers.RouteNewParams
	params.ZoneID.Value, params.ZoneID.Present = zone, true
	params.Pattern.Value, params.Pattern.Present = step.Address.Name, true
	params.Script.Value, params.Script.Present = step.After[binding.AttrScript], true
	_, err := workers.NewRouteService(c.options...).New(ctx, params, decodeInto(&res))
	return res.Result.ID, err
}
