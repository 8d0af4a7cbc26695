package sandbox

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func names[T any](views []T, name func(T) string) []string {
	out := []string{}
	for _, v := range views {
		out = append(out, name(v))
	}
	return out
}

func TestListZones(t *testing.T) {
	t.Parallel()
	c := newClient(t, `{"accounts":[
		{"name":"Acme","zones":[{"name":"example.com"},{"name":"sub.example.com","plan":"pro"},{"name":"example.net","status":"pending"}]},
		{"name":"Other","zones":[{"name":"example.edu"}]}]}`)
	st, err := c.store.state()
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"":                                          "example.com example.edu example.net sub.example.com",
		"name=example.com":                          "example.com",
		"name=EXAMPLE.com":                          "example.com",
		"name=contains:example.com":                 "example.com sub.example.com",
		"name=starts_with:sub":                      "sub.example.com",
		"name=ends_with:.edu":                       "example.edu",
		"name=not:example.com&status=active":        "example.edu sub.example.com",
		"name=absent.example":                       "",
		"status=pending":                            "example.net",
		"account.id=" + st.Accounts[1].ID:           "example.edu",
		"account.name=Acme&name=example.edu":        "",
		"account.name=Acme&status=active":           "example.com sub.example.com",
		"match=any&name=example.edu&status=pending": "example.edu example.net",
	} {
		var views []zoneView
		c.do("GET", "/zones?"+query, nil).wantOK(&views)
		got := names(views, func(v zoneView) string { return v.Name })
		slices.Sort(got)
		if diff := cmp.Diff(strings.Fields(want), got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", query, diff)
		}
	}
	var views []zoneView
	c.do("GET", "/zones?order=name&direction=desc", nil).wantOK(&views)
	got := names(views, func(v zoneView) string { return v.Name })
	if diff := cmp.Diff([]string{"sub.example.com", "example.net", "example.edu", "example.com"}, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"status=gone", "order=size", "direction=up", "match=some", "page=0", "page=x", "per_page=-1"} {
		c.do("GET", "/zones?"+bad, nil).wantError(400, 1001)
	}
}

func TestZonePages(t *testing.T) {
	t.Parallel()
	var zones []string
	for i := range 60 {
		zones = append(zones, fmt.Sprintf(`{"name":"z%02d.example"}`, i))
	}
	c := newClient(t, `{"accounts":[{"name":"Acme","zones":[`+strings.Join(zones, ",")+`]}]}`)
	var all []string
	for page, want := range []int{50, 10, 0} {
		var views []zoneView
		r := c.do("GET", fmt.Sprintf("/zones?per_page=1000&page=%d", page+1), nil).wantOK(&views)
		if diff := cmp.Diff(resultInfo{Page: page + 1, PerPage: 50, Count: want, TotalCount: 60, TotalPages: 2}, r.Info); diff != "" {
			t.Error(diff)
		}
		all = append(all, names(views, func(v zoneView) string { return v.Name })...)
	}
	if slices.IsSorted(all) {
		t.Error("the list is sorted")
	}
	slices.Sort(all)
	if len(slices.Compact(all)) != 60 {
		t.Errorf("got %d different zones", len(slices.Compact(all)))
	}
	var small []zoneView
	if r := c.do("GET", "/zones?per_page=1", nil).wantOK(&small); r.Info.PerPage != 5 || len(small) != 5 {
		t.Errorf("per_page is below its limit: %+v", r.Info)
	}
}

func TestZonesWithoutPermissionAreOmitted(t *testing.T) {
	t.Parallel()
	c := newClient(t, tokens)
	for token, want := range map[string]int{"all": 3, "none": 0, "acme": 2, "org": 1, "owned": 2} {
		c.token = token
		var views []zoneView
		r := c.do("GET", "/zones", nil).wantOK(&views)
		if views == nil || len(views) != want || r.Info.TotalCount != want {
			t.Errorf("%s: want %d zones, got %s", token, want, r.Raw)
		}
	}
}

