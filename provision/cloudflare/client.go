// Package cloudflare makes the calls that the engine needs, through cloudflare-go, and is its only importer.
//
// Only the SDK's service packages are used: its root package links every product's client, which more than doubles the
// program. Its retries are off, since the engine knows better which call may be repeated.
package cloudflare

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/dns"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/workers"
	"github.com/cloudflare/cloudflare-go/v7/zones"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// DefaultBaseURL is where Cloudflare's API is. https://developers.cloudflare.com/api/
const DefaultBaseURL = "https://api.cloudflare.com/client/v4/"

// Options say how to reach the API.
type Options struct {
	// Token is an API token, of a user or of an account; CheckToken tells whether it can be one.
	Token string
	// BaseURL ends in /client/v4; empty: DefaultBaseURL.
	BaseURL string
	// UserAgent names the program, such as "cfproxy/1.2.3".
	UserAgent string
	// Transport carries the requests; nil: http.DefaultTransport, which honours HTTPS_PROXY.
	Transport http.RoundTripper
	// Trace is told of every call, without bodies and without the token; nil for none.
	Trace func(Call)
	// Quota is told with every answer how many calls the API will still take, and how long until it counts anew; nil for none.
	Quota func(left int, reset time.Duration)
}

// Call is one request and its outcome, as --debug prints it: neither body nor header. Path has the names of a query's parameters,
// without their values.
type Call struct {
	Method, Path string
	Status       int // 0 where no answer came
	Ray          string
	Took         time.Duration
	Err          error
}

// Client implements provision.Provider.
type Client struct {
	zones     *zones.ZoneService
	records   *dns.RecordService
	scripts   *workers.ScriptService
	settings  *workers.ScriptScriptAndVersionSettingService
	content   *workers.ScriptContentService
	routes    *workers.RouteService
	subdomain *workers.SubdomainService
	domains   *workers.DomainService
	versions  *workers.ScriptVersionService
	deploys   *workers.ScriptDeploymentService
}

var _ provision.API = (*Client)(nil)

// New gives a client. It makes no call.
func New(o Options) *Client {
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	options := []option.RequestOption{
		option.WithBaseURL(o.BaseURL),
		option.WithAPIToken(o.Token),
		option.WithHeader("User-Agent", o.UserAgent),
		option.WithMaxRetries(0),
		option.WithHTTPClient(&http.Client{Transport: o.Transport, CheckRedirect: neverFollow}),
		option.WithMiddleware(judging, tracing(o.Trace), counting(o.Quota)),
	}
	return &Client{
		zones:     zones.NewZoneService(options...),
		records:   dns.NewRecordService(options...),
		scripts:   workers.NewScriptService(options...),
		settings:  workers.NewScriptScriptAndVersionSettingService(options...),
		content:   workers.NewScriptContentService(options...),
		routes:    workers.NewRouteService(options...),
		subdomain: workers.NewSubdomainService(options...),
		domains:   workers.NewDomainService(options...),
		versions:  workers.NewScriptVersionService(options...),
		deploys:   workers.NewScriptDeploymentService(options...),
	}
}

// neverFollow keeps the token at the address that the user named.
func neverFollow(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func tracing(trace func(Call)) option.Middleware {
	return func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		if trace == nil {
			return next(r)
		}
		start := time.Now()
		res, err := next(r)
		call := Call{Method: r.Method, Path: pathOf(r.URL), Took: time.Since(start), Err: err}
		if res != nil {
			call.Status, call.Ray = res.StatusCode, rayOf(res)
		}
		trace(call)
		return res, err
	}
}

// pathOf is what may be printed of an address: its path, and which parameters it has.
func pathOf(u *url.URL) string {
	path := u.EscapedPath()
	if u.RawQuery != "" {
		path += "?" + strings.Join(slices.Sorted(maps.Keys(u.Query())), "&")
	}
	return path
}

// ApplyStep carries out one step of a plan.
func (c *Client) ApplyStep(ctx context.Context, step plan.Step) (string, error) {
	do := map[plan.Kind]func(context.Context, plan.Step) (string, error){
		plan.KindScript: c.doScript,
		plan.KindRoute:  c.doRoute,
		plan.KindRecord: c.doRecord,
		plan.KindDomain: c.doDomain,
	}[step.Address.Kind]
	id, err := do(ctx, step)
	if step.Script != nil {
		for _, key := range step.Script.Keys {
			conceal(err, key.Value.Reveal())
		}
	}
	if step.Action == plan.ActionDelete && isGone(err) {
		return step.ID, nil
	}
	return id, failure(err)
}
