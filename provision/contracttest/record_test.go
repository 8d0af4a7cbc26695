package contracttest

import (
	"encoding/json"
	"strconv"
	"strings"
)

type record struct {
	ID      string  `json:"id,omitempty"`
	Type    string  `json:"type,omitempty"`
	Name    string  `json:"name,omitempty"`
	Content string  `json:"content,omitempty"`
	Proxied bool    `json:"proxied,omitempty"`
	TTL     float64 `json:"ttl,omitempty"`
	Comment *string `json:"comment,omitempty"`
}

const records = "/zones/$Z/dns_records"

// The addresses of the records belong to nobody: they are set aside for documentation, RFC 5737.
func address(host, last string) record {
	return record{Type: "A", Name: host, Content: "192.0.2." + last, Proxied: true, TTL: 1, Comment: text(comment)}
}

// record makes a record that goes away with the test.
func (a *api) record(wanted record) record {
	a.t.Helper()
	var made record
	a.post(records, wanted).ok(&made)
	return made
}

// named lists the records of exactly this name.
func (a *api) named(host string) []record {
	a.t.Helper()
	var found []record
	a.do("GET", records+"?per_page=5000&page=1&name.exact="+host, nil).ok(&found)
	return found
}

func recordLife(a *api) {
	host := a.host()
	made := a.record(address(host, "1"))
	if made.ID == "" || made.Name != host || made.Content != "192.0.2.1" || !made.Proxied || made.TTL != 1 {
		a.t.Errorf("made %+v", made)
	}
	a.record(address(strings.Replace(host, ".", "-longer.", 1), "1"))
	if found := a.named(strings.ToUpper(host)); len(found) != 1 || found[0].ID != made.ID {
		a.t.Errorf("by its name it is %+v", found)
	}
	one := records + "/" + made.ID
	var changed record
	a.do("PUT", one, address(host, "2")).ok(&changed)
	if changed.ID != made.ID || changed.Content != "192.0.2.2" || !changed.Proxied {
		a.t.Errorf("changed to %+v", changed)
	}
	r := a.do("PATCH", one, record{Content: "192.0.2.3"})
	_ = json.Unmarshal(r.Result, &changed)
	a.unverified(r.Success && changed.Content == "192.0.2.3" && changed.Proxied && changed.Comment != nil && *changed.Comment == comment,
		"%s: %d %s", r.what, r.status, r.raw)
	var gone record
	a.do("DELETE", one, nil).ok(&gone)
	if gone.ID != made.ID {
		a.t.Errorf("deleted %q, and asked for %s", gone.ID, made.ID)
	}
	a.do("DELETE", one, nil).refused(404, 81044)
	a.do("GET", one, nil).refused(404, 81044)
	a.do("PUT", one, address(host, "2")).refused(404, 81044)
	if found := a.named(host); len(found) != 0 {
		a.t.Errorf("after all it is %+v", found)
	}
}

// A name has either one CNAME or any number of addresses, and no two records are the same.
func recordClashes(a *api) {
	host, other := a.host(), a.host()
	a.record(address(host, "1"))
	a.post(records, address(host, "1")).refused(400, 81058)
	alias := record{Type: "CNAME", Name: host, Content: "example.com", TTL: 1, Comment: text(comment)}
	a.post(records, alias).refused(400, 81053)
	a.record(address(host, "2"))
	if found := a.named(host); len(found) != 2 {
		a.t.Errorf("two addresses of one name are %+v", found)
	}
	alias.Name = other
	a.record(alias)
	a.post(records, address(other, "1")).refused(400, 81054)
}

// A comment comes back as it was, null where there is none, and a PUT without one takes it away.
func recordComment(a *api) {
	host := a.host()
	long := comment + " " + strings.Repeat("x", 100-len(comment)-1)
	wanted := address(host, "1")
	wanted.Comment = &long
	made := a.record(wanted)
	if made.Comment == nil || *made.Comment != long {
		a.t.Errorf("made %+v", made)
	}
	wanted.Comment = nil
	a.do("PUT", records+"/"+made.ID, wanted).ok(nil)
	found := a.named(host)
	if len(found) != 1 {
		a.t.Fatalf("found %+v", found)
	}
	a.unverified(found[0].Comment == nil, "after a PUT without it the comment is %v", found[0].Comment)
}

// A list comes in pages that say how many there are.
func recordPages(a *api) {
	host := a.host()
	for i := range 3 {
		a.record(address(host, strconv.Itoa(i+1)))
	}
	seen := map[string]bool{}
	for page := 1; page <= 3; page++ {
		var part []record
		r := a.do("GET", records+"?order=content&per_page=1&page="+strconv.Itoa(page)+"&name.exact="+host, nil).ok(&part)
		if len(part) != 1 || r.Info.Page != page || r.Info.PerPage != 1 || r.Info.Count != 1 || r.Info.TotalCount != 3 || r.Info.TotalPages != 3 {
			a.t.Fatalf("%s: %s", r.what, r.raw)
		}
		seen[part[0].ID] = true
	}
	if len(seen) != 3 {
		a.t.Errorf("three pages hold %d records", len(seen))
	}
}
