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

// The addresses of the records are reserved for documentation, RFC 5737.
func address(host, last string) record {
	return record{Type: "A", Name: host, Content: "192.0.2." + last, Proxied: true, TTL: 1, Comment: new(comment)}
}

// record creates a record that is deleted after the test.
func (a *api) record(wanted record) record {
	a.t.Helper()
	var created record
	a.create(records, wanted).wantOK(&created)
	return created
}

// recordsNamed returns the records with exactly this name.
func (a *api) recordsNamed(host string) []record {
	a.t.Helper()
	var found []record
	a.do("GET", records+"?per_page=5000&page=1&name.exact="+host, nil).wantOK(&found)
	return found
}

func recordLifecycle(a *api) {
	host := a.host()
	created := a.record(address(host, "1"))
	if created.ID == "" || created.Name != host || created.Content != "192.0.2.1" || !created.Proxied || created.TTL != 1 {
		a.t.Errorf("created %+v", created)
	}
	a.record(address(strings.Replace(host, ".", "-longer.", 1), "1"))
	if found := a.recordsNamed(strings.ToUpper(host)); len(found) != 1 || found[0].ID != created.ID {
		a.t.Errorf("found by name: %+v", found)
	}
	one := records + "/" + created.ID
	var changed record
	a.do("PUT", one, address(host, "2")).wantOK(&changed)
	if changed.ID != created.ID || changed.Content != "192.0.2.2" || !changed.Proxied {
		a.t.Errorf("changed to %+v", changed)
	}
	r := a.do("PATCH", one, record{Content: "192.0.2.3"})
	_ = json.Unmarshal(r.Result, &changed)
	a.unverified(r.Success && changed.Content == "192.0.2.3" && changed.Proxied && changed.Comment != nil && *changed.Comment == comment,
		"%s: %d %s", r.what, r.status, r.raw)
	var deleted record
	a.do("DELETE", one, nil).wantOK(&deleted)
	if deleted.ID != created.ID {
		a.t.Errorf("deleted %q, want %s", deleted.ID, created.ID)
	}
	a.do("DELETE", one, nil).wantError(404, 81044)
	a.do("GET", one, nil).wantError(404, 81044)
	a.do("PUT", one, address(host, "2")).wantError(404, 81044)
	if found := a.recordsNamed(host); len(found) != 0 {
		a.t.Errorf("after the deletion: %+v", found)
	}
}

// A name has either one CNAME or any number of addresses, and no two records are equal.
func recordConflicts(a *api) {
	host, other := a.host(), a.host()
	a.record(address(host, "1"))
	a.create(records, address(host, "1")).wantError(400, 81058)
	alias := record{Type: "CNAME", Name: host, Content: "example.com", TTL: 1, Comment: new(comment)}
	a.create(records, alias).wantError(400, 81053)
	a.record(address(host, "2"))
	if found := a.recordsNamed(host); len(found) != 2 {
		a.t.Errorf("two addresses of one name are %+v", found)
	}
	alias.Name = other
	a.record(alias)
	a.create(records, address(other, "1")).wantError(400, 81054)
}

// A comment is returned unchanged, null if there is none, and a PUT without one deletes it.
func recordComment(a *api) {
	host := a.host()
	long := comment + " " + strings.Repeat("x", 100-len(comment)-1)
	wanted := address(host, "1")
	wanted.Comment = &long
	created := a.record(wanted)
	if created.Comment == nil || *created.Comment != long {
		a.t.Errorf("created %+v", created)
	}
	wanted.Comment = nil
	a.do("PUT", records+"/"+created.ID, wanted).wantOK(nil)
	found := a.recordsNamed(host)
	if len(found) != 1 {
		a.t.Fatalf("found %+v", found)
	}
	a.unverified(found[0].Comment == nil, "after a PUT without it the comment is %v", found[0].Comment)
}

// Lists are paginated and say how many pages there are.
func recordPages(a *api) {
	host := a.host()
	for i := range 3 {
		a.record(address(host, strconv.Itoa(i+1)))
	}
	seen := map[string]bool{}
	for page := 1; page <= 3; page++ {
		var part []record
		r := a.do("GET", records+"?order=content&per_page=1&page="+strconv.Itoa(page)+"&name.exact="+host, nil).wantOK(&part)
		if len(part) != 1 || r.Info.Page != page || r.Info.PerPage != 1 || r.Info.Count != 1 || r.Info.TotalCount != 3 || r.Info.TotalPages != 3 {
			a.t.Fatalf("%s: %s", r.what, r.raw)
		}
		seen[part[0].ID] = true
	}
	if len(seen) != 3 {
		a.t.Errorf("three pages have %d records", len(seen))
	}
}
