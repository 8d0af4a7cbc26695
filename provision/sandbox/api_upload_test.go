package sandbox

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestUploadErrors(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	index := js("index.js", hello)
	binding := func(list string) string { return `{"main_module":"index.js","bindings":[` + list + `]}` }
	many := make([]string, 65)
	for i := range many {
		many[i] = fmt.Sprintf(`{"type":"plain_text","name":"V%d","text":""}`, i)
	}
	big := strings.Repeat("x", 5<<10+1)
	for _, test := range []struct {
		name, meta string
		parts      []formPart
		code       int
		text       string // "" = any
	}{
		{"metadata is no JSON", `{`, []formPart{index}, 10026, ""},
		{"metadata of a wrong shape", `{"bindings":{}}`, []formPart{index}, 10026, ""},
		{"no main module", `{}`, []formPart{index}, 10021, ""},
		{"main module not sent", `{"main_module":"other.js"}`, []formPart{index}, 10021, `No such module "other.js".`},
		{"main module of a wrong type", `{"main_module":"a"}`, []formPart{{"a", "text/plain", hello}}, 10021, ""},
		{"unknown module type", `{"main_module":"index.js"}`, []formPart{index, {"a", "image/png", "x"}}, 10021, ""},
		{"part sent twice", `{"main_module":"index.js"}`, []formPart{index, index}, 10021, "part index.js is sent twice"},
		{"import not sent", `{"main_module":"index.js"}`, []formPart{js("index.js", "import a from './gone.js'\n"+hello)}, 10021, ""},
		{"does nothing", `{"main_module":"index.js"}`, []formPart{js("index.js", "const a = 1")}, 10021, "No event handlers were registered. This script does nothing."},
		{"service worker does nothing", `{"body_part":"a"}`, []formPart{{"a", typeScript, "1"}}, 10068, "The uploaded script has no registered event handlers."},
		{"date in the future", `{"main_module":"index.js","compatibility_date":"2026-11-21"}`, []formPart{index}, 10021, "Can't set compatibility date in the future: 2026-11-21"},
		{"date is none", `{"main_module":"index.js","compatibility_date":"soon"}`, []formPart{index}, 10021, ""},
		{"too many tags", `{"main_module":"index.js","tags":["1","2","3","4","5","6","7","8","9"]}`, []formPart{index}, 10021, ""},
		{"migrations", `{"main_module":"index.js","migrations":{"new_tag":"v1"}}`, []formPart{index}, 10015, ""},
		{"nameless binding", binding(`{"type":"plain_text","text":"x"}`), []formPart{index}, 10052, ""},
		{"null binding", binding(`null`), []formPart{index}, 10052, ""},
		{"bad binding name", binding(`{"type":"plain_text","name":"a b","text":"x"}`), []formPart{index}, 10021, ""},
		{"same name twice", binding(`{"type":"plain_text","name":"A","text":"x"},{"type":"json","name":"A","json":1}`), []formPart{index}, 10053,
			"Binding name 'A' already in use. Please use a different name and try again."},
		{"unknown kind", binding(`{"type":"magic","name":"A"}`), []formPart{index}, 10021, ""},
		{"text is missing", binding(`{"type":"plain_text","name":"A"}`), []formPart{index}, 10021, "binding A of type plain_text must have a valid `text` specified"},
		{"json is missing", binding(`{"type":"json","name":"A"}`), []formPart{index}, 10021, ""},
		{"rate limit without a namespace", binding(`{"type":"ratelimit","name":"R","simple":{"limit":1,"period":60}}`), []formPart{index}, 10021,
			"binding R of type ratelimit must have a valid `namespace_id` specified"},
		{"namespace that is a number", binding(`{"type":"ratelimit","name":"R","namespace_id":7,"simple":{"limit":1,"period":60}}`), []formPart{index}, 10021, ""},
		{"namespace that is no integer", binding(`{"type":"ratelimit","name":"R","namespace_id":"relay","simple":{"limit":1,"period":60}}`), []formPart{index}, 10021, ""},
		{"rate limit without a limit", binding(`{"type":"ratelimit","name":"R","namespace_id":"7"}`), []formPart{index}, 10021, ""},
		{"limit of none", binding(`{"type":"ratelimit","name":"R","namespace_id":"7","simple":{"limit":0,"period":60}}`), []formPart{index}, 10021, ""},
		{"limit an hour", binding(`{"type":"ratelimit","name":"R","namespace_id":"7","simple":{"limit":1,"period":3600}}`), []formPart{index}, 10021,
			"binding R of type ratelimit must have a valid `simple.period` specified"},
		{"mitigation below the period", binding(`{"type":"ratelimit","name":"R","namespace_id":"7","simple":{"limit":1,"period":60,"mitigation_timeout":10}}`), []formPart{index}, 10021, ""},
		{"text above 5 KB", binding(`{"type":"secret_text","name":"A","text":"` + big + `"}`), []formPart{index}, 10054, ""},
		{"too many variables", binding(strings.Join(many, ",")), []formPart{index}, 10055, ""},
		{"message too long", `{"main_module":"index.js","annotations":{"workers/message":"` + strings.Repeat("x", 1001) + `"}}`, []formPart{index}, 10021, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := *c
			c.t = t
			r := c.upload("relay", test.meta, test.parts...).wantError(400, test.code)
			if test.text != "" {
				r.wantMessage(test.text)
			}
			if test.code == 10021 && r.Errors[0].DocumentationURL == "" {
				t.Errorf("no documentation_url: %s", r.Raw)
			}
			c.do("GET", relayPath, nil).wantError(404, 10007)
		})
	}
}

