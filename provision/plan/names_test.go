package plan_test

import (
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/provision/plan"
)

func TestWorkerNamesAreValidAndUnique(t *testing.T) {
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
		comment := plan.RecordComment(name)
		if len(comment) > 100 || !plan.OwnsComment(comment) || plan.WorkerFromComment(comment) != name {
			t.Errorf("comment %q has %d characters or is not recognised", comment, len(comment))
		}
	}
	for _, comment := range []string{"", plan.OwnerTag, "worker=a", plan.OwnerTag + "x worker=a", "see " + plan.RecordComment("a")} {
		if name := plan.WorkerFromComment(comment); name != "" {
			t.Errorf("WorkerFromComment(%q) = %q", comment, name)
		}
	}
}
