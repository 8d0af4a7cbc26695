package provision_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/sandbox"
)

// intruder edits the account by hand while the engine runs.
type intruder struct {
	harness *harness
	created map[string]string // what it has created at our hosts: the text by API path
	// conflicts says that it has caused a conflict.
	conflicts bool
	// deletedRoute and changedContent are the hosts whose route it has deleted, or whose record it has changed.
	deletedRoute, changedContent map[string]bool
	deletedScript                bool
}

func newIntruder(h *harness) *intruder {
	return &intruder{harness: h, created: map[string]string{}, deletedRoute: map[string]bool{}, changedContent: map[string]bool{}}
}

// edit is what an intruder does at a host before a call.
type edit struct {
	at, kind, host int
	// delayed says that lists do not show it at once.
	delayed bool
}

// The kinds of edits. Bytes of the fuzzer's corpus mean these numbers.
const (
	addRecord = iota
	changeContent
	changeComment
	disableProxy
	deleteRecord
	deleteRoute
	redirectRoute
	addRoute
	uploadByHand
	deleteScript
	editKinds
)

// caused reports whether a violation is the intruder's doing.
func (in *intruder) caused(v violation) bool {
	switch v.what {
	case recordWithoutRoute:
		return in.deletedRoute[v.host]
	case recordWithoutWorker:
		return in.deletedScript
	case duplicateRecord: // the API refuses an identical one
		return in.changedContent[v.host]
	}
	return false
}

// check checks that what the intruder has created is unchanged.
func (in *intruder) check(after string) {
	now := map[string]string{}
	in.harness.state().each(func(parent, kind string, x resource, text string) { now[parent+kind+x.ID] = text })
	for path, text := range in.created {
		if now[path] != text {
			in.harness.t.Errorf("after %s: somebody else's resource has changed:\n%s\n%s", after, text, now[path])
		}
	}
}

type caller func(method, path, contentType, body string)

// caller returns a function that calls the API directly.
func (in *intruder) caller(e edit) caller {
	handler := sandbox.Handler(in.harness.store)
	if e.delayed {
		handler = in.harness.handler
	}
	client := &http.Client{Transport: sandbox.Transport(handler)}
	return func(method, path, contentType, body string) {
		r, _ := http.NewRequest(method, strings.TrimSuffix(cloudflare.DefaultBaseURL, "/")+path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+in.harness.store.Token())
		r.Header.Set("Content-Type", contentType)
		if res, err := client.Do(r); err == nil {
			res.Body.Close()
		}
	}
}

const jsonType = "application/json"

func (in *intruder) do(e edit) {
	host := in.harness.hosts[e.host]
	call := in.caller(e)
	before := map[string]bool{}
	state := in.harness.state()
	state.each(func(parent, kind string, x resource, _ string) { before[parent+kind+x.ID] = true })
	state.each(func(parent, kind string, x resource, _ string) {
		switch {
		case kind == "record" && x.Name == host && plan.OwnsComment(x.Comment):
			in.editRecord(e, host, parent+"/dns_records/"+x.ID, call)
		case kind == "route" && x.Pattern == plan.RoutePattern(host):
			in.editRoute(e, host, x.Pattern, parent+"/workers/routes/"+x.ID, call)
		case kind == "script" && slices.Contains(x.Tags, plan.OwnerTag):
			in.editScript(e, parent+"/workers/scripts/"+x.Name, call)
		}
	})
	zone := state.zonePath(host)
	switch e.kind {
	case addRecord:
		call("POST", zone+"/dns_records", jsonType, `{"type": "A", "name": "`+host+`", "content": "192.0.2.99", "ttl": 300}`)
	case addRoute:
		call("POST", zone+"/workers/routes", jsonType, `{"pattern": "`+host+`/v1/*", "script": "theirs"}`)
	default:
		return
	}
	in.conflicts = true
	in.harness.state().each(func(parent, kind string, x resource, text string) {
		if !before[parent+kind+x.ID] {
			in.created[parent+kind+x.ID] = text
		}
	})
}

func (in *intruder) editRecord(e edit, host, path string, call caller) {
	switch e.kind {
	case changeContent:
		call("PATCH", path, jsonType, `{"content": "192.0.2.77"}`)
		in.changedContent[host] = true
	case changeComment:
		call("PATCH", path, jsonType, `{"comment": "mine now"}`)
		in.conflicts = true
	case disableProxy:
		call("PATCH", path, jsonType, `{"proxied": false}`)
	case deleteRecord:
		call("DELETE", path, "", "")
	}
}

func (in *intruder) editRoute(e edit, host, pattern, path string, call caller) {
	switch e.kind {
	case deleteRoute:
		call("DELETE", path, "", "")
		in.deletedRoute[host] = true
	case redirectRoute:
		call("PUT", path, jsonType, `{"pattern": "`+pattern+`", "script": "theirs"}`)
		in.conflicts = true
	}
}

func (in *intruder) editScript(e edit, path string, call caller) {
	switch e.kind {
	case uploadByHand:
		call("PUT", path, "multipart/form-data; boundary=B", uploadBody)
		in.conflicts = true
	case deleteScript:
		call("DELETE", path+"?force=true", "", "")
		in.deletedScript = true
	}
}

const uploadBody = "--B\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{\"main_module\":\"i.js\"}\r\n" +
	"--B\r\nContent-Disposition: form-data; name=\"i.js\"; filename=\"i.js\"\r\nContent-Type: application/javascript+module\r\n\r\n" +
	"export default {fetch() {}}\r\n--B--\r\n"

// If the route is deleted, or points elsewhere, after the plan was made, the record, which is all that is missing, is
// not created.
func TestNoRecordWithoutItsRoute(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]int{"deleted": deleteRoute, "redirected": redirectRoute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, recordlessAccount(t), host)
			p, err := h.plan(t.Context(), command{}, h.config(host))
			if err != nil || len(p.Changes()) != 1 {
				t.Fatalf("got %v, %v", p.Changes(), err)
			}
			newIntruder(h).do(edit{kind: kind})
			before := h.account()
			if r := h.execute(t.Context(), p, command{}); errcode.Of(r.err) != errcode.ConcurrentChange {
				t.Errorf("got %v", r.err)
			}
			if h.account() != before {
				t.Error("something was written")
			}
		})
	}
}
