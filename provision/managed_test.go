package provision_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

const ownerKey = "sk-owner-0123456789abcdef"

// managed returns the Config of a managed relay with a token for alice and the owner's key.
func (f *fixture) managed() plan.Config {
	c := f.config()
	c.Settings = worker.Settings{Managed: true, Page: true}
	c.Tokens = []worker.Token{{Name: "alice", SHA256: strings.Repeat("a", 64), RPM: 60}}
	c.Keys = map[string]binding.Secret{"openai": binding.NewSecret(ownerKey)}
	return c
}

// diffOf returns the names of the attributes that a plan changes, and its warnings.
func (f *fixture) diffOf(c plan.Config) (changed, warnings []string) {
	f.t.Helper()
	plan, err := f.plan(c)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, step := range plan.Steps {
		for _, diff := range step.Diff {
			changed = append(changed, diff.Name)
		}
	}
	for _, warning := range plan.Warnings() {
		warnings = append(warnings, string(warning.Code))
	}
	return changed, warnings
}

func (f *fixture) wantDiff(c plan.Config, changed, warnings []string) {
	f.t.Helper()
	gotChanged, gotWarnings := f.diffOf(c)
	if diff := cmp.Diff([][]string{changed, warnings}, [][]string{gotChanged, gotWarnings}); diff != "" {
		f.t.Error(diff)
	}
}

// deployed returns the account without earlier versions of its Workers, which still have their keys.
func (f *fixture) deployed() string {
	f.t.Helper()
	var state struct {
		Accounts []struct {
			Scripts []map[string]json.RawMessage `json:"scripts"`
		} `json:"accounts"`
	}
	if err := json.Unmarshal([]byte(f.bytes()), &state); err != nil {
		f.t.Fatal(err)
	}
	for _, script := range state.Accounts[0].Scripts {
		delete(script, "versions")
	}
	data, err := json.Marshal(state)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(data)
}

func TestKeyIsKeptAcrossUploads(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	c := f.managed()
	f.mustDeploy(c)
	if strings.Count(f.bytes(), ownerKey) != 1 {
		t.Fatal("the key is not in the account")
	}
	f.wantDiff(c, nil, nil)
	c.Keys = nil
	f.wantDiff(c, nil, nil)
	f.writes()
	c.Tokens = append(c.Tokens, worker.Token{Name: "bob", SHA256: strings.Repeat("b", 64), RPM: 30})
	f.wantDiff(c, []string{"build", "limits", "tokens"}, nil)
	f.mustDeploy(c)
	if diff := cmp.Diff([]string{"PUT script"}, f.writes()); diff != "" || strings.Count(f.deployed(), ownerKey) != 1 {
		t.Errorf("the key is not kept across an upload: %s", diff)
	}
	c.Keys = map[string]binding.Secret{"openai": binding.NewSecret("sk-another")}
	f.wantDiff(c, []string{"build", "keys"}, nil)
	f.mustDeploy(c)
	if text := f.deployed(); strings.Contains(text, ownerKey) || !strings.Contains(text, "sk-another") {
		t.Error("the key was not changed")
	}
}

func TestTokensAreKeptWithoutAFile(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	f.mustDeploy(f.managed())
	c := f.managed()
	c.Tokens, c.Keys = nil, nil
	observed, err := f.engine.Observe(t.Context(), []plan.Config{c}, nil)
	if err != nil {
		t.Fatal(err)
	}
	relay := observed.Relays[0]
	complete, err := relay.CompleteConfig()
	if diff := cmp.Diff(f.managed().Tokens, complete.Tokens); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	relay.Script.Tokens = nil
	if _, err := relay.CompleteConfig(); errcode.Of(err) != errcode.TokensUnreadable {
		t.Errorf("tokens that cannot be read: %v", err)
	}
	c.Tokens = []worker.Token{}
	if relay.Config, err = c.Normalize(); err != nil {
		t.Fatal(err)
	}
	if complete, err := relay.CompleteConfig(); err != nil || len(complete.Tokens) != 0 {
		t.Errorf("an owner who wants none: %v", err)
	}
}

func TestDeletedKeyIsAnError(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	c := f.managed()
	f.mustDeploy(c)
	c.Keys, c.Settings.Page = nil, false
	p, err := f.plan(c)
	if err != nil {
		t.Fatal(err)
	}
	other := f.config()
	f.mustDeploy(other)
	before := f.bytes()
	_, err = f.apply(p)
	if errcode.Of(err) != errcode.KeyGone || f.bytes() != before {
		t.Errorf("got %v", err)
	}
	f.wantDiff(c, []string{"access", "build", "keys", "limits", "tokens"}, []string{"access-closes", "key-missing"})
	if missing := plan.MissingKeys(mustObserve(f, c)); len(missing) != 1 || missing[0] != "openai" {
		t.Errorf("missing: %v", missing)
	}
}

