package provision_test

import (
	"net/http"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/sandbox"
)

// others are at work in the same account.
type others struct {
	trial  *trial
	placed map[string]string // what they have made at our hosts, by its path: its text
	// isInTheWay says that a conflict is to be expected.
	isInTheWay bool
	noRoute    map[string]bool // hosts whose route they have taken away
	noScript   bool
	// otherContent are hosts whose record they have changed.
	otherContent map[string]bool
}

// did tells a breach that is theirs.
func (o *others) did(b breach) bool {
	switch b.what {
	case breachOpen:
		return o.noRoute[b.host]
	case breachDead:
		return o.noScript
	case breachTwice: // the same record again would have been refused
		return o.otherContent[b.host]
	}
	return false
}

// check holds that what they have made is as they made it.
func (o *others) check(when string) {
	here := map[string]string{}
	o.trial.look().all(func(in, kind string, x held, text string) { here[in+kind+x.ID] = text })
	for path, text := range o.placed {
		if here[path] != text {
			o.trial.t.Errorf("after %s: somebody else's is not as it was:\n%s\n%s", when, text, here[path])
		}
	}
}

// caller makes calls as somebody else would, around the engine.
func (o *others) caller(e edit) func(method, path, kind, body string) {
	handler := sandbox.Handler(o.trial.store)
	if e.isBehind {
		handler = o.trial.handler
	}
	client := &http.Client{Transport: sandbox.Transport(handler)}
	return func(method, path, kind, body string) {
		r, _ := http.NewRequest(method, strings.TrimSuffix(cloudflare.DefaultBaseURL, "/")+path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+o.trial.store.Token())
		r.Header.Set("Content-Type", kind)
		if res, err := client.Do(r); err == nil {
			res.Body.Close()
		}
	}
}

const asJSON = "application/json"

func (o *others) do(e edit) {
	at := o.trial.hosts[e.host]
	call := o.caller(e)
	before := map[string]bool{}
	here := o.trial.look()
	here.all(func(in, kind string, x held, _ string) { before[in+kind+x.ID] = true })
	here.all(func(in, kind string, x held, _ string) {
		switch {
		case kind == "record" && x.Name == at && plan.OwnsComment(x.Comment):
			o.touchRecord(e, at, in+"/dns_records/"+x.ID, call)
		case kind == "route" && x.Pattern == plan.RoutePattern(at):
			o.touchRoute(e, at, x.Pattern, in+"/workers/routes/"+x.ID, call)
		case kind == "script" && slices.Contains(x.Tags, plan.OwnerTag):
			o.touchScript(e, in+"/workers/scripts/"+x.Name, call)
		}
	})
	zone := zoneHolding(here, at)
	switch e.kind {
	case addRecord:
		call("POST", zone+"/dns_records", asJSON, `{"type": "A", "name": "`+at+`", "content": "192.0.2.99", "ttl": 300}`)
	case addRoute:
		call("POST", zone+"/workers/routes", asJSON, `{"pattern": "`+at+`/v1/*", "script": "theirs"}`)
	default:
		return
	}
	o.isInTheWay = true
	o.trial.look().all(func(in, kind string, x held, text string) {
		if !before[in+kind+x.ID] {
			o.placed[in+kind+x.ID] = text
		}
	})
}

func (o *others) touchRecord(e edit, at, path string, call func(method, path, kind, body string)) {
	switch e.kind {
	case changeContent:
		call("PATCH", path, asJSON, `{"content": "192.0.2.77"}`)
		o.otherContent[at] = true
	case changeComment:
		call("PATCH", path, asJSON, `{"comment": "mine now"}`)
		o.isInTheWay = true
	case greyRecord:
		call("PATCH", path, asJSON, `{"proxied": false}`)
	case deleteRecord:
		call("DELETE", path, "", "")
	}
}

func (o *others) touchRoute(e edit, at, pattern, path string, call func(method, path, kind, body string)) {
	switch e.kind {
	case deleteRoute:
		call("DELETE", path, "", "")
		o.noRoute[at] = true
	case leadElsewhere:
		call("PUT", path, asJSON, `{"pattern": "`+pattern+`", "script": "theirs"}`)
		o.isInTheWay = true
	}
}

func (o *others) touchScript(e edit, path string, call func(method, path, kind, body string)) {
	switch e.kind {
	case uploadByHand:
		call("PUT", path, "multipart/form-data; boundary=B", byHand)
		o.isInTheWay = true
	case deleteScript:
		call("DELETE", path+"?force=true", "", "")
		o.noScript = true
	}
}

// zoneHolding gives the path of the zone that a host lies in.
func zoneHolding(h holdings, host string) string {
	for _, account := range h.Accounts {
		for _, zone := range account.Zones {
			if strings.HasSuffix(host, "."+zone.Name) {
				return "/zones/" + zone.ID
			}
		}
	}
	return ""
}

const byHand = "--B\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{\"main_module\":\"i.js\"}\r\n" +
	"--B\r\nContent-Disposition: form-data; name=\"i.js\"; filename=\"i.js\"\r\nContent-Type: application/javascript+module\r\n\r\n" +
	"export default {fetch() {}}\r\n--B--\r\n"