func TestUploadEncodings(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	kind, noMeta := buildForm(t, js("index.js", hello))
	c.send("PUT", relayPath, kind, noMeta).wantError(400, 10021).wantMessage("could not read content for part metadata")
	// A generated form encoder may write the metadata as separate fields instead of one JSON part.
	kind, split := buildForm(t, formPart{"metadata.main_module", "text/plain", "index.js"}, js("files.0", hello))
	c.send("PUT", relayPath, kind, split).wantError(400, 10021).wantMessage("could not read content for part metadata")
	c.send("PUT", relayPath, kind, []byte("--nonsense")).wantError(400, 10026)
	c.send("PUT", relayPath, "multipart/form-data", noMeta).wantError(400, 10026)
	c.send("PUT", relayPath, "application/json", []byte(`{}`)).wantError(400, 10001).
		wantMessage("Content-Type must be one of: application/javascript, text/javascript, multipart/form-data")
	c.send("PUT", relayPath, "", nil).wantError(400, 10001)

	kind, last := buildForm(t, js("index.js", hello), formPart{"metadata", "application/octet-stream", `{"main_module":"index.js"}`})
	c.send("PUT", relayPath, kind, last).wantOK(nil)
	c.send("PUT", relayPath, "text/javascript", []byte("1")).wantError(400, 10068)
	const worker = "addEventListener('fetch', e => e.respondWith(new Response('x')))"
	var v scriptView
	c.send("PUT", relayPath, "application/javascript", []byte(worker)).wantOK(&v)
	if v.HasModules || v.CompatibilityDate != oldestDate {
		t.Errorf("got %+v", v)
	}
	if r := c.do("GET", relayPath, nil); string(r.Raw) != worker || r.Header.Get("Content-Type") != typeScript {
		t.Errorf("got %s %q", r.Header, r.Raw)
	}
}

func TestScriptNames(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	for _, bad := range []string{"Upper", "-dash", "dash-", "a.b", "a%20b", strings.Repeat("x", 64)} {
		kind, body := buildForm(t, formPart{"metadata", "application/json", `{"main_module":"index.js"}`}, js("index.js", hello))
		c.send("PUT", "/accounts/$A/workers/scripts/"+bad, kind, body).wantError(400, 10016).wantMessage("workers.api.error.invalid_script_name")
	}
	c.uploadHello(strings.Repeat("x", 63))
	c.uploadHello("a-b_c-1")
}

func TestScriptTooLarge(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	noise := make([]byte, scriptSize) // does not compress
	rand.NewChaCha8([32]byte{}).Read(noise)
	c.upload("relay", `{"main_module":"index.js"}`, js("index.js", hello), formPart{"noise", "application/octet-stream", string(noise)}).wantError(400, 10027)
}

func TestAccountsThatCannotUpload(t *testing.T) {
	t.Parallel()
	c := newClient(t, `{"accounts":[{"name":"New","subdomain":"","zones":[{"name":"example.com"}]},{"name":"Old","subdomain":"taken"}]}`)
	put := func() *response { return c.upload("relay", `{"main_module":"index.js"}`, js("index.js", hello)) }
	put().wantError(400, 10063)
	c.do("GET", "/accounts/$A/workers/subdomain", nil).wantError(404, 10007).wantMessage("You do not have a workers.dev subdomain")
	c.do("PUT", "/accounts/$A/workers/subdomain", `{"subdomain":"taken"}`).wantError(403, 10031)
	c.do("PUT", "/accounts/$A/workers/subdomain", `{"subdomain":"No.Good"}`).wantError(400, 10030)
	var got subdomainBody
	c.do("PUT", "/accounts/$A/workers/subdomain", `{"subdomain":"fresh"}`).wantOK(&got)
	c.do("PUT", "/accounts/$A/workers/subdomain", `{"subdomain":"other"}`).wantError(409, 10036).wantMessage("Account already has an associated subdomain")
	c.do("GET", "/accounts/$A/workers/subdomain", nil).wantOK(&got)
	if got.Subdomain != "fresh" {
		t.Errorf("got %+v", got)
	}
	put().wantOK(nil)
	c.do("DELETE", "/accounts/$A/workers/subdomain", nil).wantOK(nil)
	c.do("GET", "/accounts/$A/workers/subdomain", nil).wantError(404, 10007)

	c = newClient(t, `{"accounts":[{"name":"New","email_unverified":true,"zones":[{"name":"example.com"}]}]}`)
	put().wantError(403, 10034)
}
