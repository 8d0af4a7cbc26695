package plan_test

import (
	"errors"
	"testing"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

// conflictsOf returns the conflicts that stop a deploy of a.example.com, by object name.
func conflictsOf(t *testing.T, o plan.Observed) map[string]plan.Conflict {
	t.Helper()
	_, err := plan.Diff(plan.NewDesired(o, worker.Load()), o, false)
	found := map[string]plan.Conflict{}
	if conflict, ok := errors.AsType[*plan.ConflictError](err); ok {
		for _, object := range conflict.Objects {
			found[object.Address.Name] = object.Conflict
		}
	} else if err != nil {
		t.Fatal(err)
	}
	return found
}

// Every pattern that matches URLs of the host is a conflict of the kind that follows from which route wins.
func TestRouteConflicts(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]plan.Conflict{
		"a.example.com/*": plan.ConflictSameAddress,

		"a.example.com":              plan.ConflictMoreSpecific, // only the root
		"a.example.com/":             plan.ConflictMoreSpecific,
		"a.example.com*":             plan.ConflictMoreSpecific, // wins over /*, a known issue of Cloudflare's
		"A.Example.com*":             plan.ConflictMoreSpecific,
		"https://a.example.com*":     plan.ConflictMoreSpecific,
		"a.example.com/v1/*":         plan.ConflictMoreSpecific,
		"a.example.com/V1*":          plan.ConflictMoreSpecific,
		"http://a.example.com/*":     plan.ConflictMoreSpecific,
		"https://a.example.com/*":    plan.ConflictMoreSpecific,
		"HTTPS://A.EXAMPLE.COM/v1/*": plan.ConflictMoreSpecific,

		"*.example.com/*":         plan.ConflictWiderRoute,
		"*.example.com*":          plan.ConflictWiderRoute,
		"*example.com/*":          plan.ConflictWiderRoute,
		"*a.example.com/*":        plan.ConflictWiderRoute,
		"*a.example.com*":         plan.ConflictWiderRoute,
		"*.example.com/v1/*":      plan.ConflictWiderRoute, // a host without a wildcard wins whatever the path
		"https://*.example.com/*": plan.ConflictWiderRoute,
		"*.EXAMPLE.com/*":         plan.ConflictWiderRoute,
		"*/*":                     plan.ConflictWiderRoute,
		"*":                       plan.ConflictWiderRoute,

		"b.example.com*":       "",
		"aa.example.com/*":     "",
		"b.a.example.com/*":    "",
		"*.a.example.com/*":    "",
		"*b.example.com*":      "",
		"example.com*":         "",
		"example.com/*":        "",
		"https://example.com*": "",
	} {
		got := conflictsOf(t, observe(t, []plan.Object{foreignRoute(pattern)}, nil, "a.example.com"))
		if got[pattern] != want || len(got) > 1 {
			t.Errorf("%s: got %v, want %q", pattern, got, want)
		}
	}
}

// A route to a Worker that does not exist belongs to somebody else, unless the Worker's name or the record is ours.
func TestRouteToMissingWorker(t *testing.T) {
	t.Parallel()
	const host = "a.example.com"
	ownRecord := foreignRecord("A", host)
	ownRecord.Owned, ownRecord.Attrs[binding.AttrComment] = true, plan.RecordComment("other")
	foreign := foreignRecord("A", host)
	for name, test := range map[string]struct {
		pattern, script string
		records         []plan.Object
		want            plan.Conflict
	}{
		"somebody else's":               {"a.example.com/*", "other", nil, plan.ConflictSameAddress},
		"beside somebody else's record": {"a.example.com/*", "other", []plan.Object{foreign}, plan.ConflictSameAddress},
		"beside our record":             {"a.example.com/*", "other", []plan.Object{ownRecord}, ""},
		"our default name":              {"a.example.com/*", plan.WorkerName(host), nil, ""},
		"the default name of a host":    {"a.example.com/*", plan.WorkerName("b.example.com"), nil, ""},
		"more specific":                 {"a.example.com/v1/*", "other", nil, plan.ConflictMoreSpecific},
		"more specific, our record":     {"a.example.com*", "other", []plan.Object{ownRecord}, plan.ConflictMoreSpecific},
		"wider":                         {"*.example.com/*", "other", nil, plan.ConflictWiderRoute},
	} {
		route := foreignRoute(test.pattern)
		route.Attrs[binding.AttrScript] = test.script
		observed := observeMissing(t, []plan.Object{route}, test.records, host)
		if got := conflictsOf(t, observed)[test.pattern]; got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
