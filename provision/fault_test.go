package provision_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

func faulty(faults string) string {
	return `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}], "faults": [` + faults + `]}`
}

// A deploy succeeds, without duplicates, if one of its calls fails once.
func TestTemporaryFaultsAreRetried(t *testing.T) {
	t.Parallel()
	calls := map[string]string{
		"zones": `"method": "GET", "path": "/zones"`, "settings": `"method": "GET", "path": "/accounts/*/workers/scripts/*/settings"`,
		"routes": `"method": "GET", "path": "/zones/*/workers/routes"`, "records": `"method": "GET", "path": "/zones/*/dns_records"`,
		"script": `"method": "PUT", "path": "/accounts/**"`, "route": `"method": "POST", "path": "/zones/*/workers/routes"`,
		"record": `"method": "POST", "path": "/zones/*/dns_records"`,
	}
	faults := map[string]string{
		"500":            `"status": 500`,
		"502 HTML":       `"status": 502, "content_type": "text/html", "body": "<html>Bad gateway</html>"`,
		"429":            `"retry_after": "1"`,
		"dropped before": `"drop": true`,
		"dropped after":  `"drop": true, "after": true`,
		"500 after":      `"status": 500, "after": true`,
		"dropped twice":  `"drop": true, "times": 2`,
	}
	for call, where := range calls {
		for fault, what := range faults {
			t.Run(call+" "+fault, func(t *testing.T) {
				t.Parallel()
				f := newFixture(t, faulty("{"+where+", "+what+"}"))
				f.mustDeploy(f.config())
				if len(f.waits) == 0 {
					t.Error("the fault did not strike")
				}
				if plan, err := f.plan(f.config()); err != nil || len(plan.Changes()) > 0 {
					t.Errorf("afterwards: %v, %v", plan.Changes(), err)
				}
				for _, once := range []string{`"pattern": "gptapi.example.com/*"`, `"content": "2.2.2.2"`} {
					if n := strings.Count(f.bytes(), once); n != 1 {
						t.Errorf("%d of %s", n, once)
					}
				}
			})
		}
	}
}

