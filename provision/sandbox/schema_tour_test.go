package sandbox

import (
	"net/http"
	"strings"
)

const unusedID = "00000000000000000000000000000000"

// run calls the whole API. Calls to new endpoints belong into one of the parts.
func (w *apiTour) run() {
	w.token = "cfut_all"
	w.accounts()
	w.scripts()
	w.scriptErrors()
	w.scriptParts()
	w.versions()
	w.domains()
	w.routes()
	w.wrangler()
	w.records()
	w.otherRecords()
	w.recordErrors()
	w.credentials()
	w.faults()
}

func (w *apiTour) accounts() {
	for _, path := range []string{
		"/user/tokens/verify", "/user/tokens/permission_groups?name=Zone+Read&scope=com.cloudflare.api.account.zone",
		"/accounts?page=1&per_page=5&direction=desc&name=Acme", "/accounts/$A", "/accounts/$A/tokens/permission_groups",
		"/zones", "/zones?name=example.com&account.id=$A&status=active&order=name&direction=asc&match=all&page=1&per_page=50",
		"/zones/$Z", "/accounts/$A/workers/subdomain", "/accounts/$A/workers/domains?zone_name=example.com&environment=production",
		"/accounts/$A/workers/placement/regions",
	} {
		w.do("GET", path, nil).wantOK(nil)
	}
	w.token = "cfat_owned"
	w.do("GET", "/accounts/$A/tokens/verify", nil).wantOK(nil)
	w.token = "cfut_all"
	w.do("GET", "/zones?status=gone", nil).wantError(400, 1001)
	w.do("PUT", "/accounts/$A/workers/subdomain", `{"subdomain":"other"}`).wantError(409, 10036)
	w.do("DELETE", "/accounts/$A/workers/subdomain", nil).wantOK(nil)
	w.do("GET", "/accounts/$A/workers/subdomain", nil).wantError(404, 10007)
	w.do("PUT", "/accounts/$A/workers/subdomain", `{"subdomain":"acme"}`).wantOK(nil)
}

// allMetadata is metadata with all fields that the sandbox reads.
const allMetadata = `{"main_module":"index.js","compatibility_date":"2026-06-01","compatibility_flags":["nodejs_compat"],"usage_model":"standard",
  "tags":["managed-by=tour"],"annotations":{"workers/message":"a tour","workers/tag":"1"},"placement":{"mode":"targeted","region":"aws:us-east-1"},
  "observability":{"enabled":true,"head_sampling_rate":1},"limits":{"cpu_ms":10},"logpush":true,"tail_consumers":[{"service":"other"}],
  "keep_bindings":["secret_text"],"bindings":[
    {"type":"plain_text","name":"A","text":"a"},{"type":"secret_text","name":"B","text":"b"},{"type":"json","name":"C","json":{"c":[1]}},{"type":"json","name":"C2","json":[1]},
    {"type":"kv_namespace","name":"D","namespace_id":"d"},{"type":"analytics_engine","name":"E","dataset":"e"},
    {"type":"ratelimit","name":"F","namespace_id":"1","simple":{"limit":10,"period":60}},{"type":"service","name":"G","service":"other"},
    {"type":"version_metadata","name":"H"},{"type":"ai","name":"I"}]}`

func (w *apiTour) scripts() {
	const one = "/accounts/$A/workers/scripts/relay"
	w.uploadHello("other")
	w.upload("relay", allMetadata, js("index.js", hello), js("more.js", "export const x = 1\n")).wantOK(nil)
	kind, body := buildForm(w.t, formPart{"metadata", "application/json", `{"main_module":"index.js","compatibility_date":"2026-06-01",
		"tags":["managed-by=tour"],"bindings":[{"type":"inherit","name":"B"},{"type":"inherit","name":"A2","old_name":"A"}]}`}, js("index.js", hello))
	w.send("PUT", one+"?bindings_inherit=strict", kind, body).wantOK(nil)
	w.send("PUT", "/accounts/$A/workers/scripts/classic", typeScript, []byte("addEventListener('fetch', e => e)")).wantOK(nil)
	for _, path := range []string{"", "/settings", "/script-settings", "/subdomain", "/secrets", "/versions?page=1&per_page=5&deployable=true", "/deployments"} {
		if r := w.do("GET", one+path, nil); r.Status != http.StatusOK {
			w.t.Errorf("%s: %d %s", r.what, r.Status, r.Raw)
		}
	}
	w.do("GET", one+"/content/v2", nil)
	w.do("GET", "/accounts/$A/workers/scripts/classic", nil)
	w.do("GET", "/accounts/$A/workers/scripts?tags=managed-by=tour:yes", nil).wantOK(nil)
	w.upload("relay", allMetadata, js("index.js", hello)).wantOK(nil)
	w.do("GET", one+"/settings", nil).wantOK(nil)
}

