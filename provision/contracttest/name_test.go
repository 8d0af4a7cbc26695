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

// nameAt makes a name for a script or a host of what is random and the time, in seconds since 1970, eight hexadecimal
// digits: a route bears no date of its own.
func nameAt(made time.Time, random string) string {
	return prefix + strconv.FormatInt(made.Unix(), 16) + random
}

// isOld tells a name of ours from before a time; it may go on after a dash. Anything else is never old.
func isOld(name string, before time.Time) bool {
	rest, ours := strings.CutPrefix(name, prefix)
	rest, _, _ = strings.Cut(rest, "-")
	if _, err := strconv.ParseUint(rest, 16, 64); err != nil || !ours || len(rest) != 14 {
		return false
	}
	seconds, err := strconv.ParseInt(rest[:8], 16, 64)
	return err == nil && time.Unix(seconds, 0).Before(before)
}

// sweep removes what earlier runs left, in the order of safety: records, routes, scripts. A thing is swept when its name says
// that it is ours and old, and its comment, its script or its tag says so too.
func (a *api) sweep(before time.Time) {
	a.t.Helper()
	label := func(host string) string { name, _, _ := strings.Cut(host, "."); return name }
	var records []record
	a.do("GET", "/zones/$Z/dns_records?per_page=1000&name.startswith="+prefix, nil).ok(&records)
	for _, r := range records {
		if isOld(label(r.Name), before) && r.Comment != nil && *r.Comment == comment {
			a.do("DELETE", "/zones/$Z/dns_records/"+r.ID, nil).ok(nil)
		}
	}
	var routes []route
	a.do("GET", "/zones/$Z/workers/routes", nil).ok(&routes)
	for _, r := range routes {
		if isOld(label(r.Pattern), before) && (r.Script == "" || isOld(r.Script, before)) {
			a.do("DELETE", "/zones/$Z/workers/routes/"+r.ID, nil).ok(nil)
		}
	}
	var scripts []script
	a.do("GET", "/accounts/$A/workers/scripts", nil).ok(&scripts)
	for _, s := range scripts {
		if isOld(s.ID, before) && s.isOurs() {
			a.do("DELETE", "/accounts/$A/workers/scripts/"+s.ID, nil).ok(nil)
		}
	}
}

// A sweep takes what is ours and old, and leaves all that only looks like it.
func TestSweep(t *testing.T) {
	t.Parallel()
	a := inSandbox(t).in(t)
	now := time.Unix(1_800_000_000, 0)
	old, young := nameAt(now.Add(-2*time.Hour), "000001"), nameAt(now.Add(-time.Minute), "000002")
	for _, name := range []string{old, young, "cfproxy-contract-mine", "relay"} {
		a.put(name, metadata{Tags: []string{tag}})
		a.do("POST", "/zones/$Z/workers/routes", route{Pattern: name + ".example.com/*", Script: name}).ok(nil)
		a.do("POST", "/zones/$Z/dns_records", record{Type: "A", Name: name + ".example.com", Content: "192.0.2.1", TTL: 1, Comment: text(comment)}).ok(nil)
	}
	// Of the same age and name, but somebody else's.
	a.do("POST", "/zones/$Z/dns_records", record{Type: "A", Name: old + ".example.com", Content: "192.0.2.2", TTL: 1}).ok(nil)
	foreign := nameAt(now.Add(-2*time.Hour), "000003")
	a.put(foreign, metadata{})
	a.do("POST", "/zones/$Z/workers/routes", route{Pattern: foreign + ".example.com/*", Script: "relay"}).ok(nil)

	a.sweep(now.Add(-time.Hour))

	var records []record
	a.do("GET", "/zones/$Z/dns_records", nil).ok(&records)
	var routes []route
	a.do("GET", "/zones/$Z/workers/routes", nil).ok(&routes)
	var scripts []script
	a.do("GET", "/accounts/$A/workers/scripts", nil).ok(&scripts)
	if len(records) != 4 || len(routes) != 4 || len(scripts) != 4 {
		t.Errorf("left %d records, %d routes and %d scripts, want 4 each: %v %v %v", len(records), len(routes), len(scripts), records, routes, scripts)
	}
	a.do("GET", "/accounts/$A/workers/scripts/"+old+"/settings", nil).refused(404, 10007)
}

func text(s string) *string { return &s }
