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

func TestDriftIsRepairedAndDuplicatesFold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.mustDeploy(w.config())
	good := w.bytes()
	mark := plan.RecordComment("cfproxy-gptapi-example-com")
	text := strings.Replace(good, `"content": "2.2.2.2",`, `"content": "192.0.2.9",`, 1)
	text = strings.Replace(text, `"records": [`, `"records": [{"type": "A", "name": "gptapi.example.com", "content": "192.0.2.7", "proxied": true, "comment": "`+mark+`"},`, 1)
	w = newWorld(t, text)
	w.mustDeploy(w.config())
	if n := strings.Count(w.bytes(), `"name": "gptapi.example.com"`); n != 1 || !strings.Contains(w.bytes(), `"content": "2.2.2.2"`) {
		t.Errorf("%d records after the repair:\n%s", n, w.bytes())
	}
}

// What somebody edits in the dashboard without changing a name is still seen and put back.
func TestHiddenDriftIsRepaired(t *testing.T) {
	t.Parallel()
	for attr, edit := range map[string][2]string{
		binding.AttrCode:     {`"// @ts-check",`, `"// edited",`},
		binding.AttrFailOpen: {`"pattern": "gptapi.example.com/*",`, `"pattern": "gptapi.example.com/*", "request_limit_fail_open": true,`},
	} {
		w := newWorld(t, "")
		w.mustDeploy(w.config())
		edited := strings.Replace(w.bytes(), edit[0], edit[1], 1)
		if edited == w.bytes() {
			t.Fatalf("%s: nothing to edit in\n%s", attr, edited)
		}
		w = newWorld(t, edited)
		plan, err := w.plan(w.config())
		if err != nil || len(plan.Changes()) != 1 || plan.Changes()[0].Diff[0].Name != attr {
			t.Fatalf("%s: got %v, %v", attr, plan.Changes(), err)
		}
		w.mustDeploy(w.config())
		if plan, err := w.plan(w.config()); err != nil || len(plan.Changes()) > 0 {
			t.Errorf("%s: after the repair: %v, %v", attr, plan.Changes(), err)
		}
	}
}

// A record that is not ours and stays behind answers once our route is gone; its owner is told.
func TestRemovalTellsOfARecordThatStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.mustDeploy(w.config())
	w = newWorld(t, strings.Replace(w.bytes(), `"comment": "managed-by=cfproxy worker=cfproxy-gptapi-example-com",`, "", 1))
	p, err := w.engine.PlanDestroy(context.Background(), []plan.Config{w.config()}, nil)
	if errcode.Of(err) != errcode.Exposed || len(p.Changes()) != 2 {
		t.Fatalf("got %v, %v", p.Changes(), err)
	}
	if w := p.Warnings(); len(w) != 1 || w[0].Code != plan.WarnRecordRemains || w[0].Details["content"] != "2.2.2.2" {
		t.Errorf("warnings: %v", w)
	}
}

func TestWorkerIsFoundByItsRouteAndKeptWhileOthersNeedIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}, {"name": "example.org"}]}]}`)
	empty := w.bytes()
	both := w.config()
	both.Domains = []string{host, "api.example.org"}
	both.Worker = "relay"
	w.mustDeploy(both)

	one := w.config() // does not name the Worker
	plan, err := w.plan(one)
	if err != nil || plan.Worker != "relay" || len(plan.Changes()) > 0 {
		t.Errorf("got Worker %q with changes %v, %v", plan.Worker, plan.Changes(), err)
	}
	if _, err := w.destroy(one); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(w.bytes(), `"name": "relay"`) {
		t.Error("the Worker is gone though a route of another zone leads to it")
	}
	other := w.config()
	other.Domains = []string{"api.example.org"}
	if _, err := w.destroy(other); err != nil || w.bytes() != empty {
		t.Errorf("the account is not as it was (%v):\n%s", err, cmp.Diff(empty, w.bytes()))
	}
}

// Hosts of two accounts are one relay to their owner, and a Worker in each account.
func TestHostsOfTwoAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{"accounts": [
		{"name": "Acme", "zones": [{"name": "example.com"}]}, {"name": "Bolt", "zones": [{"name": "example.org"}]}]}`)
	empty := w.bytes()
	config := w.config()
	config.Domains = append(config.Domains, "api.example.org")
	w.mustDeploy(config)
	if diff := cmp.Diff([]string{"PUT script", "PUT script", "POST route", "POST route", "POST record", "POST record"}, w.writes()); diff != "" {
		t.Error(diff)
	}
	plan, err := w.plan(config)
	if err != nil || len(plan.Relays) != 2 || len(plan.Changes()) > 0 || plan.Relays[0].Account == plan.Relays[1].Account {
		t.Errorf("got %+v, %v", plan.Relays, err)
	}
	if _, err := w.destroy(config); err != nil || w.bytes() != empty {
		t.Errorf("the accounts are not as they were (%v):\n%s", err, cmp.Diff(empty, w.bytes()))
	}
}

