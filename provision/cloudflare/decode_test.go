package cloudflare_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/plan"
)

// clientOfList returns a client of an API whose lists have one item.
func clientOfList(t *testing.T, item string) *cloudflare.Client {
	t.Helper()
	return newClient(t, respond(200, "application/json", `{"success": true, "result": [`+item+`]}`))
}

// Zones are decoded with their type, their status and whether they are paused.
func TestZoneFacts(t *testing.T) {
	t.Parallel()
	for item, want := range map[string]plan.Zone{
		`{"id": "z", "name": "example.com", "status": "active", "paused": true, "type": "full"}`: {
			ID: "z", Name: "example.com", Status: "active", Paused: true, Type: "full"},
		`{"id": "z", "name": "example.com", "status": "pending", "paused": false, "type": "partial", "verification_key": "1-2", "name_servers": null}`: {
			ID: "z", Name: "example.com", Status: "pending", Type: "partial", VerificationKey: "1-2"},
		`{"id": "z", "name": "example.com", "status": "moved", "paused": null, "type": null}`: {
			ID: "z", Name: "example.com", Status: "moved"},
		`{"id": "z", "name": "example.com", "status": "deactivated", "type": "secondary", "name_servers": ["a", "b"]}`: {
			ID: "z", Name: "example.com", Status: "deactivated", Type: "secondary", NameServers: []string{"a", "b"}},
	} {
		zones, err := clientOfList(t, item).Zones(t.Context(), "")
		if diff := cmp.Diff([]plan.Zone{want}, zones); diff != "" || err != nil {
			t.Errorf("%s: %v %s", item, err, diff)
		}
	}
}