func TestRouteIsRetriedUntilTheScriptIsVisible(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}], "propagation": 3}`)
	f.mustDeploy(f.config())
	if len(f.waits) != 3 {
		t.Errorf("waited %v", f.waits)
	}
}

func TestRetryAfterIsObeyedUpToTheMaximum(t *testing.T) {
	t.Parallel()
	f := newFixture(t, faulty(`{"path": "/zones", "retry_after": "7"}`))
	f.mustDeploy(f.config())
	if diff := cmp.Diff([]time.Duration{7 * time.Second}, f.waits); diff != "" {
		t.Error(diff)
	}
	f = newFixture(t, faulty(`{"path": "/zones", "retry_after": "300"}`))
	_, err := f.deploy(f.config())
	var e *errcode.Error
	if !errors.As(err, &e) || e.Code != errcode.RateLimited || e.RetryAfter != 300*time.Second || len(f.waits) > 0 {
		t.Errorf("got %v after %v", err, f.waits)
	}
}

func TestLastingFaultsReturnTheirCode(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		fault string
		code  errcode.Code
	}{
		{`"status": 500`, errcode.ServerError},
		{`"status": 503, "content_type": "text/html", "body": "<html>down</html>"`, errcode.ServerError},
		{`"status": 200, "content_type": "text/html", "body": "<html>portal</html>"`, errcode.NotJSON},
		{`"status": 200, "content_type": "application/json", "body": "{}"`, errcode.NotJSON},
		{`"status": 200, "content_type": "application/json", "body": "[1"`, errcode.NotJSON},
		{`"status": 200, "content_type": "application/json", "body": "{\"success\": false, \"errors\": [], \"result\": null}"`, errcode.Rejected},
		{`"status": 418, "code": 4242, "message": "teapot"`, errcode.Rejected},
		{`"drop": true`, errcode.Unreachable},
	} {
		t.Run(string(test.code)+test.fault, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, faulty(`{"path": "/zones", "times": -1, `+test.fault+`}`))
			_, err := f.deploy(f.config())
			if errcode.Of(err) != test.code {
				t.Errorf("got %v, want %s", err, test.code)
			}
		})
	}
}

func TestNoAnswerIsATimeout(t *testing.T) {
	t.Parallel()
	f := newFixture(t, faulty(`{"path": "/zones", "times": -1, "delay_ms": 60000}`))
	f.engine.CallTimeout = 20 * time.Millisecond
	if _, err := f.deploy(f.config()); errcode.Of(err) != errcode.Timeout {
		t.Errorf("got %v", err)
	}
}

func TestNewAccountGetsASubdomain(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `{"accounts": [{"name": "Acme", "subdomain": "", "zones": [{"name": "example.com"}]}]}`)
	plan, err := f.plan(f.config())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.apply(plan); errcode.Of(err) != errcode.SubdomainMissing {
		t.Fatalf("got %v", err)
	}
	agree := func(account, subdomain string) bool {
		return account == plan.Account && strings.HasPrefix(subdomain, "example-com-")
	}
	out, err := f.engine.Deploy(context.Background(), plan, provision.DeployOptions{RegisterSubdomain: agree}, nil)
	if err != nil || !strings.HasPrefix(out.Subdomain, "example-com-") {
		t.Fatalf("registered %q, %v", out.Subdomain, err)
	}
	if plan, err := f.plan(f.config()); err != nil || len(plan.Changes()) > 0 {
		t.Errorf("afterwards: %v, %v", plan.Changes(), err)
	}
	f = newFixture(t, `{"accounts": [{"name": "Acme", "email_unverified": true, "zones": [{"name": "example.com"}]}]}`)
	if _, err := f.deploy(f.config()); errcode.Of(err) != errcode.EmailUnverified {
		t.Errorf("got %v", err)
	}
}

func TestMissingPermissionsAreNamed(t *testing.T) {
	t.Parallel()
	const all = `"Zone Read", "Workers Scripts Write", "Workers Routes Write", "DNS Write"`
	for _, test := range []struct{ permissions, missing string }{
		{strings.Replace(all, `, "DNS Write"`, "", 1), "dns-edit"},
		{strings.Replace(all, `"DNS Write"`, `"DNS Read"`, 1), "dns-edit"},
		{strings.Replace(all, `"Workers Routes Write", `, "", 1), "workers-routes-edit"},
		{strings.Replace(all, `"Workers Scripts Write"`, `"Workers Scripts Read"`, 1), "workers-scripts-edit"},
		{`"Zone Read"`, "workers-scripts-edit,workers-routes-edit,dns-edit"},
	} {
		f := newFixture(t, fmt.Sprintf(`{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}],
			"tokens": [{"value": "cfut_0123456789abcdef0123456789abcdef0123456789abcdef", "permissions": [%s]}]}`, test.permissions))
		_, err := f.deploy(f.config())
		var e *errcode.Error
		if !errors.As(err, &e) || e.Code != errcode.PermissionMissing || e.Details["permission"] != test.missing {
			t.Errorf("with %s: got %v, want %s", test.permissions, err, test.missing)
		}
	}
	f := newFixture(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}],
		"tokens": [{"value": "cfut_0123456789abcdef0123456789abcdef0123456789abcdef", "permissions": ["DNS Write"]}]}`)
	if _, err := f.deploy(f.config()); errcode.Of(err) != errcode.NoZones {
		t.Errorf("without Zone Read: got %v", err)
	}
}