func (w *apiTour) scriptParts() {
	const one = "/accounts/$A/workers/scripts/relay"
	settings := func(text string) *response {
		kind, body := buildForm(w.t, formPart{"settings", "application/json", text})
		return w.send("PATCH", one+"/settings", kind, body)
	}
	settings(`{"tags":["a"],"bindings":[{"type":"plain_text","name":"A","text":"b"}],"placement":{"mode":"smart"}}`).wantOK(nil)
	settings(`{"tags":["a b","c,d"]}`).wantError(400, 10021)
	w.do("PATCH", one+"/script-settings", `{"logpush":false,"observability":{"enabled":false},"tags":["a"],"tail_consumers":null}`).wantOK(nil)
	w.do("PATCH", one+"/script-settings", `{`).wantError(400, 10026)
	w.do("POST", one+"/subdomain", `{"enabled":true,"previews_enabled":false}`).wantOK(nil)
	w.do("POST", one+"/subdomain", `{}`).wantError(400, 10026)
	w.do("DELETE", one+"/subdomain", nil).wantOK(nil)
	w.do("PUT", one+"/secrets", `{"name":"KEY","text":"secret","type":"secret_text"}`).wantOK(nil)
	w.do("PUT", one+"/secrets", `{"name":"A","text":"secret","type":"secret_text"}`).wantError(400, 10053)
	w.do("GET", one+"/secrets/KEY?url_encoded=true", nil).wantOK(nil)
	w.do("GET", one+"/settings", nil).wantOK(nil)
	var versions struct{ Items []struct{ ID string } }
	w.do("GET", one+"/versions", nil).wantOK(&versions)
	w.do("GET", one+"/versions/"+versions.Items[0].ID, nil).wantOK(nil)
	w.do("GET", one+"/versions/none", nil).wantError(404, 100146)
	var deployments struct{ Deployments []struct{ ID string } }
	w.do("GET", one+"/deployments", nil).wantOK(&deployments)
	w.do("GET", one+"/deployments/"+deployments.Deployments[0].ID, nil).wantOK(nil)
	w.do("GET", one+"/deployments/none", nil).wantError(404, 10336)
	w.do("DELETE", one+"/secrets/KEY", nil).wantOK(nil)
	w.do("DELETE", one+"/secrets/KEY", nil).wantError(404, 10056)
}

func (w *apiTour) scriptErrors() {
	w.upload("Relay", allMetadata, js("index.js", hello)).wantError(400, 10016)
	w.upload("relay", `{`, js("index.js", hello)).wantError(400, 10026)
	w.upload("relay", `{"main_module":"gone.js"}`, js("index.js", hello)).wantError(400, 10021)
	w.do("PUT", "/accounts/$A/workers/scripts/relay", `{}`).wantError(400, 10001)
	w.do("POST", "/accounts/$A/workers/scripts/relay", `{}`).wantError(405, 10405)
	w.do("GET", "/accounts/$A/workers/scripts/gone/settings", nil).wantError(404, 10007)
	w.do("DELETE", "/accounts/$A/workers/scripts/other", nil).wantError(400, 10064)
	w.do("DELETE", "/accounts/$A/workers/scripts/other?force=true", nil).wantOK(nil)
	w.do("DELETE", "/accounts/$A/workers/scripts/other", nil).wantError(404, 10007)
	account := w.account
	w.account = derivedID("account", "New")
	w.upload("first", `{"main_module":"index.js"}`, js("index.js", hello))
	w.account = account
}

func (w *apiTour) versions() {
	const one = "/accounts/$A/workers/scripts/relay"
	kind, body := buildForm(w.t, formPart{"metadata", "application/json", `{"main_module":"index.js","compatibility_date":"2026-06-01",
		"annotations":{"workers/message":"later"},"bindings":[{"type":"inherit","name":"A"}]}`}, js("index.js", hello))
	var created struct{ ID string }
	w.send("POST", one+"/versions?bindings_inherit=strict", kind, body).wantOK(&created)
	w.do("POST", one+"/deployments?force=true", `{"strategy":"percentage","versions":[{"version_id":"`+created.ID+`","percentage":100}],
		"annotations":{"workers/message":"now"}}`).wantOK(nil)
	w.do("POST", one+"/deployments", `{"strategy":"percentage","versions":[{"version_id":"`+created.ID+`","percentage":10}]}`).wantError(400, 10210)
	w.do("GET", one+"/versions", nil).wantOK(nil)
	var list struct{ Deployments []struct{ ID string } }
	w.do("GET", one+"/deployments", nil).wantOK(&list)
	w.do("DELETE", one+"/deployments/"+list.Deployments[1].ID, nil).wantOK(nil)
	w.do("DELETE", one+"/deployments/"+list.Deployments[0].ID, nil).wantError(400, 10336)
}

