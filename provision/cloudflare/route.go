package cloudflare

import (
	"context"
	"strconv"
	"strings"

	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/workers"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
)

type routeAnswer struct {
	ID      string `json:"id"`
	Pattern string `json:"pattern"`
	Script  string `json:"script"` // null for a route that switches Workers off
	// FailOpen lets requests past the Worker to the origin once the day's free requests are used up. It is on every route
	// and can be set by PUT, though the API's schema and the SDK do not know it; absent, it counts as off.
	FailOpen bool `json:"request_limit_fail_open"`
}

// Routes lists the Worker routes of a zone; the API gives all of them at once.
// https://developers.cloudflare.com/api/resources/workers/subresources/routes/methods/list/
func (c *Client) Routes(ctx context.Context, zone plan.Zone) ([]plan.Object, error) {
	var params workers.RouteListParams
	params.ZoneID.Value, params.ZoneID.Present = zone.ID, true
	var list answer[[]routeAnswer]
	if _, err := c.routes.List(ctx, params, into(&list)); err != nil {
		return nil, failure(err)
	}
	var found []plan.Object
	for _, route := range list.Result {
		found = append(found, plan.Object{
			Address: plan.Address{Kind: plan.KindRoute, Parent: zone.ID, Name: normalPattern(route.Pattern)},
			ID:      route.ID,
			Attrs: binding.Attrs{
				binding.AttrScript:   route.Script,
				binding.AttrFailOpen: strconv.FormatBool(route.FailOpen),
			},
		})
	}
	return found, nil
}

// normalPattern lowers scheme and host, which match in any case, and leaves the path, which does not.
func normalPattern(pattern string) string {
	start := strings.Index(pattern, "://") + 1
	if start > 0 {
		start += 2
	}
	end := strings.Index(pattern[start:], "/")
	if end < 0 {
		return strings.ToLower(pattern)
	}
	return strings.ToLower(pattern[:start+end]) + pattern[start+end:]
}

func (c *Client) doRoute(ctx context.Context, step plan.Step) (string, error) {
	zone := step.Address.Parent
	var made answer[created]
	switch step.Action {
	case plan.ActionDelete:
		var params workers.RouteDeleteParams
		params.ZoneID.Value, params.ZoneID.Present = zone, true
		_, err := c.routes.Delete(ctx, step.ID, params, into(&made))
		return step.ID, err
	case plan.ActionUpdate:
		var params workers.RouteUpdateParams
		params.ZoneID.Value, params.ZoneID.Present = zone, true
		params.Pattern.Value, params.Pattern.Present = step.Address.Name, true
		params.Script.Value, params.Script.Present = step.After[binding.AttrScript], true
		_, err := c.routes.Update(ctx, step.ID, params, into(&made), option.WithJSONSet("request_limit_fail_open", false))
		return step.ID, err
	}
	var params workers.RouteNewParams
	params.ZoneID.Value, params.ZoneID.Present = zone, true
	params.Pattern.Value, params.Pattern.Present = step.Address.Name, true
	params.Script.Value, params.Script.Present = step.After[binding.AttrScript], true
	_, err := c.routes.New(ctx, params, into(&made))
	return made.Result.ID, err
}