func mustObserve(f *fixture, c plan.Config) plan.Observed {
	f.t.Helper()
	observed, err := f.engine.Observe(f.t.Context(), []plan.Config{c}, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return observed
}

func TestLeavingManagedDeletesKeysAndTokens(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	f.mustDeploy(f.managed())
	c := f.managed()
	c.Settings.Managed = false
	f.wantDiff(c, []string{"access", "build", "keys", "limits", "tokens"}, []string{"access-opens"})
	f.mustDeploy(c)
	if text := f.deployed(); strings.Contains(text, ownerKey) || strings.Contains(text, strings.Repeat("a", 64)) || strings.Contains(text, "KEY_openai") {
		t.Error("a key or a token remains")
	}
}

func TestATeamOfFiveHundred(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	c := f.managed()
	c.Tokens = nil
	for i := range 500 {
		c.Tokens = append(c.Tokens, worker.Token{Name: fmt.Sprintf("member-%03d", i), SHA256: fmt.Sprintf("%064x", i), RPM: 10 * (i%3 + 1)})
	}
	f.mustDeploy(c)
	f.wantDiff(c, nil, nil)
	plan, err := f.plan(c)
	if err != nil || !strings.HasPrefix(plan.Steps[0].After[binding.AttrTokens], "500 (") || plan.Steps[0].After[binding.AttrLimits] != "10 20 30" {
		t.Errorf("%v %v", err, plan.Steps[0].After)
	}
	// Their order does not matter.
	c.Tokens[0], c.Tokens[499] = c.Tokens[499], c.Tokens[0]
	if c, err = c.Normalize(); err != nil {
		t.Fatal(err)
	}
	f.wantDiff(c, nil, nil)
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	c := f.managed()
	p, err := f.plan(c)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal([]any{c, p, p.Steps[0].Upload})
	if err != nil {
		t.Fatal(err)
	}
	hidden := struct{ c plan.Config }{c}
	printed := string(text) + fmt.Sprintf("%v %+v %#v %s %q %x", c, p, p.Steps[0].Upload, c.Keys, c.Keys["openai"], c.Keys) + fmt.Sprintf("%+v %#v", hidden, hidden)
	if strings.Contains(printed, ownerKey) || strings.Contains(printed, fmt.Sprintf("%x", ownerKey)) {
		t.Error(printed)
	}
}

// A key is for one origin: another origin with the same provider id does not get it.
func TestKeyIsBoundToItsOrigin(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	c := f.managed()
	c.Providers = []worker.Provider{{ID: "custom", Origin: "https://a.example.net"}}
	c.Keys = map[string]binding.Secret{"custom": binding.NewSecret(ownerKey)}
	f.mustDeploy(c)
	c.Keys = nil
	if missing := plan.MissingKeys(mustObserve(f, c)); len(missing) != 0 {
		t.Errorf("the same origin: missing: %v", missing)
	}
	c.Providers = []worker.Provider{{ID: "custom", Origin: "https://b.example.net"}}
	if missing := plan.MissingKeys(mustObserve(f, c)); len(missing) != 1 || missing[0] != "custom" {
		t.Errorf("another origin: missing: %v", missing)
	}
	f.wantDiff(c, []string{"build", "keys", "providers"}, []string{"key-missing"})
	f.mustDeploy(c)
	if strings.Contains(f.deployed(), ownerKey) {
		t.Error("the key is bound for another origin")
	}
}

func TestRevokedTokensAreNamed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	c := f.managed()
	for i := range 25 {
		c.Tokens = append(c.Tokens, worker.Token{Name: fmt.Sprintf("m%02d", i), SHA256: fmt.Sprintf("%064x", i)})
	}
	f.mustDeploy(c)
	for want, tokens := range map[string][]worker.Token{
		"alice 1": c.Tokens[1:],
		"":        append([]worker.Token{{Name: "renamed", SHA256: c.Tokens[0].SHA256}}, c.Tokens[1:]...),
		"alice, m00, m01, m02, m03, m04, m05, m06, m07, m08, m09, m10, m11, m12, m13, m14, m15, m16, m17, m18, … 26": {},
	} {
		c.Tokens = tokens
		p, err := f.plan(c)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, warning := range p.Warnings() {
			if warning.Code == plan.WarnTokensRevoked {
				got = warning.Details["names"] + " " + warning.Details["count"]
			}
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTokensForMissingProvidersAreNamed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	c := f.managed()
	f.wantDiff(c, nil, nil)
	c.Tokens = append(c.Tokens, worker.Token{Name: "bob", SHA256: strings.Repeat("b", 64), Providers: []string{"openai", "groq", "xai"}})
	p, err := f.plan(c)
	if err != nil {
		t.Fatal(err)
	}
	want := []plan.Warning{{Code: plan.WarnTokensUnknownProvider, Details: map[string]string{"names": "bob", "count": "1", "providers": "groq, xai"}}}
	if diff := cmp.Diff(want, p.Warnings()); diff != "" {
		t.Error(diff)
	}
}