// wrangler makes calls that the API description does not have, so only their envelopes are checked.
func (w *apiTour) wrangler() {
	for _, path := range []string{"/user", "/memberships", "/accounts/$A/storage/kv/namespaces?per_page=100", "/accounts/$A/workers/services/relay",
		"/accounts/$A/workers/scripts/relay/references", "/accounts/$A/workers/tails/by-consumer/relay"} {
		w.do("GET", path, nil).wantOK(nil)
	}
	w.do("PUT", "/accounts/$A/workers/scripts/relay/routes", `[{"pattern":"w.example.com/*","zone_name":"example.com"}]`).wantOK(nil)
	kind, body := buildForm(w.t, formPart{"metadata", "application/json", `{"main_module":"index.js"}`}, js("index.js", hello))
	w.send("PUT", "/accounts/$A/workers/scripts/third?excludeScript=true&bindings_inherit=strict", kind, body).wantOK(nil)
	w.do("DELETE", "/accounts/$A/workers/services/third?force=true", nil).wantOK(nil)
}

func (w *apiTour) domains() {
	const all = "/accounts/$A/workers/domains"
	w.uploadHello("second")
	var created struct{ ID string }
	w.do("PUT", all, `{"hostname":"custom.example.com","service":"relay","zone_name":"example.com"}`).wantOK(&created)
	w.do("PUT", all, `{"hostname":"custom.example.com","service":"second"}`).wantError(409, 100116)
	w.do("PUT", all, `{"hostname":"custom.example.com","service":"second","override_existing_origin":true,"override_existing_dns_record":true}`).wantOK(nil)
	w.do("GET", all+"?hostname=custom.example.com", nil).wantOK(nil)
	w.do("GET", all+"/"+created.ID, nil).wantOK(nil)
	w.do("GET", "/zones/$Z/dns_records?name.exact=custom.example.com", nil).wantOK(nil)
	w.do("DELETE", all+"/"+created.ID, nil)
	w.do("DELETE", all+"/"+created.ID, nil).wantError(404, 100114)
}

func (w *apiTour) routes() {
	const all = "/zones/$Z/workers/routes"
	var created struct{ ID string }
	w.do("POST", all, `{"pattern":"a.example.com/*","script":"relay"}`).wantOK(&created)
	w.do("POST", all, `{"pattern":"a.example.com/no"}`).wantOK(nil)
	w.do("POST", all, `{"pattern":"a.example.com/*","script":"relay"}`).wantError(409, 10020)
	w.do("POST", all, `{"pattern":"b.example.com/*","script":"gone"}`).wantError(400, 10019)
	w.do("POST", all, `{"pattern":"a.elsewhere.com/*"}`).wantError(400, 10022)
	w.do("GET", all, nil).wantOK(nil)
	w.do("GET", all+"/"+created.ID, nil).wantOK(nil)
	w.do("PUT", all+"/"+created.ID, `{"pattern":"a.example.com/*","script":"relay","request_limit_fail_open":true}`).wantOK(nil)
	w.do("DELETE", all+"/"+created.ID, nil).wantOK(nil)
	w.do("DELETE", all+"/"+created.ID, nil).wantError(404, 10009)
	w.do("GET", all+"/"+created.ID, nil).wantError(404, 10007)
	w.do("GET", "/nowhere", nil).wantError(404, 7003)
}

