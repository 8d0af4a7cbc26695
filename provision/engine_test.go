package provision_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

func TestDeployCreatesScriptThenRouteThenRecord(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	before := f.bytes()
	f.mustDeploy(f.config())
	if diff := cmp.Diff([]string{"PUT script", "POST route", "POST record"}, f.writes()); diff != "" {
		t.Error(diff)
	}
	text := f.bytes()
	for _, want := range []string{
		`"pattern": "gptapi.example.com/*"`, `"script": "cfproxy-gptapi-example-com"`, `"content": "2.2.2.2"`, `"proxied": true`,
		`"comment": "managed-by=cfproxy worker=cfproxy-gptapi-example-com"`, `"managed-by=cfproxy"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the account has no %s", want)
		}
	}
	f.mustDeploy(f.config())
	if writes := f.writes(); len(writes) > 0 {
		t.Errorf("deploying again writes: %v", writes)
	}
	if _, err := f.destroy(f.config()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"DELETE record", "DELETE route", "DELETE script"}, f.writes()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, f.bytes()); diff != "" {
		t.Errorf("destroy leaves the account changed:\n%s", diff)
	}
}

func TestUnchangedDeployMakesSixReads(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	f.mustDeploy(f.config())
	f.calls = nil
	f.mustDeploy(f.config())
	slices.Sort(f.calls)
	if diff := cmp.Diff([]string{"GET domains", "GET record", "GET route", "GET script", "GET script", "GET zones"}, f.calls); diff != "" {
		t.Error(diff)
	}
}

func TestChangedSettingIsAnUpdateInPlace(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	f.mustDeploy(f.config())
	f.calls = nil
	config := f.config()
	config.Region = "aws:us-east-1"
	config.Origin = "192.0.2.1"
	f.mustDeploy(config)
	if diff := cmp.Diff([]string{"PUT script", "PUT record"}, f.writes()); diff != "" {
		t.Error(diff)
	}
	plan, err := f.plan(config)
	if err != nil || len(plan.Changes()) > 0 {
		t.Errorf("after the update: %v, %v", plan.Changes(), err)
	}
}

func TestLongestZoneIsUsed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `{"accounts": [{"name": "Acme", "zones": [
		{"name": "example.co.uk"}, {"name": "b.example.co.uk"}, {"name": "ple.co.uk"}, {"name": "other.com"}]}]}`)
	config := f.config()
	config.Domains = []string{"a.b.example.co.uk"}
	plan, err := f.plan(config)
	if err != nil || plan.Sites[0].Zone.Name != "b.example.co.uk" {
		t.Errorf("got %+v, %v", plan.Sites, err)
	}
	config.Domains = []string{"x.example.co.uk"}
	plan, err = f.plan(config)
	if err != nil || plan.Sites[0].Zone.Name != "example.co.uk" {
		t.Errorf("got %+v, %v", plan.Sites, err)
	}
	config.Domains = []string{"x.elsewhere.com"}
	_, err = f.plan(config)
	var e *errcode.Error
	if !errors.As(err, &e) || e.Code != errcode.ZoneNotFound || !strings.Contains(e.Details["zones"], "other.com") {
		t.Errorf("got %v", err)
	}
}

func TestZonesOfAllPagesAreRead(t *testing.T) {
	t.Parallel()
	var zones []map[string]string
	for i := range 120 {
		zones = append(zones, map[string]string{"name": "zone" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + ".com"})
	}
	text, err := json.Marshal(map[string]any{"accounts": []any{map[string]any{"name": "Acme", "zones": zones}}})
	if err != nil {
		t.Fatal(err)
	}
	f := newFixture(t, string(text))
	for _, zone := range zones {
		config := f.config()
		config.Domains = []string{"gptapi." + zone["name"]}
		if _, err := f.plan(config); err != nil {
			t.Fatal(err)
		}
	}
}

func TestForeignResourcesAreConflicts(t *testing.T) {
	t.Parallel()
	for name, zone := range map[string]string{
		"an A record":              `"zones": [{"name": "example.com", "records": [{"type": "A", "name": "gptapi.example.com", "content": "2.2.2.2", "proxied": true}]}]`,
		"an AAAA record":           `"zones": [{"name": "example.com", "records": [{"type": "AAAA", "name": "gptapi.example.com", "content": "100::", "proxied": true}]}]`,
		"a CNAME record":           `"zones": [{"name": "example.com", "records": [{"type": "CNAME", "name": "gptapi.example.com", "content": "a.example.net"}]}]`,
		"a route":                  `"scripts": [{"name": "theirs", "modules": [{"name": "a.js", "text": "export default {fetch() {}}"}]}], "zones": [{"name": "example.com", "routes": [{"pattern": "GPTapi.example.com/*", "script": "theirs"}]}]`,
		"a route without a Worker": `"zones": [{"name": "example.com", "routes": [{"pattern": "gptapi.example.com/*"}]}]`,
		"a route with a scheme":    `"zones": [{"name": "example.com", "routes": [{"pattern": "HTTPS://gptapi.example.com/*"}]}]`,
		"a route without a path":   `"zones": [{"name": "example.com", "routes": [{"pattern": "gptapi.example.com"}]}]`,
		"a route for some paths":   `"zones": [{"name": "example.com", "routes": [{"pattern": "gptapi.example.com/v1/*"}]}]`,
		"a Worker":                 `"scripts": [{"name": "cfproxy-gptapi-example-com", "modules": [{"name": "a.js", "text": "export default {fetch() {}}"}]}], "zones": [{"name": "example.com"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, `{"accounts": [{"name": "Acme", `+zone+`}]}`)
			before := f.bytes()
			_, err := f.deploy(f.config())
			var e *plan.ConflictError
			if !errors.As(err, &e) || e.Code != errcode.Conflict || len(e.Objects) != 1 {
				t.Fatalf("got %v, want one conflict", err)
			}
			if writes := f.writes(); len(writes) > 0 || f.bytes() != before {
				t.Errorf("something was written: %v", writes)
			}
			if _, err := f.destroy(f.config()); err != nil || f.bytes() != before {
				t.Errorf("destroy changed a resource that is not ours (%v)", err)
			}
			config := f.config()
			f.adopt = true
			f.mustDeploy(config)
			if plan, err := f.plan(f.config()); err != nil || len(plan.Changes()) > 0 {
				t.Errorf("after --adopt: %v, %v", plan.Changes(), err)
			}
		})
	}
}

func TestOtherRecordsAreNoConflict(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com", "records": [
		{"type": "TXT", "name": "gptapi.example.com", "content": "v=spf1 -all"},
		{"type": "A", "name": "www.example.com", "content": "192.0.2.1"}],
		"routes": [{"pattern": "www.example.com/*"}]}]}]}`)
	before := f.bytes()
	f.mustDeploy(f.config())
	if _, err := f.destroy(f.config()); err != nil || f.bytes() != before {
		t.Errorf("other resources have changed (%v):\n%s", err, cmp.Diff(before, f.bytes()))
	}
}
