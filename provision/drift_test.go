package provision_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

func TestDriftIsRepairedAndDuplicatesAreDeleted(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	f.mustDeploy(f.config())
	good := f.bytes()
	mark := plan.RecordComment("cfproxy-gptapi-example-com")
	text := strings.Replace(good, `"content": "2.2.2.2",`, `"content": "192.0.2.9",`, 1)
	text = strings.Replace(text, `"records": [`, `"records": [{"type": "A", "name": "gptapi.example.com", "content": "192.0.2.7", "proxied": true, "comment": "`+mark+`"},`, 1)
	f = newFixture(t, text)
	f.mustDeploy(f.config())
	if n := strings.Count(f.bytes(), `"name": "gptapi.example.com"`); n != 1 || !strings.Contains(f.bytes(), `"content": "2.2.2.2"`) {
		t.Errorf("%d records after the repair:\n%s", n, f.bytes())
	}
}

// Edits of code and of settings in the dashboard are detected too.
func TestDriftOfContentIsRepaired(t *testing.T) {
	t.Parallel()
	for attr, edit := range map[string][2]string{
		binding.AttrCode:     {`"// @ts-check",`, `"// edited",`},
		binding.AttrFailOpen: {`"pattern": "gptapi.example.com/*",`, `"pattern": "gptapi.example.com/*", "request_limit_fail_open": true,`},
	} {
		f := newFixture(t, "")
		f.mustDeploy(f.config())
		edited := strings.Replace(f.bytes(), edit[0], edit[1], 1)
		if edited == f.bytes() {
			t.Fatalf("%s: nothing to edit in\n%s", attr, edited)
		}
		f = newFixture(t, edited)
		plan, err := f.plan(f.config())
		if err != nil || len(plan.Changes()) != 1 || plan.Changes()[0].Diff[0].Name != attr {
			t.Fatalf("%s: got %v, %v", attr, plan.Changes(), err)
		}
		f.mustDeploy(f.config())
		if plan, err := f.plan(f.config()); err != nil || len(plan.Changes()) > 0 {
			t.Errorf("%s: after the repair: %v, %v", attr, plan.Changes(), err)
		}
	}
}

// A proxied record that is not ours receives the requests when our route is deleted.
func TestDestroyWarnsOfARecordThatRemains(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	f.mustDeploy(f.config())
	f = newFixture(t, strings.Replace(f.bytes(), `"comment": "managed-by=cfproxy worker=cfproxy-gptapi-example-com",`, "", 1))
	p, err := f.engine.PlanDestroy(context.Background(), []plan.Config{f.config()}, nil)
	if errcode.Of(err) != errcode.Exposed || len(p.Changes()) != 2 {
		t.Fatalf("got %v, %v", p.Changes(), err)
	}
	warnings := p.Warnings()
	if len(warnings) != 1 || warnings[0].Code != plan.WarnRecordRemains || warnings[0].Details["content"] != "2.2.2.2" {
		t.Errorf("warnings: %v", warnings)
	}
}

func TestWorkerIsFoundByItsRouteAndKeptForOtherRoutes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}, {"name": "example.org"}]}]}`)
	empty := f.bytes()
	both := f.config()
	both.Domains = []string{host, "api.example.org"}
	both.Worker = "relay"
	f.mustDeploy(both)

	one := f.config() // does not name the Worker
	plan, err := f.plan(one)
	if err != nil || plan.Worker != "relay" || len(plan.Changes()) > 0 {
		t.Errorf("got Worker %q with changes %v, %v", plan.Worker, plan.Changes(), err)
	}
	if _, err := f.destroy(one); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(f.bytes(), `"name": "relay"`) {
		t.Error("the Worker is deleted though a route of another zone needs it")
	}
	other := f.config()
	other.Domains = []string{"api.example.org"}
	if _, err := f.destroy(other); err != nil || f.bytes() != empty {
		t.Errorf("the account has changed (%v):\n%s", err, cmp.Diff(empty, f.bytes()))
	}
}

// A relay with hosts of two accounts has a Worker in each.
func TestHostsOfTwoAccounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `{"accounts": [
		{"name": "Acme", "zones": [{"name": "example.com"}]}, {"name": "Bolt", "zones": [{"name": "example.org"}]}]}`)
	empty := f.bytes()
	config := f.config()
	config.Domains = append(config.Domains, "api.example.org")
	f.mustDeploy(config)
	if diff := cmp.Diff([]string{"PUT script", "PUT script", "POST route", "POST route", "POST record", "POST record"}, f.writes()); diff != "" {
		t.Error(diff)
	}
	plan, err := f.plan(config)
	if err != nil || len(plan.Relays) != 2 || len(plan.Changes()) > 0 || plan.Relays[0].Account == plan.Relays[1].Account {
		t.Errorf("got %+v, %v", plan.Relays, err)
	}
	if _, err := f.destroy(config); err != nil || f.bytes() != empty {
		t.Errorf("the accounts have changed (%v):\n%s", err, cmp.Diff(empty, f.bytes()))
	}
}

// The route to a Worker that was renamed is still ours, and the old Worker is deleted.
func TestRenamedWorkerIsDeleted(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	empty := f.bytes()
	f.mustDeploy(f.config())
	renamed := f.config()
	renamed.Worker = "relay"
	f.mustDeploy(renamed)
	if strings.Contains(f.bytes(), `"name": "cfproxy-gptapi-example-com"`) {
		t.Error("the old Worker still exists")
	}
	if _, err := f.destroy(f.config()); err != nil || f.bytes() != empty {
		t.Errorf("the account has changed (%v):\n%s", err, cmp.Diff(empty, f.bytes()))
	}
}

// If the route was deleted by hand, the comment of the record names the Worker.
func TestWorkerIsFoundByItsRecord(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	config := f.config()
	config.Worker = "relay"
	f.mustDeploy(config)
	p, err := f.plan(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range p.Steps {
		if step.Address.Kind == plan.KindRoute {
			step.Action = plan.ActionDelete
			if _, err := f.engine.API.ApplyStep(context.Background(), step); err != nil {
				t.Fatal(err)
			}
		}
	}
	p, err = f.plan(f.config())
	if err != nil || p.Worker != "relay" || len(p.Changes()) != 1 {
		t.Errorf("got Worker %q with changes %v, %v", p.Worker, p.Changes(), err)
	}
}

// A route that would take some of our paths is deleted before the record is created.
func TestAdoptedRouteIsDeletedBeforeTheRecordIsCreated(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com", "routes": [{"pattern": "gptapi.example.com/v1/*"}]}]}]}`)
	config := f.config()
	f.adopt = true
	f.mustDeploy(config)
	if diff := cmp.Diff([]string{"PUT script", "POST route", "DELETE route", "POST record"}, f.writes()); diff != "" {
		t.Error(diff)
	}
}

