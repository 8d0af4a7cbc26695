package plan_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

// NS records at a host or above it are conflicts, also with adoption. Those of the zone and of other names are not.
func TestDelegatedHosts(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"a.ai.example.com":   {"a.ai.example.com"},
		"ai.example.com":     {"a.ai.example.com", "b.ai.example.com"},
		"example.com":        nil,
		"i.example.com":      nil,
		"x.a.ai.example.com": nil,
	} {
		observed := observe(t, nil, []plan.Object{foreignRecord("NS", name)}, "a.ai.example.com", "b.ai.example.com", "c.example.com")
		desired := plan.NewDesired(observed, worker.Load())
		for _, adopt := range []bool{false, true} {
			planned, err := plan.Diff(desired, observed, adopt)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, skipped := range planned.Skipped {
				got = append(got, skipped.Host)
				var conflict *plan.ConflictError
				if !errors.As(skipped.Err, &conflict) || errcode.Of(skipped.Err) != errcode.Delegated || conflict.Objects[0].Conflict != plan.ConflictDelegation {
					t.Errorf("%s: %v", name, skipped.Err)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, adopt %v: %s", name, adopt, diff)
			}
			if slices.ContainsFunc(planned.Changes(), func(s plan.Step) bool { return s.Action == plan.ActionDelete }) {
				t.Errorf("%s, adopt %v: %v", name, adopt, stepTexts(planned))
			}
		}
	}
	alone := observe(t, nil, []plan.Object{foreignRecord("NS", "a.example.com")}, "a.example.com")
	if _, err := plan.Diff(plan.NewDesired(alone, worker.Load()), alone, true); errcode.Of(err) != errcode.Delegated {
		t.Errorf("one host: got %v", err)
	}
	if p, err := plan.Diff(plan.DesiredAfterDestroy(alone), alone, false); err != nil || len(p.Changes()) > 0 {
		t.Errorf("destroy: %v, %v", stepTexts(p), err)
	}
}
