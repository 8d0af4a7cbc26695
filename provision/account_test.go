package provision_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/cfproxy/cfproxy/provision/plan"
)

// account returns the account as JSON, without the named top-level fields.
func (h *harness) account(without ...string) string {
	h.t.Helper()
	data, err := h.store.Bytes()
	if err != nil {
		h.t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		h.t.Fatal(err)
	}
	for _, name := range without {
		delete(fields, name)
	}
	data, err = json.Marshal(fields)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(data)
}

// accountState is what the sandbox's accounts contain.
type accountState struct {
	Accounts []struct {
		ID      string
		Scripts []json.RawMessage
		Zones   []struct {
			ID      string
			Name    string
			Records []json.RawMessage
			Routes  []json.RawMessage
		}
	}
}

// resource is a record, a route or a script.
type resource struct {
	ID, Type, Name, Content, Comment, Pattern, Script string
	Proxied                                           bool
	Tags                                              []string
}

func (h *harness) state() accountState {
	data, err := h.store.Bytes()
	var s accountState
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		h.t.Error(err)
	}
	return s
}

// each calls visit for every resource, with the API path of its parent and its JSON text.
func (s accountState) each(visit func(parent, kind string, x resource, text string)) {
	list := func(parent, kind string, texts []json.RawMessage) {
		for _, text := range texts {
			var x resource
			if err := json.Unmarshal(text, &x); err != nil {
				panic(err)
			}
			visit(parent, kind, x, string(text))
		}
	}
	for _, a := range s.Accounts {
		list("/accounts/"+a.ID, "script", a.Scripts)
		for _, z := range a.Zones {
			list("/zones/"+z.ID, "record", z.Records)
			list("/zones/"+z.ID, "route", z.Routes)
		}
	}
}

// zonePath returns the API path of the zone that has a host.
func (s accountState) zonePath(host string) string {
	for _, account := range s.Accounts {
		for _, zone := range account.Zones {
			if strings.HasSuffix(host, "."+zone.Name) {
				return "/zones/" + zone.ID
			}
		}
	}
	return ""
}

// foreignState returns the text of every resource that does not belong to the relays of hosts.
func (s accountState) foreignState(hosts []string) map[string]string {
	out := map[string]string{}
	s.each(func(_, kind string, x resource, text string) {
		isOurs := kind == "script" && slices.Contains(x.Tags, plan.OwnerTag) ||
			kind == "route" && slices.Contains(hosts, hostOf(x.Pattern)) ||
			kind == "record" && slices.Contains(hosts, x.Name) && slices.Contains([]string{"A", "AAAA", "CNAME"}, x.Type)
		if !isOurs {
			out[kind+" "+x.ID+x.Name+x.Pattern] = text
		}
	})
	return out
}

func hostOf(pattern string) string {
	host, _, _ := strings.Cut(pattern, "/")
	return host
}

// violation is a state that the engine must never leave, not even between two calls.
type violation struct{ what, host string }

const (
	recordWithoutRoute  = "a proxied record of ours without its route"
	recordWithoutWorker = "a proxied record of ours whose route has no Worker"
	duplicateRecord     = "two records of ours"
	duplicateRoute      = "two routes"
)

func (s accountState) violations() []violation {
	routes, scripts, records := map[string]string{}, map[string]bool{}, map[string]int{}
	var found []violation
	s.each(func(_, kind string, x resource, _ string) {
		switch kind {
		case "script":
			scripts[x.Name] = true
		case "route":
			if _, isDuplicate := routes[x.Pattern]; isDuplicate {
				found = append(found, violation{duplicateRoute, hostOf(x.Pattern)})
			}
			routes[x.Pattern] = x.Script
		}
	})
	s.each(func(_, kind string, x resource, _ string) {
		if kind != "record" || !plan.OwnsComment(x.Comment) {
			return
		}
		if records[x.Name]++; records[x.Name] == 2 {
			found = append(found, violation{duplicateRecord, x.Name})
		}
		script, hasRoute := routes[x.Name+"/*"]
		switch {
		case !x.Proxied:
		case !hasRoute:
			found = append(found, violation{recordWithoutRoute, x.Name})
		case !scripts[script]:
			found = append(found, violation{recordWithoutWorker, x.Name})
		}
	})
	return found
}

// normalized returns the resources by kind and name, without ids, times and earlier deployments.
func (s accountState) normalized() map[string]string {
	ignored := []string{"id", "tag", "version", "versions", "deployments", "number", "unseen"}
	out := map[string]string{}
	s.each(func(_, kind string, x resource, text string) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(text), &fields); err != nil {
			panic(err)
		}
		maps.DeleteFunc(fields, func(name string, _ any) bool {
			return strings.HasSuffix(name, "_on") || slices.Contains(ignored, name)
		})
		data, _ := json.Marshal(fields) // it was JSON before
		out[kind+" "+x.Name+x.Pattern] += string(data)
	})
	return out
}

// changed returns the names that differ between two normalized states.
func changed(before, after map[string]string) []string {
	var names []string
	for name := range before {
		if before[name] != after[name] {
			names = append(names, name)
		}
	}
	for name := range after {
		if _, existed := before[name]; !existed {
			names = append(names, name)
		}
	}
	return names
}
