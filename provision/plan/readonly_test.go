package plan_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/binding"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

func readOnlyRecord(kind, host string) plan.Object {
	record := foreignRecord(kind, host)
	record.Manager = plan.ManagerR2
	return record
}

// A read-only record that a plan would change or delete is a conflict, with and without adoption.
func TestReadOnlyRecordIsAConflict(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"A", "AAAA", "CNAME"} {
		observed := observe(t, nil, []plan.Object{readOnlyRecord(kind, "a.example.com")}, "a.example.com")
		desired := plan.NewDesired(observed, worker.Load())
		for _, adopt := range []bool{false, true} {
			_, err := plan.Diff(desired, observed, adopt)
			var conflict *plan.ConflictError
			if !errors.As(err, &conflict) || errcode.Of(err) != errcode.ReadOnly || len(conflict.Objects) != 1 || conflict.Objects[0].Manager != plan.ManagerR2 {
				t.Errorf("%s, adopt %v: got %v", kind, adopt, err)
			}
		}
		if preview, err := plan.Preview(desired, observed); err != nil || len(preview.Changes()) == 0 {
			t.Errorf("%s: a preview has steps for it: %v, %v", kind, stepTexts(preview), err)
		}
	}
	txt := observe(t, nil, []plan.Object{readOnlyRecord("TXT", "a.example.com")}, "a.example.com")
	if _, err := plan.Diff(plan.NewDesired(txt, worker.Load()), txt, false); err != nil {
		t.Errorf("a record of another type: %v", err)
	}
}

// Adoption takes over the other hosts and leaves everything of the host with the read-only record alone.
func TestReadOnlyRecordBesideOtherHosts(t *testing.T) {
	t.Parallel()
	routes := []plan.Object{foreignRoute("a.example.com/*"), foreignRoute("b.example.com/*")}
	records := []plan.Object{readOnlyRecord("CNAME", "a.example.com"), foreignRecord("A", "a.example.com"), foreignRecord("A", "b.example.com")}
	observed := observe(t, routes, records, "a.example.com", "b.example.com")
	planned, err := plan.Diff(plan.NewDesired(observed, worker.Load()), observed, true)
	want := []string{"create script " + plan.WorkerName("a.example.com"), "update route b.example.com/*", "update record b.example.com"}
	if diff := cmp.Diff(want, stepTexts(planned)); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if len(planned.Skipped) != 1 || planned.Skipped[0].Host != "a.example.com" || errcode.Of(planned.Skipped[0].Err) != errcode.ReadOnly {
		t.Errorf("skipped %v", planned.Skipped)
	}
}

// A read-only record of ours is a conflict only for plans that would change or delete it.
func TestReadOnlyRecordOfOurs(t *testing.T) {
	t.Parallel()
	const host = "a.example.com"
	asDesired := binding.Attrs{
		binding.AttrType: "A", binding.AttrContent: plan.DefaultOrigin, binding.AttrProxied: "true",
		binding.AttrComment: plan.RecordComment(plan.WorkerName(host)),
	}
	edited := maps.Clone(asDesired)
	edited[binding.AttrProxied] = "false"
	for name, test := range map[string]struct {
		attrs   binding.Attrs
		destroy bool
		want    errcode.Code
	}{
		"unchanged": {asDesired, false, ""},
		"drift":     {edited, false, errcode.ReadOnly},
		"destroy":   {asDesired, true, errcode.ReadOnly},
	} {
		record := readOnlyRecord("A", host)
		record.Owned, record.Attrs = true, test.attrs
		observed := observe(t, nil, []plan.Object{record}, host)
		desired := plan.NewDesired(observed, worker.Load())
		if test.destroy {
			desired = plan.DesiredAfterDestroy(observed)
		}
		if _, err := plan.Diff(desired, observed, false); errcode.Of(err) != test.want {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}
