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

// judged is a Client whose every call and answer is held against the API's description.
type judged struct {
	t      *testing.T
	client *cloudflare.Client
	zone   plan.Zone
	called []string
}

// Every method of the client sends what the API's description asks for.
func TestRequestsAreAsDescribed(t *testing.T) {
	t.Parallel()
	store, err := sandbox.Parse([]byte(`{"accounts": [{"name": "Acme", "subdomain": "", "zones": [{"name": "example.com"}],
		"domains": [{"hostname": "custom.example.com", "service": "relay"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	j := &judged{t: t, client: cloudflare.New(cloudflare.Options{
		Token: store.Token(), UserAgent: "cfproxy/test", Transport: schematest.Transport(t, sandbox.Transport(sandbox.Handler(store))),
	})}
	j.reads()
	j.scripts()
	j.versions()
	j.routes()
	j.records()
	j.domains()
	methods := reflect.TypeFor[*cloudflare.Client]()
	for i := range methods.NumMethod() {
		if name := methods.Method(i).Name; !slices.Contains(j.called, name) {
			t.Errorf("%s was not called: take it into the walk", name)
		}
	}
}

// did notes a call of a method and demands that it worked.
func (j *judged) did(method string, err error) {
	j.t.Helper()
	j.called = append(j.called, method)
	if err != nil {
		j.t.Fatalf("%s: %v", method, err)
	}
}

func (j *judged) reads() {
	ctx := context.Background()
	zones, err := j.client.Zones(ctx, "")
	j.did("Zones", err)
	j.zone = zones[0]
	_, err = j.client.Zones(ctx, j.zone.Account)
	j.did("Zones", err)
	_, err = j.client.Regions(ctx, j.zone.Account)
	j.did("Regions", err)
	j.did("RegisterSubdomain", j.client.RegisterSubdomain(ctx, j.zone.Account, "acme"))
	j.did("RegisterSubdomain", j.client.RegisterSubdomain(ctx, j.zone.Account, "acme"))
}

func (j *judged) do(action plan.Action, kind plan.Kind, parent, name, id string, more plan.Step) string {
	j.t.Helper()
	more.Action, more.ID = action, id
	more.Address = plan.Address{Kind: kind, Parent: parent, Name: name}
	made, err := j.client.ApplyStep(context.Background(), more)
	j.did("ApplyStep", err)
	return made
}

func (j *judged) scripts() {
	ctx := context.Background()
	script := plan.Script{
		Bundle: worker.Load(), Providers: []worker.Provider{{ID: "openai", Name: "OpenAI", Origin: "https://api.openai.com"}},
		Settings: worker.Settings{Managed: true, Page: true, Origins: []string{"https://a.example"}},
		Keys:     []binding.Key{{Provider: "openai", Fingerprint: "0123abcd", Value: binding.NewSecret("sk-1")}},
		Limits:   []binding.RateLimit{{Requests: 60, Namespace: "7"}},
		Region:   "aws:us-east-1", Build: "0123456789abcdef", Version: "1.2.3", Zones: j.zone.ID,
	}
	again := script
	again.Keys = []binding.Key{{Provider: "openai", Fingerprint: "0123abcd", Inherited: true}}
	again.Region = ""
	j.do(plan.ActionCreate, plan.KindScript, j.zone.Account, "relay", "", plan.Step{Script: &script})
	j.do(plan.ActionUpdate, plan.KindScript, j.zone.Account, "relay", "relay", plan.Step{Script: &again})
	for _, name := range []string{"relay", "gone"} {
		_, err := j.client.Script(ctx, j.zone.Account, name)
		j.did("Script", err)
	}
	j.do(plan.ActionCreate, plan.KindScript, j.zone.Account, "other", "", plan.Step{Script: &script})
	for range 2 {
		j.do(plan.ActionDelete, plan.KindScript, j.zone.Account, "other", "other", plan.Step{})
	}
}

func (j *judged) versions() {
	ctx := context.Background()
	found, err := j.client.Versions(ctx, j.zone.Account, "relay")
	j.did("Versions", err)
	for _, v := range found {
		j.did("DeployVersion", j.client.DeployVersion(ctx, j.zone.Account, "relay", v.ID, true))
	}
}

func (j *judged) routes() {
	leads := plan.Step{After: binding.Attrs{binding.AttrScript: "relay"}}
	id := j.do(plan.ActionCreate, plan.KindRoute, j.zone.ID, "a.example.com/*", "", leads)
	j.do(plan.ActionUpdate, plan.KindRoute, j.zone.ID, "a.example.com/*", id, leads)
	_, err := j.client.Routes(context.Background(), j.zone)
	j.did("Routes", err)
	for range 2 {
		j.do(plan.ActionDelete, plan.KindRoute, j.zone.ID, "a.example.com/*", id, plan.Step{})
	}
}

func (j *judged) records() {
	address := plan.Step{After: binding.Attrs{binding.AttrType: "A", binding.AttrContent: "2.2.2.2",
		binding.AttrProxied: "true", binding.AttrComment: plan.RecordComment(strings.Repeat("w", 63))}}
	ctx := context.Background()
	id := j.do(plan.ActionCreate, plan.KindRecord, j.zone.ID, "a.example.com", "", address)
	j.do(plan.ActionUpdate, plan.KindRecord, j.zone.ID, "a.example.com", id, address)
	for _, hosts := range [][]string{{"a.example.com"}, {"a.example.com", "b.example.com"}} {
		_, err := j.client.Records(ctx, j.zone, hosts)
		j.did("Records", err)
	}
	for range 2 {
		j.do(plan.ActionDelete, plan.KindRecord, j.zone.ID, "a.example.com", id, plan.Step{})
	}
	together := func(action plan.Action, id string) string {
		step := address
		step.Action, step.ID = action, id
		step.Address = plan.Address{Kind: plan.KindRecord, Parent: j.zone.ID, Name: "b.example.com"}
		ids, err := j.client.ApplyBatch(ctx, j.zone.ID, []plan.Step{step})
		j.did("ApplyBatch", err)
		return ids[0]
	}
	id = together(plan.ActionCreate, "")
	together(plan.ActionUpdate, id)
	together(plan.ActionDelete, id)
}

// domains are somebody else's: we list and remove them.
func (j *judged) domains() {
	found, err := j.client.Domains(context.Background(), j.zone.Account)
	j.did("Domains", err)
	if len(found) != 1 {
		j.t.Fatalf("found %v", found)
	}
	j.do(plan.ActionDelete, plan.KindDomain, j.zone.Account, found[0].Address.Name, found[0].ID, plan.Step{})
}
