// Package cloudflare implements provision.API with cloudflare-go. No other package imports the SDK.
//
// Every error is an *errcode.Error, and no method retries. The SDK's own retries are disabled, because only the engine
// knows which call may be repeated. Only the SDK's service packages are imported: its root package links the clients of
// all products, which would more than double the size of the program.
package cloudflare

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/option"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// DefaultBaseURL is the address of Cloudflare's API. https://developers.cloudflare.com/api/
const DefaultBaseURL = "https://api.cloudflare.com/client/v4/"

// Options configure a Client.
type Options struct {
	// Token is an API token of a user or an account. See CheckToken.
	Token string
	// BaseURL ends in /client/v4. If it is empty, it is DefaultBaseURL.
	BaseURL string
	// UserAgent is the User-Agent header, such as "cfproxy/1.2.3".
	UserAgent string
	// Transport sends the requests. If it is nil, it is http.DefaultTransport, which uses HTTPS_PROXY.
	Transport http.RoundTripper
	// Trace is called after every call; nil for none.
	Trace func(Call)
	// RateLimit is called after every response with the number of calls that remain until the rate limit is reset, and the
	// time until then; nil for none.
	RateLimit func(remaining int, reset time.Duration)
}

// Call is one call and its outcome, as --debug prints it. It has no bodies, no headers, and no values of query
// parameters.
type Call struct {
	Method, Path string // Path ends in the names of the query parameters
	Status       int    // 0 if there was no response
	Ray          string // id of the response for Cloudflare's support
	Took         time.Duration
	Err          error
}

// Client implements provision.API.
//
// It makes the SDK's services for each call and does not keep them: a service in a field is reachable by reflection, so the linker
// would keep every method of it and of the services below it, most of a megabyte.
type Client struct {
	options []option.RequestOption
}

var _ provision.API = (*Client)(nil)

// New returns a client. It makes no call.
func New(o Options) *Client {
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	return &Client{options: []option.RequestOption{
		option.WithBaseURL(o.BaseURL),
		option.WithAPIToken(o.Token),
		option.WithHeader("User-Agent", o.UserAgent),
		option.WithMaxRetries(0),
		option.WithHTTPClient(&http.Client{Transport: o.Transport, CheckRedirect: noRedirects}),
		option.WithMiddleware(checkResponse, traceMiddleware(o.Trace), rateLimitMiddleware(o.RateLimit)),
	}}
}

// noRedirects disables redirects, so that the token is only sent to the configured address.
func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// traceMiddleware reports each call to trace, which may be nil.
func traceMiddleware(trace func(Call)) option.Middleware {
	return func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		if trace == nil {
			return next(r)
		}
		start := time.Now()
		res, err := next(r)
		call := Call{Method: r.Method, Path: redactedPath(r.URL), Took: time.Since(start), Err: err}
		if res != nil {
			call.Status, call.Ray = res.StatusCode, rayID(res)
		}
		trace(call)
		return res, err
	}
}

// redactedPath returns the path of a URL with the names of the query parameters, but not their values.
func redactedPath(u *url.URL) string {
	path := u.EscapedPath()
	if u.RawQuery != "" {
		path += "?" + strings.Join(slices.Sorted(maps.Keys(u.Query())), "&")
	}
	return path
}

// ApplyStep applies one step of a plan and returns the id of its object. Deleting an object that does not exist is not
// an error.
func (c *Client) ApplyStep(ctx context.Context, step plan.Step) (string, error) {
	apply := map[plan.Kind]func(context.Context, plan.Step) (string, error){
		plan.KindScript: c.applyScript,
		plan.KindRoute:  c.applyRoute,
		plan.KindRecord: c.applyRecord,
		plan.KindDomain: c.deleteDomain,
	}[step.Address.Kind]
	id, err := apply(ctx, step)
	if step.Upload != nil {
		for _, key := range step.Upload.Keys {
			redactError(err, key.Value.Reveal())
		}
	}
	if step.Action == plan.ActionDelete && isNotFound(err) {
		return step.ID, nil
	}
	return id, codedError(err)
}
