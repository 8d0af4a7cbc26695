package sandbox

import (
	"cmp"
	"slices"
	"strings"
)

// defaultToken has the form of a user token,
// https://developers.cloudflare.com/fundamentals/api/get-started/token-formats, and says that it is not a real one.
const defaultToken = "cfut_sandbox_token_not_valid_at_cloudflare_005a2db0c5"

const (
	statusActive  = "active"
	statusPending = "pending"
	planFree      = "free"
	zonePartial   = "partial"
	zoneInternal  = "internal"
)

// oldestDate is the compatibility date of a Worker without one.
const oldestDate = "2021-11-02"

func defaultState() *state {
	s := &state{Accounts: []*account{{
		Name: "Sandbox",
		Zones: []*zone{
			{Name: "example.com"},
			{Name: "example.org"},
			{Name: "example.net", Status: statusPending},
		},
	}}}
	s.complete()
	return s
}

// complete sets defaults for what a hand-written file leaves out. It is deterministic, so a file may be read many times
// before it is written.
func (s *state) complete() {
	for _, a := range s.Accounts {
		if a != nil {
			a.complete()
		}
	}
	if s.Tokens == nil {
		s.Tokens = []*token{{Name: "sandbox", Value: defaultToken}}
	}
	for _, t := range s.Tokens {
		if t == nil {
			continue
		}
		t.ID = cmp.Or(t.ID, derivedID("token", t.Value))
		t.Status = cmp.Or(t.Status, statusActive)
		if t.Permissions == nil {
			t.Permissions = deployPermissions()
		}
	}
}

func (a *account) complete() {
	a.ID = cmp.Or(a.ID, derivedID("account", a.Name))
	if a.Subdomain == nil {
		name := subdomainLabel(a.Name)
		a.Subdomain = &name
	}
	for _, z := range a.Zones {
		if z != nil {
			z.complete(a)
		}
	}
	for _, w := range a.Scripts {
		if w != nil {
			w.complete(a)
		}
	}
	for _, d := range a.Domains {
		if d != nil {
			d.complete(a)
		}
	}
}

func (z *zone) complete(a *account) {
	z.Name = toASCII(z.Name)
	z.ID = cmp.Or(z.ID, derivedID("zone", a.ID, z.Name))
	z.Status = cmp.Or(z.Status, statusActive)
	z.Plan = cmp.Or(z.Plan, planFree)
	if z.NameServers == nil && z.Type != zonePartial {
		z.NameServers = nameServers(z.Name)
	}
	for _, r := range z.Records {
		if r == nil {
			continue
		}
		r.Name = absolute(toASCII(r.Name), z.Name)
		r.ID = cmp.Or(r.ID, derivedID("record", z.ID, r.Type, r.Name, r.Content))
		r.TTL = cmp.Or(r.TTL, 1)
		r.CreatedOn = cmp.Or(r.CreatedOn, epoch)
		r.ModifiedOn = cmp.Or(r.ModifiedOn, r.CreatedOn)
	}
	for _, r := range z.Routes {
		if r != nil {
			r.ID = cmp.Or(r.ID, derivedID("route", z.ID, r.Pattern))
			r.parse()
		}
	}
}

func (w *script) complete(a *account) {
	w.Tag = cmp.Or(w.Tag, derivedID("script", a.ID, w.Name))
	w.CreatedOn = cmp.Or(w.CreatedOn, epoch)
	w.ModifiedOn = cmp.Or(w.ModifiedOn, w.CreatedOn)
	w.Version = cmp.Or(w.Version, uuid(derivedID("version", a.ID, w.Name)))
	w.UploadedOn = cmp.Or(w.UploadedOn, w.ModifiedOn)
	w.version.complete()
	w.completeHistory()
}

func (v *version) complete() {
	v.Number = cmp.Or(v.Number, 1)
	v.UploadedOn = cmp.Or(v.UploadedOn, epoch)
	v.CompatibilityDate = cmp.Or(v.CompatibilityDate, oldestDate)
	v.UsageModel = cmp.Or(v.UsageModel, "standard")
	for _, m := range v.Modules {
		if m == nil {
			continue
		}
		if m.Type == "" && strings.HasSuffix(m.Name, "js") {
			m.Type = typeModule
		}
		if v.Main == "" && v.Body == "" {
			v.Main = m.Name
		}
	}
}

// epoch is the date of resources that a hand-written file does not date.
const epoch = "2026-01-01T00:00:00.000000Z"

// nameServers returns the pair of name servers of a zone, which is derived from its name.
func nameServers(zone string) []string {
	first := []string{"ada", "cora", "dina", "elsa"}
	second := []string{"bob", "hugo", "ivan", "rick"}
	sum := digest("ns", zone)
	return []string{first[sum[0]%4] + ".ns.cloudflare.com", second[sum[1]%4] + ".ns.cloudflare.com"}
}

// subdomainLabel derives a workers.dev subdomain from the name of an account.
func subdomainLabel(name string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r == ' ', r == '-':
			return '-'
		}
		return -1
	}, name)
	return cmp.Or(strings.Trim(s, "-"), "sandbox")
}

// sort sorts the lists that have no order of their own. Accounts, zones, tokens and faults stay as written.
func (s *state) sort() {
	for _, a := range s.Accounts {
		a.sort()
		for _, z := range a.Zones {
			z.sort()
		}
	}
}

func (a *account) sort() {
	sortList(a.Scripts, func(x, y *script) int { return cmp.Compare(x.Name, y.Name) })
	for _, w := range a.Scripts {
		w.sortVersions()
	}
	sortList(a.Domains, func(x, y *domain) int { return cmp.Compare(x.Hostname, y.Hostname) })
}

func (z *zone) sort() {
	sortList(z.Records, (*record).compare)
	sortList(z.Routes, (*route).compare)
}

// sortList sorts a list in place unless it is sorted, which it usually is.
func sortList[T any](items []T, compare func(x, y T) int) {
	if !slices.IsSortedFunc(items, compare) {
		slices.SortFunc(items, compare)
	}
}

// insertSorted adds an item to a sorted list.
func insertSorted[T any](items []T, item T, compare func(x, y T) int) []T {
	at, _ := slices.BinarySearchFunc(items, item, compare)
	return slices.Insert(items, at, item)
}

func (r *record) compare(o *record) int {
	if c := cmp.Compare(r.Name, o.Name); c != 0 { // decides almost always; the complete comparison is slower
		return c
	}
	return cmp.Or(cmp.Compare(r.Type, o.Type), cmp.Compare(r.Content, o.Content), cmp.Compare(r.ID, o.ID))
}

func (r *route) compare(o *route) int { return cmp.Compare(r.Pattern, o.Pattern) }
