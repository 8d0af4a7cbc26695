package cloudflare

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/workers"
)

// apiRegions is the result of an endpoint whose path is documented, but not its response. A region may be a string or
// an object.
type apiRegions struct {
	Providers []struct {
		ID      string            `json:"id"`
		Regions []json.RawMessage `json:"regions"`
	} `json:"providers"`
}

// Regions returns the regions in which the account's Workers can run, such as "aws:us-east-1". The SDK has no method
// for this endpoint, so a call to another one is rewritten. The format of the response is not documented; see
// apiRegions for what we accept.
// https://developers.cloudflare.com/workers/configuration/placement/
func (c *Client) Regions(ctx context.Context, account string) ([]string, error) {
	var params workers.SubdomainGetParams
	params.AccountID.Value, params.AccountID.Present = account, true
	var found response[apiRegions]
	_, err := workers.NewSubdomainService(c.options...).Get(ctx, params, decodeInto(&found), option.WithMiddleware(rewriteToRegions))
	if err != nil {
		return nil, codedError(err)
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

// rewriteToRegions is a middleware that changes the path of a request for the subdomain.
func rewriteToRegions(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	r.URL.Path = strings.TrimSuffix(r.URL.Path, "/subdomain") + "/placement/regions"
	return next(r)
}

// regionName returns the name of a region that is a string or an object with an id, or "" for anything else.
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
