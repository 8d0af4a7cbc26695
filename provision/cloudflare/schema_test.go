package cloudflare_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/provision/sandbox/schematest"
	"github.com/cfproxy/cfproxy/worker"
)

// judged is a Client whose every call and answer is held against the API's description.
type judged struct {
	t      *testing.T
	client *cloudflare.Client
	zone   provision.Zone
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

func (j *judged) do(action provision.Action, kind provision.Kind, parent, name, id string, more provision.Step) string {
	j.t.Helper()
	more.Action, more.ID = action, id
	more.Address = provision.Address{Kind: kind, Parent: parent, Name: name}
	made, err := j.client.Do(context.Background(), more)
	j.did("Do", err)
	return made
}

func (j *judged) scripts() {
	ctx := context.Background()
	script := provision.Script{
		Bundle: worker.Load(), Providers: []worker.Provider{{ID: "openai", Name: "OpenAI", Origin: "https://api.openai.com"}},
		Settings: worker.Settings{Managed: true, Page: true, Origins: []string{"https://a.example"}},
		Keys:     []provision.Key{{Provider: "openai", Mark: "0123abcd", Given: provision.NewSecret("sk-1")}},
		Limits:   []provision.Limit{{Requests: 60, Namespace: "7"}},
		Region:   "aws:us-east-1", Build: "0123456789abcdef", Version: "1.2.3", Zones: j.zone.ID,
	}
	again := script
	again.Keys = []provision.Key{{Provider: "openai", Mark: "0123abcd", Inherited: true}}
	again.Region = ""
	j.do(provision.ActionCreate, provision.KindScript, j.zone.Account, "relay", "", provision.Step{Script: &script})
	j.do(provision.ActionUpdate, provision.KindScript, j.zone.Account, "relay", "relay", provision.Step{Script: &again})
	for _, name := range []string{"relay", "gone"} {
		_, err := j.client.Script(ctx, j.zone.Account, name)
		j.did("Script", err)
	}
	j.do(provision.ActionCreate, provision.KindScript, j.zone.Account, "other", "", provision.Step{Script: &script})
	for range 2 {
		j.do(provision.ActionDelete, provision.KindScript, j.zone.Account, "other", "other", provision.Step{})
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
	leads := provision.Step{After: provision.Attrs{provision.AttrScript: "relay"}}
	id := j.do(provision.ActionCreate, provision.KindRoute, j.zone.ID, "a.example.com/*", "", leads)
	j.do(provision.ActionUpdate, provision.KindRoute, j.zone.ID, "a.example.com/*", id, leads)
	_, err := j.client.Routes(context.Background(), j.zone)
	j.did("Routes", err)
	for range 2 {
		j.do(provision.ActionDelete, provision.KindRoute, j.zone.ID, "a.example.com/*", id, provision.Step{})
	}
}

func (j *judged) records() {
	address := provision.Step{After: provision.Attrs{provision.AttrType: "A", provision.AttrContent: "2.2.2.2",
		provision.AttrProxied: "true", provision.AttrComment: provision.RecordComment(strings.Repeat("w", 63))}}
	ctx := context.Background()
	id := j.do(provision.ActionCreate, provision.KindRecord, j.zone.ID, "a.example.com", "", address)
	j.do(provision.ActionUpdate, provision.KindRecord, j.zone.ID, "a.example.com", id, address)
	for _, hosts := range [][]string{{"a.example.com"}, {"a.example.com", "b.example.com"}} {
		_, err := j.client.Records(ctx, j.zone, hosts)
		j.did("Records", err)
	}
	for range 2 {
		j.do(provision.ActionDelete, provision.KindRecord, j.zone.ID, "a.example.com", id, provision.Step{})
	}
	together := func(action provision.Action, id string) string {
		step := address
		step.Action, step.ID = action, id
		step.Address = provision.Address{Kind: provision.KindRecord, Parent: j.zone.ID, Name: "b.example.com"}
		ids, err := j.client.DoTogether(ctx, j.zone.ID, []provision.Step{step})
		j.did("DoTogether", err)
		return ids[0]
	}
	id = together(provision.ActionCreate, "")
	together(provision.ActionUpdate, id)
	together(provision.ActionDelete, id)
}

// domains are somebody else's: we list and remove them.
func (j *judged) domains() {
	found, err := j.client.Domains(context.Background(), j.zone.Account)
	j.did("Domains", err)
	if len(found) != 1 {
		j.t.Fatalf("found %v", found)
	}
	j.do(provision.ActionDelete, provision.KindDomain, j.zone.Account, found[0].Address.Name, found[0].ID, provision.Step{})
}