// A record that somebody else creates between the plan and our POST is a conflict.
func TestARecordCreatedMeanwhileIsAConflict(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	f.engine.API = &recordCreator{API: f.engine.API}
	_, err := f.deploy(f.config())
	if code := errcode.Of(err); code != errcode.Conflict {
		t.Errorf("got %v", err)
	}
	if text := f.bytes(); !strings.Contains(text, `"comment": "theirs"`) || strings.Contains(text, `"comment": "managed-by`) {
		t.Errorf("their record was changed, or ours was created:\n%s", text)
	}
}

// recordCreator creates a record just before the first step on one.
type recordCreator struct {
	provision.API
	done bool
}

func (c *recordCreator) ApplyStep(ctx context.Context, step plan.Step) (string, error) {
	if step.Address.Kind == plan.KindRecord && !c.done {
		c.done = true
		theirs := step
		theirs.After = binding.Attrs{"type": "A", "content": "2.2.2.2", "proxied": "true", "comment": "theirs"}
		if id, err := c.API.ApplyStep(ctx, theirs); err != nil {
			return id, err
		}
	}
	return c.API.ApplyStep(ctx, step)
}

func TestTheSameZoneInTwoAccounts(t *testing.T) {
	t.Parallel()
	const both = `{"accounts": [{"name": "Acme", "id": "00000000000000000000000000000001", "zones": [{"name": "example.com", "status": "pending"}]},
		{"name": "Bolt", "id": "00000000000000000000000000000002", "zones": [{"name": "example.com", "status": "STATUS"}]}]}`
	f := newFixture(t, strings.Replace(both, "STATUS", "active", 1))
	if plan, err := f.plan(f.config()); err != nil || plan.Account != "00000000000000000000000000000002" {
		t.Errorf("the active one is not used: %v, %v", plan.Account, err)
	}
	f = newFixture(t, strings.Replace(both, "STATUS", "pending", 1))
	if _, err := f.plan(f.config()); errcode.Of(err) != errcode.ZoneAmbiguous {
		t.Errorf("got %v", err)
	}
	config := f.config()
	config.Account = "00000000000000000000000000000001"
	if plan, err := f.plan(config); err != nil || plan.Account != config.Account {
		t.Errorf("the configured one is not used: %v, %v", plan.Account, err)
	}
}

// A token for one zone cannot read the routes of another. The Worker is kept if its settings say that it serves that
// zone.
func TestWorkerIsKeptForAZoneThatTheTokenCannotRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}, {"name": "example.org"}]}]}`)
	both := f.config()
	both.Domains = []string{host, "api.example.org"}
	f.mustDeploy(both)
	narrow := strings.Replace(f.bytes(), `"tokens": [`, `"tokens": [{"value": "cfut_narrow00000000000000000000000000000000000000000", "zones": ["example.com"]},`, 1)
	f = newFixture(t, narrow)
	if _, err := f.destroy(f.config()); err != nil {
		t.Fatal(err)
	}
	if text := f.bytes(); !strings.Contains(text, `"name": "cfproxy-gptapi-example-com"`) || strings.Contains(text, `"pattern": "gptapi.example.com/*"`) {
		t.Errorf("the Worker is deleted, or the route is not:\n%s", text)
	}
}

// If several Workers of ours serve the hosts, that of the first host is kept.
func TestTheWorkerOfTheFirstHostIsKept(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	first, second := f.config(), f.config()
	first.Worker = "zeta"
	second.Domains, second.Worker = []string{"api.example.com"}, "alpha"
	f.mustDeploy(first)
	f.mustDeploy(second)
	both := f.config()
	both.Domains = []string{host, "api.example.com"}
	if plan, err := f.plan(both); err != nil || plan.Worker != "zeta" {
		t.Errorf("got Worker %q, %v", plan.Worker, err)
	}
}
