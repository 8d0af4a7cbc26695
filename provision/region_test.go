package provision_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

func TestRegionsAreListedForANewRegionOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	listed := func() int {
		defer func() { f.calls = nil }()
		return len(slices.DeleteFunc(slices.Clone(f.calls), func(c string) bool { return c != "GET regions" }))
	}
	f.mustDeploy(f.config())
	if n := listed(); n != 0 {
		t.Errorf("without a region the list is read %d times", n)
	}
	c := f.config()
	c.Region = "aws:us-east-1"
	f.mustDeploy(c)
	if n := listed(); n != 1 {
		t.Errorf("for a new region the list is read %d times", n)
	}
	f.mustDeploy(c)
	if n := listed(); n != 0 {
		t.Errorf("for the deployed region the list is read %d times", n)
	}
	before := f.bytes()
	for region, want := range map[string]string{"aws:us-esat-1": "aws:us-east-1", "gcp:nowhere": "", "azure:eastus3": "azure:eastus"} {
		c.Region = region
		_, err := f.deploy(c)
		var e *errcode.Error
		cloud, _, _ := strings.Cut(region, ":")
		if !errors.As(err, &e) || e.Code != errcode.RegionUnknown || e.Details["suggestion"] != want || !strings.HasPrefix(e.Details["known"], cloud+":") {
			t.Errorf("%s: %v", region, err)
		}
	}
	if f.bytes() != before {
		t.Error("something was written")
	}
}

func TestARegionThatCannotBeCheckedIsAWarning(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `{"accounts": [{"name": "Acme", "zones": [{"name": "example.com"}]}],
		"faults": [{"path": "/accounts/*/workers/placement/regions", "status": 500, "times": -1}]}`)
	c := f.config()
	c.Region = "aws:us-east-99"
	f.wantDiff(c, nil, []string{"region-unchecked"})
	f.mustDeploy(c)
	if len(f.waits) > 0 {
		t.Errorf("waited %v for an optional list", f.waits)
	}
}