// A Worker may change its name: its route is ours all the same, and the old one goes once nothing needs it.
func TestRenamedWorkerLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	empty := w.bytes()
	w.mustDeploy(w.config())
	renamed := w.config()
	renamed.Worker = "relay"
	w.mustDeploy(renamed)
	if strings.Contains(w.bytes(), `"name": "cfproxy-gptapi-example-com"`) {
		t.Error("the old Worker is still there")
	}
	if _, err := w.destroy(w.config()); err != nil || w.bytes() != empty {
		t.Errorf("the account is not as it was (%v):\n%s", err, cmp.Diff(empty, w.bytes()))
	}
}

// With its route removed by hand, the Worker is found by what the record says of it.
func TestWorkerIsFoundByItsRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	config := w.config()
	config.Worker = "relay"
	w.mustDeploy(config)
	p, err := w.plan(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range p.Steps {
		if step.Address.Kind == plan.KindRoute {
			step.Action = plan.ActionDelete
			if _, err := w.engine.API.ApplyStep(context.Background(), step); err != nil {
				t.Fatal(err)
			}
		}
	}
	p, err = w.plan(w.config())
	if err != nil || p.Worker != "relay" || len(p.Changes()) != 1 {
		t.Errorf("got Worker %q with changes %v, %v", p.Worker, p.Changes(), err)
	}
}

// What takes paths away from us is gone before the record opens the door.
func TestAdoptedShadowGoesBeforeTheRecordComes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com", "routes": [{"pattern": "gptapi.example.com/v1/*"}]}]}]}`)
	config := w.config()
	config.Adopt = true
	w.mustDeploy(config)
	if diff := cmp.Diff([]string{"PUT script", "POST route", "DELETE route", "POST record"}, w.writes()); diff != "" {
		t.Error(diff)
	}
}

// Somebody makes the same record between our look and our POST: it is theirs, and stays as they made it.
func TestARecordThatSomebodyElseJustMadeIsTheirs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.engine.API = &neighbour{API: w.engine.API}
	_, err := w.deploy(w.config())
	if code := errcode.Of(err); code != errcode.Conflict {
		t.Errorf("got %v", err)
	}
	if text := w.bytes(); !strings.Contains(text, `"comment": "theirs"`) || strings.Contains(text, `"comment": "managed-by`) {
		t.Errorf("their record did not stay alone:\n%s", text)
	}
}

type neighbour struct {
	provision.API
	done bool
}

func (n *neighbour) ApplyStep(ctx context.Context, step plan.Step) (string, error) {
	if step.Address.Kind == plan.KindRecord && !n.done {
		n.done = true
		theirs := step
		theirs.After = binding.Attrs{"type": "A", "content": "2.2.2.2", "proxied": "true", "comment": "theirs"}
		if id, err := n.API.ApplyStep(ctx, theirs); err != nil {
			return id, err
		}
	}
	return n.API.ApplyStep(ctx, step)
}

func TestTheSameZoneInTwoAccounts(t *testing.T) {
	t.Parallel()
	const both = `{"accounts": [{"name": "Acme", "id": "00000000000000000000000000000001", "zones": [{"name": "example.com", "status": "pending"}]},
		{"name": "Bolt", "id": "00000000000000000000000000000002", "zones": [{"name": "example.com", "status": "STATUS"}]}]}`
	w := newWorld(t, strings.Replace(both, "STATUS", "active", 1))
	if plan, err := w.plan(w.config()); err != nil || plan.Account != "00000000000000000000000000000002" {
		t.Errorf("the active one is not taken: %v, %v", plan.Account, err)
	}
	w = newWorld(t, strings.Replace(both, "STATUS", "pending", 1))
	if _, err := w.plan(w.config()); errcode.Of(err) != errcode.ZoneAmbiguous {
		t.Errorf("got %v", err)
	}
	config := w.config()
	config.Account = "00000000000000000000000000000001"
	if plan, err := w.plan(config); err != nil || plan.Account != config.Account {
		t.Errorf("the chosen one is not taken: %v, %v", plan.Account, err)
	}
}

// A token that sees one zone only cannot see the other host's route: the Worker stays, since it is known to serve there.
func TestWorkerStaysForAZoneThatTheTokenDoesNotSee(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}, {"name": "example.org"}]}]}`)
	both := w.config()
	both.Domains = []string{host, "api.example.org"}
	w.mustDeploy(both)
	narrow := strings.Replace(w.bytes(), `"tokens": [`, `"tokens": [{"value": "cfut_narrow00000000000000000000000000000000000000000", "zones": ["example.com"]},`, 1)
	w = newWorld(t, narrow)
	if _, err := w.destroy(w.config()); err != nil {
		t.Fatal(err)
	}
	if text := w.bytes(); !strings.Contains(text, `"name": "cfproxy-gptapi-example-com"`) || strings.Contains(text, `"pattern": "gptapi.example.com/*"`) {
		t.Errorf("the Worker is gone, or the route is not:\n%s", text)
	}
}

// Of several Workers of ours that serve the sites, the first site's is kept, whatever their names.
func TestTheFirstSitesWorkerIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	first, second := w.config(), w.config()
	first.Worker = "zeta"
	second.Domains, second.Worker = []string{"api.example.com"}, "alpha"
	w.mustDeploy(first)
	w.mustDeploy(second)
	both := w.config()
	both.Domains = []string{host, "api.example.com"}
	if plan, err := w.plan(both); err != nil || plan.Worker != "zeta" {
		t.Errorf("got Worker %q, %v", plan.Worker, err)
	}
}