func (w *apiTour) records() {
	const all = "/zones/$Z/dns_records"
	var created struct{ ID string }
	w.do("POST", all, `{"type":"A","name":"a.example.com","content":"2.2.2.2","proxied":true,"ttl":1,"comment":"mine"}`).wantOK(&created)
	one := all + "/" + created.ID
	w.do("GET", one, nil).wantOK(nil)
	w.do("PUT", one, `{"type":"A","name":"a.example.com","content":"2.2.2.3","proxied":true,"ttl":1}`).wantOK(nil)
	w.do("PATCH", one, `{"content":"2.2.2.4"}`).wantOK(nil)
	w.do("GET", one, nil).wantOK(nil)
	var existing, deleted struct{ ID string }
	w.do("POST", all, `{"type":"AAAA","name":"kept.example.com","content":"100::"}`).wantOK(&existing)
	w.do("POST", all, `{"type":"A","name":"gone.example.com","content":"2.2.2.2","ttl":60}`).wantOK(&deleted)
	w.do("POST", all+"/batch", `{"deletes":[{"id":"`+deleted.ID+`"}],"patches":[{"id":"`+created.ID+`","comment":"patched"}],
		"puts":[{"id":"`+existing.ID+`","type":"AAAA","name":"kept.example.com","content":"100::","proxied":true,"ttl":1}],
		"posts":[{"type":"A","name":"new.example.com","content":"2.2.2.2","proxied":true}]}`).wantOK(nil)
	w.do("GET", all+"?name.exact=a.example.com&type=A&match=all&order=name&direction=asc&proxied=true&page=1&per_page=5000", nil).wantOK(nil)
	w.do("GET", all+"?name.startswith=a&comment.present=true&search=a&tag.absent=x", nil).wantOK(nil)
	w.do("DELETE", one, nil).wantOK(nil)
	w.do("DELETE", one, nil).wantError(404, 81044)
}

// otherRecords are types of records that cfproxy reads but does not write, in a zone with tags.
func (w *apiTour) otherRecords() {
	free := w.zone
	w.zone = derivedID("zone", w.account, "example.org")
	for _, record := range []string{
		`{"type":"CNAME","name":"www.example.org","content":"example.com","proxied":false,"ttl":300,"tags":["a:b"]}`,
		`{"type":"TXT","name":"example.org","content":"\"v=spf1 -all\"","ttl":1}`,
		`{"type":"MX","name":"example.org","content":"mail.example.com","priority":10,"ttl":1}`,
		`{"type":"NS","name":"sub.example.org","content":"ns.example.com","ttl":1}`,
	} {
		w.do("POST", "/zones/$Z/dns_records", record).wantOK(nil)
	}
	w.do("GET", "/zones/$Z/dns_records", nil).wantOK(nil)
	w.zone = free
}

func (w *apiTour) recordErrors() {
	const all = "/zones/$Z/dns_records"
	a := `{"type":"A","name":"b.example.com","content":"2.2.2.2","ttl":1}`
	w.do("POST", all, a).wantOK(nil)
	w.do("POST", all, a).wantError(400, 81058)
	w.do("POST", all, `{"type":"CNAME","name":"b.example.com","content":"example.org","ttl":1}`).wantError(400, 81053)
	w.do("POST", all, `{"type":"A","name":"b.example.com","content":"nonsense","ttl":1}`).wantError(400, 9005)
	w.do("POST", all, `{"type":"A","name":"c.example.com","content":"2.2.2.2","ttl":1,"tags":["a:b"]}`).wantError(400, 1004)
	w.do("POST", all+"/batch", `{"posts":[`+a+`]}`).wantError(400, 81058)
	w.do("POST", all, `{`).wantError(400, 6007)
	w.do("DELETE", all, nil).wantError(405, 7001)
	w.do("GET", all+"/nonsense", nil).wantError(404, 7003)
}

// credentials calls every endpoint with a token that it rejects, and some without a token.
func (w *apiTour) credentials() {
	fill := strings.NewReplacer("{account}", "$A", "{zone}", "$Z", "{script}", "relay", "{secret}", "KEY", "{record}", unusedID, "{route}", unusedID)
	for _, token := range []string{"cfut_" + strings.Repeat("0", 48), "malformed", "cfut_nothing", ""} {
		w.token = token
		for _, e := range endpoints() {
			w.do(e.method, fill.Replace(e.path), nil)
		}
	}
	w.token = "cfut_all"
}

// faults are injected errors, which the API may return at any time.
func (w *apiTour) faults() {
	err := w.store.update(func(st *state) error {
		st.Faults = []*Fault{
			{Method: "GET", Path: "/zones", RetryAfter: "1"},
			{Method: "GET", Path: "/zones", Status: 403, Body: "<html>"},
			{Method: "GET", Path: "/zones", Status: 503},
			{Method: "GET", Path: "/zones", Status: 400, Code: 971, Message: "slow down"},
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	for range 4 {
		w.do("GET", "/zones", nil)
	}
}
