package cloudflare

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/workers"
)

type regionAnswer struct {
	Providers []struct {
		ID      string            `json:"id"`
		Regions []json.RawMessage `json:"regions"`
	} `json:"providers"`
}

// Regions lists where the account's Workers can be placed. The SDK has no method for it, so the call for a neighbouring path is
// sent elsewhere. That the answer looks like this is not verified: nobody has published one.
// https://developers.cloudflare.com/workers/configuration/placement/
func (c *Client) Regions(ctx context.Context, account string) ([]string, error) {
	var params workers.SubdomainGetParams
	params.AccountID.Value, params.AccountID.Present = account, true
	var found answer[regionAnswer]
	_, err := c.subdomain.Get(ctx, params, into(&found), option.WithMiddleware(toRegions))
	if err != nil {
		return nil, failure(err)
	}
	var regions []string
	for _, cloud := range found.Result.Providers {
		for _, region := range cloud.Regions {
			if name := regionName(region); name != "" {
				regions = append(regions, cloud.ID+":"+strings.TrimPrefix(name, cloud.ID+":"))
			}
		}
	}
	return regions, nil
}

func toRegions(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	r.URL.Path = strings.TrimSuffix(r.URL.Path, "/subdomain") + "/placement/regions"
	return next(r)
}

// regionName reads a region that is a text or an object with an id; "" for anything else.
func regionName(raw json.RawMessage) string {
	var name string
	var object struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(raw, &name) == nil {
		return name
	}
	_ = json.Unmarshal(raw, &object)
	return object.ID
}
