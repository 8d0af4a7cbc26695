package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/worker"
)

// The warnings about a zone follow from its type, its status and whether it is paused.
func TestZoneWarnings(t *testing.T) {
	t.Parallel()
	const (
		nameservers = "ada.ns.cloudflare.com, bob.ns.cloudflare.com"
		verify      = "record=cloudflare-verify.example.com TXT 123-456"
		outside     = "zone-partial records=a.example.com CNAME a.example.com.cdn.cloudflare.net"
	)
	for _, test := range []struct {
		kind, status string
		paused       bool
		want         []string
	}{
		{"", "active", false, nil},
		{"full", "active", false, nil},
		{"full", "active", true, []string{"zone-paused"}},
		{"full", "pending", false, []string{"zone-pending nameservers=" + nameservers + " status=pending"}},
		{"full", "initializing", false, []string{"zone-pending nameservers=" + nameservers + " status=initializing"}},
		{"full", "pending", true, []string{"zone-pending nameservers=" + nameservers + " status=pending", "zone-paused"}},
		{"full", "moved", false, []string{"zone-moved nameservers=" + nameservers}},
		{"full", "deleted", false, []string{"zone-inactive status=deleted"}},
		{"full", "deactivated", false, []string{"zone-inactive status=deactivated"}},
		{"partial", "active", false, []string{outside}},
		{"partial", "active", true, []string{"zone-paused", outside}},
		{"partial", "pending", false, []string{"zone-partial-pending " + verify + " status=pending", outside}},
		{"partial", "moved", false, []string{"zone-partial-pending " + verify + " status=moved", outside}},
		{"partial", "deactivated", false, []string{"zone-inactive status=deactivated", outside}},
		{"secondary", "active", false, []string{"zone-secondary"}},
		{"secondary", "pending", false, []string{"zone-pending nameservers=" + nameservers + " status=pending", "zone-secondary"}},
	} {
		zone := exampleZone
		zone.Type, zone.Status, zone.Paused = test.kind, test.status, test.paused
		zone.NameServers, zone.VerificationKey = strings.Split(nameservers, ", "), "123-456"
		observed := observe(t, nil, nil, "a.example.com")
		observed.Relays[0].Sites[0].Zone = zone
		planned, err := plan.Diff(plan.NewDesired(observed, worker.Load()), observed, false)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, warning := range planned.Warnings() {
			if warning.Details["zone"] != "example.com" {
				t.Errorf("%+v: %v", test, warning)
			}
			delete(warning.Details, "zone")
			text := string(warning.Code)
			for _, name := range []string{"nameservers", "record", "records", "status"} {
				if value, ok := warning.Details[name]; ok {
					text += " " + name + "=" + value
				}
			}
			got = append(got, text)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s %s, paused %v:\n%s", test.kind, test.status, test.paused, diff)
		}
	}
}

// A partial zone needs a record for each of its hosts, and no nameservers.
func TestPartialZoneWithHosts(t *testing.T) {
	t.Parallel()
	observed := observe(t, nil, nil, "a.example.com", "b.example.com")
	for i := range observed.Relays[0].Sites {
		observed.Relays[0].Sites[i].Zone.Type = "partial"
	}
	planned, err := plan.Diff(plan.NewDesired(observed, worker.Load()), observed, false)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(planned.Warnings(), func(w plan.Warning) bool { return w.Code == plan.WarnZonePartial })
	const want = "a.example.com CNAME a.example.com.cdn.cloudflare.net, b.example.com CNAME b.example.com.cdn.cloudflare.net"
	if i < 0 || planned.Warnings()[i].Details["records"] != want {
		t.Errorf("got %v", planned.Warnings())
	}
}
