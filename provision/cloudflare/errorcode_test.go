package cloudflare_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// Where an error number has several meanings, the call, the status or the text decides. Number and text are kept.
func TestErrorMeanings(t *testing.T) {
	t.Parallel()
	step := func(kind plan.Kind) func(context.Context, *cloudflare.Client) error {
		return func(ctx context.Context, c *cloudflare.Client) error {
			_, err := c.ApplyStep(ctx, plan.Step{Action: plan.ActionCreate, Address: plan.Address{Kind: kind, Parent: "parent", Name: "name"}})
			return err
		}
	}
	zones := func(ctx context.Context, c *cloudflare.Client) error { _, err := c.Zones(ctx, ""); return err }
	records := func(ctx context.Context, c *cloudflare.Client) error {
		_, err := c.Records(ctx, plan.Zone{ID: "z"}, []string{"a.example.com"})
		return err
	}
	routes := func(ctx context.Context, c *cloudflare.Client) error {
		_, err := c.Routes(ctx, plan.Zone{ID: "z"})
		return err
	}
	script := func(ctx context.Context, c *cloudflare.Client) error {
		_, err := c.Script(ctx, "a", "relay")
		return err
	}
	rollback := func(ctx context.Context, c *cloudflare.Client) error {
		return c.DeployVersion(ctx, "a", "relay", "v-1", false)
	}
	const location, unauthorized = "Cannot use the access token from location: 203.0.113.7", "Unauthorized to access requested resource"
	const tooMany = "Listing zones across more than 500 accounts is currently not allowed, please apply the 'account.id' filter"
	for _, test := range []struct {
		call      func(context.Context, *cloudflare.Client) error
		status    int
		number    int
		message   string
		want      errcode.Code
		details   map[string]string
		temporary bool
	}{
		{zones, 403, 9109, location, errcode.TokenLocation, map[string]string{"address": "203.0.113.7"}, false},
		{records, 403, 9109, location, errcode.TokenLocation, map[string]string{"address": "203.0.113.7"}, false},
		{script, 403, 10000, "Cannot use the access token from location: 2001:db8::1.", errcode.TokenLocation, map[string]string{"address": "2001:db8::1"}, false},
		{zones, 403, 9109, "Cannot use the access token from location", errcode.TokenLocation, map[string]string{"address": "–"}, false},
		{zones, 403, 9109, unauthorized, errcode.PermissionMissing, map[string]string{"permission": cloudflare.PermissionZone}, false},
		{records, 403, 9109, unauthorized, errcode.PermissionMissing, map[string]string{"permission": cloudflare.PermissionDNS}, false},
		{routes, 403, 9109, unauthorized, errcode.PermissionMissing, map[string]string{"permission": cloudflare.PermissionRoutes}, false},
		{script, 403, 9109, unauthorized, errcode.PermissionMissing, map[string]string{"permission": cloudflare.PermissionScripts}, false},
		{zones, 403, 9109, "Invalid access token", errcode.TokenRejected, nil, false},
		{records, 403, 9109, "Invalid access token", errcode.TokenRejected, nil, false},
		{zones, 403, 9109, "something new", errcode.TokenRejected, nil, false},
		{records, 403, 9109, "something new", errcode.PermissionMissing, nil, false},
		{script, 401, 10000, "Authentication error", errcode.TokenRejected, nil, false},
		{script, 403, 10000, "Authentication error", errcode.PermissionMissing, map[string]string{"permission": cloudflare.PermissionScripts}, false},
		{zones, 403, 0, "Actor 'x' requires permission 'com.cloudflare.api.account.zone.list' to list zones", errcode.PermissionMissing, nil, false},
		{zones, 403, 0, tooMany, errcode.AccountRequired, nil, false},
		{zones, 400, 1234, tooMany, errcode.AccountRequired, nil, false},
		{zones, 400, 0, strings.Replace(tooMany, "500", "100", 1), errcode.AccountRequired, nil, false},
		{records, 400, 0, tooMany, errcode.Rejected, nil, false},
		{step(plan.KindRoute), 409, 10020, "A route with the same pattern already exists", errcode.Exists, nil, false},
		{step(plan.KindRecord), 400, 81058, "An identical record already exists.", errcode.Exists, nil, false},
		{step(plan.KindRecord), 400, 81057, "The record already exists.", errcode.Exists, nil, false},
		{step(plan.KindRecord), 400, 81062, "A DNS record managed by Workers already exists on that host.", errcode.RecordManaged, nil, false},
		{rollback, 404, 10210, "Version not found", errcode.VersionUnknown, map[string]string{"worker": "relay", "value": "v-1"}, false},
		{rollback, 400, 10210, "version not found.", errcode.VersionUnknown, map[string]string{"worker": "relay", "value": "v-1"}, false},
		{rollback, 404, 100146, "not found", errcode.VersionUnknown, map[string]string{"worker": "relay", "value": "v-1"}, false},
		{rollback, 400, 10210, "The percentages must add up to 100.", errcode.Rejected, nil, false},
		{rollback, 500, 10013, "An unknown error has occurred.", errcode.ServerError, nil, true},
		{rollback, 404, 10007, "This Worker does not exist on your account.", errcode.Gone, nil, false},
	} {
		name := strconv.Itoa(test.number) + " " + test.message
		body := failed(`{"code": ` + strconv.Itoa(test.number) + `, "message": "` + test.message + `"}`)
		err := test.call(context.Background(), newClient(t, respond(test.status, "application/json", body)))
		var e *errcode.Error
		if !errors.As(err, &e) || e.Code != test.want || e.Temporary != test.temporary {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
			continue
		}
		if e.Details["api_code"] != strconv.Itoa(test.number) || e.Details["message"] != test.message || e.Details["call"] == "" {
			t.Errorf("%s: details are %v", name, e.Details)
		}
		for detail, want := range test.details {
			if e.Details[detail] != want {
				t.Errorf("%s: %s is %q, want %q", name, detail, e.Details[detail], want)
			}
		}
	}
}

