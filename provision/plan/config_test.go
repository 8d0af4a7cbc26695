package plan_test

import (
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

func TestWorkerNamesAreValidAndDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	long := strings.Repeat("a", 60)
	for _, host := range []string{
		"a.b.example.com", "a-b.example.com", "a--b.example.com", "a.b-example.com", "a-.b.example.com",
		long + ".example.com", long + "b.example.com", long + "." + long + ".example.com", "xn--fsqu00a.xn--fiqs8s",
	} {
		name := plan.WorkerName(host)
		if other, taken := seen[name]; taken {
			t.Errorf("%q and %q have the same Worker %q", host, other, name)
		}
		seen[name] = host
		if _, err := (plan.Config{Domains: []string{"a.example.com"}, Worker: name}).Normalize(); err != nil {
			t.Errorf("WorkerName(%q) = %q: %v", host, name, err)
		}
		if comment := plan.RecordComment(name); len(comment) > 100 || !plan.OwnsComment(comment) {
			t.Errorf("comment %q has %d characters or is not recognised", comment, len(comment))
		}
	}
}

func TestNormalizeRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	good := plan.Config{Domains: []string{"a.example.com"}}
	for _, test := range []struct {
		change func(*plan.Config)
		code   errcode.Code
	}{
		{func(c *plan.Config) { c.Domains = nil }, errcode.HostMissing},
		{func(c *plan.Config) { c.Account = "acme" }, errcode.AccountInvalid},
		{func(c *plan.Config) { c.Worker = "My_Worker" }, errcode.WorkerInvalid},
		{func(c *plan.Config) { c.Worker = "accounts" }, errcode.WorkerInvalid},
		{func(c *plan.Config) { c.Origin = "2001:db8::1" }, errcode.OriginInvalid},
		{func(c *plan.Config) { c.Origin = "origin.example.com" }, errcode.OriginInvalid},
		{func(c *plan.Config) { c.Region = "mars" }, errcode.RegionInvalid},
	} {
		config := good
		test.change(&config)
		if _, err := config.Normalize(); errcode.Of(err) != test.code {
			t.Errorf("got %v, want %s", err, test.code)
		}
	}
}
