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

// Records that cannot be changed are decoded with the product that manages them.
func TestRecordManagers(t *testing.T) {
	t.Parallel()
	for item, want := range map[string]plan.Manager{
		`"type": "A", "content": "192.0.2.1"`:                                                                        "",
		`"type": "A", "content": "192.0.2.1", "locked": false, "meta": null`:                                         "",
		`"type": "A", "content": "192.0.2.1", "meta": {"auto_added": true, "source": "primary"}`:                     "",
		`"type": "A", "content": "192.0.2.1", "meta": {"read_only": false, "email_routing": true}`:                   "",
		`"type": "A", "content": "192.0.2.1", "meta": ["read_only"]`:                                                 "",
		`"type": "CNAME", "content": "x.cfargotunnel.com", "meta": {"managed_by_argo_tunnel": true}`:                 "",
		`"type": "CNAME", "content": "public.r2.dev", "meta": {"read_only": true}`:                                   plan.ManagerR2,
		`"type": "CNAME", "content": "elsewhere.example", "meta": {"read_only": true, "r2_bucket": "assets"}`:        plan.ManagerR2,
		`"type": "CNAME", "content": "elsewhere.example", "meta": {"read_only": true, "managed_by": "R2"}`:           plan.ManagerR2,
		`"type": "AAAA", "content": "100::", "meta": {"read_only": true, "origin_worker_id": "abc"}`:                 plan.ManagerWorkers,
		`"type": "AAAA", "content": "100::", "meta": {"read_only": true}`:                                            plan.ManagerWorkers,
		`"type": "A", "content": "192.0.2.1", "meta": {"email_routing": true, "read_only": true, "shadowed_by": []}`: plan.ManagerEmailRouting,
		`"type": "CNAME", "content": "shop.pages.dev", "locked": true`:                                               plan.ManagerPages,
		`"type": "CNAME", "content": "x.cfargotunnel.com", "meta": {"read_only": true}`:                              plan.ManagerTunnel,
		`"type": "A", "content": "192.0.2.1", "meta": {"managed_by_apps": true, "read_only": true}`:                  plan.ManagerApps,
		`"type": "A", "content": "192.0.2.1", "meta": {"managed_by_apps": false, "read_only": true}`:                 plan.ManagerUnknown,
		`"type": "A", "content": "192.0.2.1", "locked": true, "meta": {"source": "primary"}`:                         plan.ManagerUnknown,
	} {
		c := clientOfList(t, `{"id": "r", "name": "a.example.com", `+item+`}`)
		list, err := c.Records(t.Context(), plan.Zone{ID: "zone"}, []string{"a.example.com"})
		if err != nil || len(list.Found) != 1 || list.Found[0].Manager != want {
			t.Errorf("%s: got %+v, %v, want %q", item, list.Found, err, want)
		}
	}
}

// Names are returned by the API in Unicode or as A-labels. They are converted to A-labels; ids and contents are not.
func TestUnicodeNames(t *testing.T) {
	t.Parallel()
	const host = "gptapi.xn--fsqu00a.xn--0zwm56d"
	for _, name := range []string{"gptapi.例子.测试", "GPTAPI.例子.测试", host, "Gptapi.XN--FSQU00A.xn--0zwm56d"} {
		zones, err := clientOfList(t, `{"id": "例子", "name": "`+name+`", "account": {"id": "a", "name": "例子"}}`).Zones(t.Context(), "")
		if err != nil || len(zones) != 1 || zones[0].Name != host || zones[0].ID != "例子" || zones[0].AccountName != "例子" {
			t.Errorf("zone %s: %+v, %v", name, zones, err)
		}
		for _, hosts := range [][]string{{host}, {host, "b.example.com"}} {
			list, err := clientOfList(t, `{"id": "r", "name": "`+name+`", "type": "CNAME", "content": "例子.测试", "comment": "例子"}`).
				Records(t.Context(), plan.Zone{ID: "zone"}, hosts)
			if err != nil || len(list.Found) != 1 || list.Found[0].Address.Name != host || list.Found[0].Attrs["content"] != "例子.测试" {
				t.Errorf("record %s: %+v, %v", name, list, err)
			}
		}
		domains, err := clientOfList(t, `{"id": "d", "hostname": "`+name+`", "service": "例子"}`).Domains(t.Context(), "account")
		if err != nil || len(domains) != 1 || domains[0].Address.Name != host || domains[0].Attrs["script"] != "例子" {
			t.Errorf("domain %s: %+v, %v", name, domains, err)
		}
	}
	for pattern, want := range map[string]string{
		"gptapi.例子.测试/*":          host + "/*",
		"gptapi.例子.测试*":           host + "*",
		"GPTAPI.例子.测试":            host,
		"*gptapi.例子.测试*":          "*" + host + "*",
		"*.例子.测试/*":               "*.xn--fsqu00a.xn--0zwm56d/*",
		"*例子.测试/*":                "*xn--fsqu00a.xn--0zwm56d/*",
		"HTTPS://gptapi.例子.测试/例":  "https://" + host + "/例",
		"GPTAPI.example.com/V1/*": "gptapi.example.com/V1/*",
		"GPTAPI.example.com*":     "gptapi.example.com*",
		"*/*":                     "*/*",
		"*":                       "*",
		"":                        "",
	} {
		routes, err := clientOfList(t, `{"id": "r", "pattern": "`+pattern+`", "script": "s"}`).Routes(t.Context(), plan.Zone{ID: "zone"})
		if err != nil || len(routes) != 1 || routes[0].Address.Name != want {
			t.Errorf("route %s: %+v, %v, want %s", pattern, routes, err, want)
		}
	}
}

// NS records above the hosts are returned too, if the whole zone is read; other records of other names are not.
func TestRecordsAboveHosts(t *testing.T) {
	t.Parallel()
	hosts := []string{"gpt.ai.example.com", "b.example.com"}
	for item, want := range map[string]int{
		`"name": "ai.example.com", "type": "NS"`:       1,
		`"name": "gpt.ai.example.com", "type": "NS"`:   1,
		`"name": "example.com", "type": "NS"`:          0,
		`"name": "i.example.com", "type": "NS"`:        0,
		`"name": "x.gpt.ai.example.com", "type": "NS"`: 0,
		`"name": "ai.example.com", "type": "A"`:        0,
	} {
		list, err := clientOfList(t, `{"id": "r", `+item+`}`).Records(t.Context(), plan.Zone{ID: "zone", Name: "example.com"}, hosts)
		if err != nil || len(list.Found) != want || list.Total != 1 {
			t.Errorf("%s: %+v, %v", item, list, err)
		}
	}
}