// An error about the token decides, wherever it is among the errors and their chains.
func TestTokenErrorsComeFirst(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		failed(`{"code": 7003, "message": "x"}`, `{"code": 10000, "message": "Authentication error"}`),
		failed(`{"code": 81044, "message": "x"}`, `{"code": 9109, "message": "Unauthorized to access requested resource"}`),
		failed(`{"code": 81044, "message": "x", "error_chain": [{"code": 10000, "message": "Authentication error"}]}`),
	} {
		_, err := newClient(t, respond(403, "application/json", body)).Routes(context.Background(), plan.Zone{ID: "z"})
		if errcode.Of(err) != errcode.PermissionMissing {
			t.Errorf("%s: got %v", body, err)
		}
	}
}

// A list may be null. Any other read needs a result, and the next attempt would not have one either. A write without a
// result may have taken effect.
func TestNullResults(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	c := newClient(t, respond(200, "application/json", `{"success": true, "errors": [], "messages": [], "result": null}`))
	zones, err := c.Zones(ctx, "")
	records, recordsErr := c.Records(ctx, plan.Zone{ID: "z"}, []string{"a.example.com"})
	routes, routesErr := c.Routes(ctx, plan.Zone{ID: "z"})
	domains, domainsErr := c.Domains(ctx, "a")
	versions, versionsErr := c.Versions(ctx, "a", "relay")
	if err := errors.Join(err, recordsErr, routesErr, domainsErr, versionsErr); err != nil {
		t.Error(err)
	}
	if n := len(zones) + len(records.Found) + len(routes) + len(domains) + len(versions); n > 0 {
		t.Errorf("%d objects in empty lists", n)
	}
	_, scriptErr := c.Script(ctx, "a", "relay")
	_, regionsErr := c.Regions(ctx, "a")
	for _, err := range []error{scriptErr, regionsErr} {
		if e := (*errcode.Error)(nil); !errors.As(err, &e) || e.Code != errcode.NoResult || e.Temporary {
			t.Errorf("a read without a result: %v", err)
		}
	}
	_, err = c.ApplyStep(ctx, plan.Step{Action: plan.ActionCreate, Address: plan.Address{Kind: plan.KindRoute, Parent: "z", Name: "a.example.com/*"}})
	if e := (*errcode.Error)(nil); !errors.As(err, &e) || e.Code != errcode.ServerError || !e.Temporary {
		t.Errorf("a write without a result: %v", err)
	}
}

func TestCodesAndNumbers(t *testing.T) {
	t.Parallel()
	want := []errcode.Code{errcode.TokenLocation, errcode.TokenRejected, errcode.PermissionMissing}
	if got := cloudflare.CodesOf(9109); !slices.Equal(got, want) {
		t.Errorf("9109: got %v, want %v", got, want)
	}
	for _, number := range []int{0, -1, 4242} {
		if got := cloudflare.CodesOf(number); len(got) > 0 {
			t.Errorf("%d: got %v", number, got)
		}
	}
	if got := cloudflare.NumbersOf(errcode.VersionUnknown); !slices.Equal(got, []int{10210, 100146}) {
		t.Errorf("got %v", got)
	}
	if got := cloudflare.NumbersOf(errcode.AccountRequired); len(got) > 0 {
		t.Errorf("got %v", got)
	}
}