func TestRejectedTokens(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"disabled", "expired"} {
		f := newFixture(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}],
			"tokens": [{"value": "cfut_0123456789abcdef0123456789abcdef0123456789abcdef", "status": "`+status+`"}]}`)
		if _, err := f.deploy(f.config()); errcode.Of(err) != errcode.TokenRejected {
			t.Errorf("%s: got %v", status, err)
		}
	}
}

// After an interrupt the call in flight is finished, no other begins, and the receipt lists what was done.
func TestInterruptFinishesTheCallInFlight(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	plan, err := f.plan(f.config())
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	f.engine.API = interrupting{f.engine.API, interrupt}
	out, err := f.engine.Deploy(ctx, plan, provision.DeployOptions{}, nil)
	if errcode.Of(err) != errcode.Interrupted {
		t.Errorf("got %v", err)
	}
	var done []string
	for _, step := range out.Receipt.Done {
		done = append(done, step.Address.Kind.String())
	}
	if diff := cmp.Diff([]string{"script", "route"}, done); diff != "" {
		t.Error(diff)
	}
	if text := f.bytes(); strings.Contains(text, `"content": "2.2.2.2"`) || !strings.Contains(text, `"pattern": "gptapi.example.com/*"`) {
		t.Errorf("the account does not have the script and its route only:\n%s", text)
	}
}

// interrupting is an API that cancels the run while the route is created.
type interrupting struct {
	provision.API
	interrupt context.CancelFunc
}

func (i interrupting) ApplyStep(ctx context.Context, step plan.Step) (string, error) {
	if step.Address.Kind == plan.KindRoute {
		i.interrupt()
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return i.API.ApplyStep(ctx, step)
}

// If the API refuses to create what no list has, its code and text are in the error.
func TestRefusalsKeepCodeAndText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		path, code, message string
		want                errcode.Code
		undone              bool
	}{
		{"/zones/*/workers/routes", "10020", "A route with the same pattern already exists", errcode.Exists, true},
		{"/zones/*/dns_records", "81058", "An identical record already exists.", errcode.Exists, false}, // the record may need the route
		{"/zones/*/dns_records", "81062", "A DNS record managed by Workers already exists on that host.", errcode.RecordManaged, true},
	} {
		f := newFixture(t, faulty(`{"method": "POST", "path": "`+test.path+`", "times": -1, "status": 400, "code": `+test.code+`, "message": "`+test.message+`"}`))
		p, err := f.plan(f.config())
		if err != nil {
			t.Fatal(err)
		}
		before := f.bytes()
		out, err := f.engine.Deploy(t.Context(), p, provision.DeployOptions{}, nil)
		var e *errcode.Error
		if !errors.As(err, &e) || e.Code != test.want || e.Details["api_code"] != test.code || e.Details["message"] != test.message {
			t.Errorf("%s: got %v", test.code, err)
		}
		if isUndone := f.bytes() == before && len(out.Remaining().Done) == 0; isUndone != test.undone {
			t.Errorf("%s: undone: %v; what remains: %v", test.code, isUndone, out.Remaining())
		}
	}
}

// A version that has been deleted since it was listed has no successor: the error names it and is not retried.
func TestRollbackToAVersionThatIsGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	f.mustDeploy(f.config())
	observed, err := f.engine.Observe(t.Context(), []plan.Config{f.config()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	const absent = "00000000-0000-4000-8000-000000000000"
	err = f.engine.Rollback(t.Context(), observed.Relays[0], plan.Version{ID: absent}, false, nil)
	var e *errcode.Error
	if !errors.As(err, &e) || e.Code != errcode.VersionUnknown || e.Details["api_code"] != "10210" || e.Details["value"] != absent || len(f.waits) > 0 {
		t.Errorf("got %v after %v", err, f.waits)
	}
}

// A token that sees more than 500 accounts cannot list the zones of all, so the account has to be named.
func TestManyAccounts(t *testing.T) {
	t.Parallel()
	var accounts []string
	for i := range 501 {
		accounts = append(accounts, fmt.Sprintf(`{"id": "%032x", "name": "a%d", "zones": [{"name": "example%d.com"}]}`, i+1, i, i))
	}
	f := newFixture(t, `{"accounts": [`+strings.Join(accounts, ",")+`]}`)
	first, second := f.config(), f.config()
	first.Domains, second.Domains = []string{"gptapi.example0.com"}, []string{"gptapi.example1.com"}
	_, err := f.plan(first)
	if errcode.Of(err) != errcode.AccountRequired || len(f.waits) > 0 {
		t.Errorf("without an account: %v", err)
	}
	first.Account = fmt.Sprintf("%032x", 1)
	if _, err := f.plan(first); err != nil {
		t.Errorf("with one: %v", err)
	}
	if _, err := f.planAll(false, first, second); errcode.Of(err) != errcode.AccountRequired {
		t.Errorf("with one for the first of two relays: %v", err)
	}
	second.Account = fmt.Sprintf("%032x", 2)
	if _, err := f.planAll(false, first, second); err != nil {
		t.Errorf("with one for each relay: %v", err)
	}
	first.Account = second.Account
	if _, err := f.plan(first); errcode.Of(err) != errcode.ZoneNotFound {
		t.Errorf("with another one: %v", err)
	}
}
