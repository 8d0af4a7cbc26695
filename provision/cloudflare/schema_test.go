package cloudflare_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/provision/sandbox/schematest"
	"github.com/cfproxy/cfproxy/worker"
)

// schemaChecker calls a Client whose requests and responses are validated against the schema of the API.
type schemaChecker struct {
	t      *testing.T
	client *cloudflare.Client
	zone   plan.Zone
	called []string // methods
}

// The requests of every method are valid according to the schema of the API.
func TestRequestsMatchTheSchema(t *testing.T) {
	t.Parallel()
	store, err := sandbox.Parse([]byte(`{"accounts": [{"name": "Acme", "subdomain": "", "zones": [{"name": "example.com"}],
		"domains": [{"hostname": "custom.example.com", "service": "relay"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	c := &schemaChecker{t: t, client: cloudflare.New(cloudflare.Options{
		Token: store.Token(), UserAgent: "cfproxy/test", Transport: schematest.Transport(t, sandbox.Transport(sandbox.Handler(store))),
	})}
	c.reads()
	c.scripts()
	c.versions()
	c.routes()
	c.records()
	c.domains()
	methods := reflect.TypeFor[*cloudflare.Client]()
	for method := range methods.Methods() {
		if name := method.Name; !slices.Contains(c.called, name) {
			t.Errorf("%s was not called; add a call of it", name)
		}
	}
}

// mustSucceed records a call of a method and fails the test if it returned an error.
func (c *schemaChecker) mustSucceed(method string, err error) {
	c.t.Helper()
	c.called = append(c.called, method)
	if err != nil {
		c.t.Fatalf("%s: %v", method, err)
	}
}

func (c *schemaChecker) reads() {
	ctx := context.Background()
	zones, err := c.client.Zones(ctx, "")
	c.mustSucceed("Zones", err)
	c.zone = zones[0]
	_, err = c.client.Zones(ctx, c.zone.Account)
	c.mustSucceed("Zones", err)
	_, err = c.client.Regions(ctx, c.zone.Account)
	c.mustSucceed("Regions", err)
	c.mustSucceed("RegisterSubdomain", c.client.RegisterSubdomain(ctx, c.zone.Account, "acme"))
	c.mustSucceed("RegisterSubdomain", c.client.RegisterSubdomain(ctx, c.zone.Account, "acme"))
}

func (c *schemaChecker) apply(action plan.Action, kind plan.Kind, parent, name, id string, more plan.Step) string {
	c.t.Helper()
	more.Action, more.ID = action, id
	more.Address = plan.Address{Kind: kind, Parent: parent, Name: name}
	madeID, err := c.client.ApplyStep(context.Background(), more)
	c.mustSucceed("ApplyStep", err)
	return madeID
}

func (c *schemaChecker) scripts() {
	ctx := context.Background()
	script := plan.Upload{
		Bundle: worker.Load(), Providers: []worker.Provider{{ID: "openai", Name: "OpenAI", Origin: "https://api.openai.com"}},
		Settings: worker.Settings{Managed: true, Page: true, Origins: []string{"https://a.example"}},
		Keys:     []binding.Key{{Provider: "openai", Fingerprint: "0123abcd", Value: binding.NewSecret("sk-1")}},
		Limits:   []binding.RateLimit{{Requests: 60, Namespace: "7"}},
		Region:   "aws:us-east-1", Build: "0123456789abcdef", ProgramVersion: "1.2.3", Zones: []string{c.zone.ID},
	}
	again := script
	again.Keys = []binding.Key{{Provider: "openai", Fingerprint: "0123abcd", Inherited: true}}
	again.Region = ""
	c.apply(plan.ActionCreate, plan.KindScript, c.zone.Account, "relay", "", plan.Step{Upload: &script})
	c.apply(plan.ActionUpdate, plan.KindScript, c.zone.Account, "relay", "relay", plan.Step{Upload: &again})
	for _, name := range []string{"relay", "gone"} {
		_, err := c.client.Script(ctx, c.zone.Account, name)
		c.mustSucceed("Script", err)
	}
	c.apply(plan.ActionCreate, plan.KindScript, c.zone.Account, "other", "", plan.Step{Upload: &script})
	for range 2 {
		c.apply(plan.ActionDelete, plan.KindScript, c.zone.Account, "other", "other", plan.Step{})
	}
}

func (c *schemaChecker) versions() {
	ctx := context.Background()
	found, err := c.client.Versions(ctx, c.zone.Account, "relay")
	c.mustSucceed("Versions", err)
	for _, v := range found {
		c.mustSucceed("DeployVersion", c.client.DeployVersion(ctx, c.zone.Account, "relay", v.ID, true))
	}
}

func (c *schemaChecker) routes() {
	route := plan.Step{After: binding.Attrs{binding.AttrScript: "relay"}}
	id := c.apply(plan.ActionCreate, plan.KindRoute, c.zone.ID, "a.example.com/*", "", route)
	c.apply(plan.ActionUpdate, plan.KindRoute, c.zone.ID, "a.example.com/*", id, route)
	_, err := c.client.Routes(context.Background(), c.zone)
	c.mustSucceed("Routes", err)
	for range 2 {
		c.apply(plan.ActionDelete, plan.KindRoute, c.zone.ID, "a.example.com/*", id, plan.Step{})
	}
}

func (c *schemaChecker) records() {
	record := plan.Step{After: binding.Attrs{binding.AttrType: "A", binding.AttrContent: "2.2.2.2",
		binding.AttrProxied: "true", binding.AttrComment: plan.RecordComment(strings.Repeat("w", 63))}}
	ctx := context.Background()
	id := c.apply(plan.ActionCreate, plan.KindRecord, c.zone.ID, "a.example.com", "", record)
	c.apply(plan.ActionUpdate, plan.KindRecord, c.zone.ID, "a.example.com", id, record)
	for _, hosts := range [][]string{{"a.example.com"}, {"a.example.com", "b.example.com"}} {
		_, err := c.client.Records(ctx, c.zone, hosts)
		c.mustSucceed("Records", err)
	}
	for range 2 {
		c.apply(plan.ActionDelete, plan.KindRecord, c.zone.ID, "a.example.com", id, plan.Step{})
	}
	batch := func(action plan.Action, id string) string {
		step := record
		step.Action, step.ID = action, id
		step.Address = plan.Address{Kind: plan.KindRecord, Parent: c.zone.ID, Name: "b.example.com"}
		ids, err := c.client.ApplyBatch(ctx, c.zone.ID, []plan.Step{step})
		c.mustSucceed("ApplyBatch", err)
		return ids[0]
	}
	id = batch(plan.ActionCreate, "")
	batch(plan.ActionUpdate, id)
	batch(plan.ActionDelete, id)
}

// domains lists and deletes a custom domain, which we never create.
func (c *schemaChecker) domains() {
	found, err := c.client.Domains(context.Background(), c.zone.Account)
	c.mustSucceed("Domains", err)
	if len(found) != 1 {
		c.t.Fatalf("found %v", found)
	}
	c.apply(plan.ActionDelete, plan.KindDomain, c.zone.Account, found[0].Address.Name, found[0].ID, plan.Step{})
}
