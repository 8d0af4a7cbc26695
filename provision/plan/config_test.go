package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

func TestNormalizeFillsInDefaults(t *testing.T) {
	t.Parallel()
	got, err := plan.Config{
		Domains: []string{"B.Example.com", "例子.中国", "b.example.com."}, Account: strings.Repeat("AB", 16),
		Settings: worker.Settings{Origins: []string{"https://b.example/", "https://a.example", "https://b.example"}},
		Tokens:   []worker.Token{{Name: "bob"}, {Name: "alice"}},
	}.Normalize()
	if err != nil {
		t.Fatal(err)
	}
	want := plan.Config{
		Domains: []string{"b.example.com", "xn--fsqu00a.xn--fiqs8s"}, Account: strings.Repeat("ab", 16), Origin: plan.DefaultOrigin,
		Settings: worker.Settings{Origins: []string{"https://a.example", "https://b.example"}},
		Tokens:   []worker.Token{{Name: "alice"}, {Name: "bob"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNormalizeErrors(t *testing.T) {
	t.Parallel()
	providers := func(n, padding int) []worker.Provider {
		var list []worker.Provider
		for i := range n {
			list = append(list, worker.Provider{ID: fmt.Sprintf("p%d", i), Origin: "https://" + strings.Repeat("x", padding) + ".example.net"})
		}
		return list
	}
	for _, test := range []struct {
		change func(*plan.Config)
		code   errcode.Code
	}{
		{func(*plan.Config) {}, ""},
		{func(c *plan.Config) { c.Domains = nil }, errcode.HostMissing},
		{func(c *plan.Config) { c.Domains = []string{"*.example.com"} }, errcode.HostWildcard},
		{func(c *plan.Config) { c.Account = "acme" }, errcode.AccountInvalid},
		{func(c *plan.Config) { c.Worker = "My_Worker" }, errcode.WorkerInvalid},
		{func(c *plan.Config) { c.Worker = "accounts" }, errcode.WorkerInvalid},
		{func(c *plan.Config) { c.Origin = "2001:db8::1" }, errcode.OriginInvalid},
		{func(c *plan.Config) { c.Origin = "10.0.0.1" }, errcode.OriginInvalid},
		{func(c *plan.Config) { c.Origin = "origin.example.com" }, errcode.OriginInvalid},
		{func(c *plan.Config) { c.Region = "mars" }, errcode.RegionInvalid},
		{func(c *plan.Config) { c.Settings.Origins = []string{"*"} }, errcode.AllowOriginInvalid},
		{func(c *plan.Config) { c.Providers = providers(10, 600) }, errcode.ProvidersTooLarge},
		{func(c *plan.Config) { c.Providers = providers(50, 0) }, ""},
		{func(c *plan.Config) { c.Providers = providers(59, 0) }, errcode.TooManyKeys},
		{func(c *plan.Config) {
			for i := range 21 {
				c.Tokens = append(c.Tokens, worker.Token{Name: fmt.Sprint("m", i), RPM: 1000 + i})
			}
		}, errcode.TooManyLimits},
		{func(c *plan.Config) {
			for i := range 300 {
				c.Settings.Origins = append(c.Settings.Origins, fmt.Sprintf("https://app-%d.example.com", i))
			}
		}, errcode.OriginsTooLarge},
		{func(c *plan.Config) { c.Providers = []worker.Provider{{Origin: "https://a.example.com:8443"}} }, errcode.UpstreamLoop},
	} {
		config := plan.Config{Domains: []string{"a.example.com"}, Settings: worker.Settings{Managed: true}}
		test.change(&config)
		if _, err := config.Normalize(); errcode.Of(err) != test.code {
			t.Errorf("got %v, want %s", err, test.code)
		}
	}
}

// A route with a wildcard sends every name that matches it to the Worker.
func TestUpstreamBehindAWildcardRoute(t *testing.T) {
	t.Parallel()
	for host, isLoop := range map[string]bool{
		"llm.apis.example.com": true, "apis.example.com": false, "myshop.example.com": true, "shop.example.com": true, "example.com": false,
	} {
		observed := plan.Observed{Relays: []plan.Relay{{
			Config:     plan.Config{Providers: []worker.Provider{{ID: "custom", Origin: "https://" + host}}},
			Dependents: []string{"*.apis.example.com/v1/*", "https://*shop.example.com"},
		}}}
		if err := observed.CheckUpstreams(); (errcode.Of(err) == errcode.UpstreamLoop) != isLoop {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestCompleteConfigKeepsDeployedTokens(t *testing.T) {
	t.Parallel()
	managed := plan.Config{Settings: worker.Settings{Managed: true}}
	deployed := plan.Object{
		Attrs:  binding.Attrs{binding.AttrAccess: binding.AccessManaged},
		Tokens: []worker.Token{{Name: "bob"}, {Name: "alice"}},
	}
	got, err := plan.Relay{Config: managed, Script: deployed}.CompleteConfig()
	if err != nil || len(got.Tokens) != 2 || got.Tokens[0].Name != "alice" {
		t.Errorf("deployed tokens: got %v, %v", got.Tokens, err)
	}
	deployed.Tokens = nil
	if _, err := (plan.Relay{Config: managed, Script: deployed}).CompleteConfig(); errcode.Of(err) != errcode.TokensUnreadable {
		t.Errorf("tokens that could not be read: got %v", err)
	}
	managed.Tokens = []worker.Token{}
	if got, err := (plan.Relay{Config: managed, Script: deployed}).CompleteConfig(); err != nil || got.Tokens == nil {
		t.Errorf("no tokens wanted: got %v, %v", got.Tokens, err)
	}
}
