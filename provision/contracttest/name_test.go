package contracttest

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	prefix  = "cfproxy-contract-"
	comment = "cfproxy contract test" // on every record
	tag     = "cfproxy-contract-test" // on every script
)

// nameAt returns a name for a script or host from a random string and the time, as eight hexadecimal digits of Unix
// seconds: routes have no date.
func nameAt(created time.Time, random string) string {
	return prefix + strconv.FormatInt(created.Unix(), 16) + random
}

// isOld reports whether a name, or its part before a dash, was created by nameAt before a time.
func isOld(name string, before time.Time) bool {
	rest, isPrefixed := strings.CutPrefix(name, prefix)
	rest, _, _ = strings.Cut(rest, "-")
	if _, err := strconv.ParseUint(rest, 16, 64); err != nil || !isPrefixed || len(rest) != 14 {
		return false
	}
	seconds, err := strconv.ParseInt(rest[:8], 16, 64)
	return err == nil && time.Unix(seconds, 0).Before(before)
}

// sweep deletes what earlier runs have not deleted, in the safe order: records, routes, scripts. It deletes a resource
// only if its name and its comment, script or tag show that it is one of these tests' and old.
func (a *api) sweep(before time.Time) {
	a.t.Helper()
	label := func(host string) string { name, _, _ := strings.Cut(host, "."); return name }
	var records []record
	a.do("GET", "/zones/$Z/dns_records?per_page=1000&name.startswith="+prefix, nil).wantOK(&records)
	for _, r := range records {
		if isOld(label(r.Name), before) && r.Comment != nil && *r.Comment == comment {
			a.do("DELETE", "/zones/$Z/dns_records/"+r.ID, nil).wantOK(nil)
		}
	}
	var routes []route
	a.do("GET", "/zones/$Z/workers/routes", nil).wantOK(&routes)
	for _, r := range routes {
		if isOld(label(r.Pattern), before) && (r.Script == "" || isOld(r.Script, before)) {
			a.do("DELETE", "/zones/$Z/workers/routes/"+r.ID, nil).wantOK(nil)
		}
	}
	var scripts []script
	a.do("GET", "/accounts/$A/workers/scripts", nil).wantOK(&scripts)
	for _, s := range scripts {
		if isOld(s.ID, before) && s.hasTag() {
			a.do("DELETE", "/accounts/$A/workers/scripts/"+s.ID, nil).wantOK(nil)
		}
	}
}

// Only old resources of these tests are deleted, not similar ones.
func TestSweep(t *testing.T) {
	t.Parallel()
	a := inSandbox(t).forTest(t)
	now := time.Unix(1_800_000_000, 0)
	old, young := nameAt(now.Add(-2*time.Hour), "000001"), nameAt(now.Add(-time.Minute), "000002")
	for _, name := range []string{old, young, "cfproxy-contract-mine", "relay"} {
		a.put(name, metadata{Tags: []string{tag}})
		a.do("POST", "/zones/$Z/workers/routes", route{Pattern: name + ".example.com/*", Script: name}).wantOK(nil)
		a.do("POST", "/zones/$Z/dns_records", record{Type: "A", Name: name + ".example.com", Content: "192.0.2.1", TTL: 1, Comment: new(comment)}).wantOK(nil)
	}
	// Of the same age and name, but not created by these tests.
	a.do("POST", "/zones/$Z/dns_records", record{Type: "A", Name: old + ".example.com", Content: "192.0.2.2", TTL: 1}).wantOK(nil)
	foreign := nameAt(now.Add(-2*time.Hour), "000003")
	a.put(foreign, metadata{})
	a.do("POST", "/zones/$Z/workers/routes", route{Pattern: foreign + ".example.com/*", Script: "relay"}).wantOK(nil)

	a.sweep(now.Add(-time.Hour))

	var records []record
	a.do("GET", "/zones/$Z/dns_records", nil).wantOK(&records)
	var routes []route
	a.do("GET", "/zones/$Z/workers/routes", nil).wantOK(&routes)
	var scripts []script
	a.do("GET", "/accounts/$A/workers/scripts", nil).wantOK(&scripts)
	if len(records) != 4 || len(routes) != 4 || len(scripts) != 4 {
		t.Errorf("%d records, %d routes and %d scripts remain, want 4 each: %v %v %v", len(records), len(routes), len(scripts), records, routes, scripts)
	}
	a.do("GET", "/accounts/$A/workers/scripts/"+old+"/settings", nil).wantError(404, 10007)
}