func TestGetZone(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	var v zoneView
	c.do("GET", "/zones/$Z", nil).wantOK(&v)
	if v.Name != "example.com" || v.Account.Name != "Acme" || len(v.NameServers) != 2 || v.ActivatedOn == nil || v.Plan.LegacyID != "free" {
		t.Errorf("got %+v", v)
	}
	c.do("GET", "/zones/nonsense", nil).wantError(404, 7003).
		wantMessage("Could not route to /client/v4/zones/nonsense, perhaps your object identifier is invalid?")
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	c := newClient(t, tokens)
	for token, want := range map[string]int{"all": 2, "none": 0, "acme": 1, "owned": 1, "reader": 2} {
		c.token = token
		var views []accountView
		c.do("GET", "/accounts", nil).wantOK(&views)
		if len(views) != want {
			t.Errorf("%s: want %d accounts, got %+v", token, want, views)
		}
	}
	c.token = "all"
	var views []accountView
	c.do("GET", "/accounts?direction=desc", nil).wantOK(&views)
	if diff := cmp.Diff([]string{"Other", "Acme"}, names(views, func(v accountView) string { return v.Name })); diff != "" {
		t.Error(diff)
	}
	c.do("GET", "/accounts?name=Acme", nil).wantOK(&views)
	if len(views) != 1 || views[0].ID != c.account {
		t.Errorf("got %+v", views)
	}
	var one accountView
	c.do("GET", "/accounts/$A", nil).wantOK(&one)
	if one.Name != "Acme" || one.Type != "standard" {
		t.Errorf("got %+v", one)
	}
	c.do("GET", "/accounts/nonsense", nil).wantError(404, 7003)
}

func TestZonesOfTooManyAccounts(t *testing.T) {
	t.Parallel()
	var accounts []string
	for i := range maxAccountsListed + 1 {
		accounts = append(accounts, fmt.Sprintf(`{"id":"%032x","name":"a","zones":[{"name":"example%d.com"}]}`, i+1, i))
	}
	c := newClient(t, `{"accounts":[`+strings.Join(accounts, ",")+`]}`)
	c.do("GET", "/zones", nil).wantError(400, 0)
	c.do("GET", "/zones?name=example1.com", nil).wantError(400, 0)
	c.do("GET", "/zones?account.id="+fmt.Sprintf("%032x", 1), nil).wantOK(nil)
}

// Names of zones and records are returned in Unicode. Filters accept both forms.
func TestUnicodeNames(t *testing.T) {
	t.Parallel()
	const ascii, unicode = "xn--fsqu00a.xn--0zwm56d", "例子.测试"
	for _, inFile := range []string{ascii, unicode} {
		c := newClient(t, `{"accounts":[{"name":"Acme","zones":[{"name":"`+inFile+`","records":[{"type":"TXT","name":"_x.`+inFile+`","content":"x"}]}]}]}`)
		var created recordView
		for _, name := range []string{ascii, unicode, strings.ToUpper(ascii)} {
			var views []zoneView
			c.do("GET", "/zones?name="+url.QueryEscape(name), nil).wantOK(&views)
			if len(views) != 1 || views[0].Name != unicode {
				t.Fatalf("%s in the file, name=%s: got %+v", inFile, name, views)
			}
			c.zone = views[0].ID
		}
		c.do("POST", records, `{"type":"A","name":"a.`+ascii+`","content":"192.0.2.1"}`).wantOK(&created)
		c.do("POST", routes, `{"pattern":"a.`+ascii+`/*"}`).wantOK(nil)
		c.do("POST", routes, `{"pattern":"a.`+unicode+`/*"}`).wantError(409, 10020)
		if created.Name != "a."+unicode {
			t.Errorf("created %s", created.Name)
		}
		for _, name := range []string{"a." + ascii, "a." + unicode, "_x." + ascii} {
			var views []recordView
			c.do("GET", records+"?name.exact="+url.QueryEscape(name), nil).wantOK(&views)
			if len(views) != 1 {
				t.Errorf("%s: got %+v", name, views)
			}
		}
	}
	for _, name := range []string{"example.com", "a--b.example.com", "xn--", "xn--0.example.com", "*.example.com"} {
		if got := toUnicode(name); got != name {
			t.Errorf("%s: got %s", name, got)
		}
	}
}
