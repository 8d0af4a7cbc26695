package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const records = "/zones/$Z/dns_records"

func TestRecordLifecycle(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	before := c.bytes()
	var created, got recordView
	c.do("POST", records, `{"type":"A","name":"A.Example.com","content":"2.2.2.2","proxied":true,"ttl":300,"comment":"ours"}`).wantOK(&created)
	comment := "ours"
	want := recordView{
		ID: created.ID, Name: "a.example.com", Type: "A", Content: "2.2.2.2", Proxiable: true, Proxied: true, TTL: 1, Comment: &comment,
		Settings: []byte("{}"), Meta: []byte("{}"), Tags: []string{}, CreatedOn: "2026-11-20T12:00:00.000000Z", ModifiedOn: "2026-11-20T12:00:00.000000Z",
		CommentModifiedOn: "2026-11-20T12:00:00.000000Z",
	}
	if diff := cmp.Diff(want, created); diff != "" || !idPattern().MatchString(created.ID) {
		t.Errorf("id %s: %s", created.ID, diff)
	}
	one := records + "/" + created.ID
	c.do("PATCH", one, `{"proxied":false}`).wantOK(&got)
	if got.Proxied || got.Content != "2.2.2.2" || *got.Comment != "ours" {
		t.Errorf("PATCH changed other fields: %+v", got)
	}
	c.do("PATCH", one, `{"comment":null}`).wantOK(&got)
	if got.Comment != nil {
		t.Errorf("got %+v", got)
	}
	c.do("PUT", one, `{"type":"A","name":"a","content":"3.3.3.3"}`).wantOK(&got)
	if got.ID != created.ID || got.Name != "a.example.com" || got.Content != "3.3.3.3" || got.Proxied || got.Comment != nil || got.TTL != 1 {
		t.Errorf("PUT did not replace all fields: %+v", got)
	}
	r := c.do("GET", one, nil).wantOK(nil)
	if !strings.Contains(string(r.Raw), `"comment":null`) {
		t.Errorf("an unset comment must be null: %s", r.Raw)
	}
	c.do("DELETE", one, nil).wantOK(nil)
	c.do("DELETE", one, nil).wantError(404, 81044).wantMessage("Record does not exist.")
	c.do("PATCH", one, `{}`).wantError(404, 81044)
	if diff := cmp.Diff(before, c.bytes()); diff != "" {
		t.Error(diff)
	}
}

func TestRecordNames(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	for name, want := range map[string]string{
		"@": "example.com", "www": "www.example.com", "x.example.com.": "x.example.com", "*": "*.example.com",
		"other.org": "other.org.example.com", "_acme": "_acme.example.com",
	} {
		var v recordView
		c.do("POST", records, map[string]string{"type": "TXT", "name": name, "content": "x"}).wantOK(&v)
		if v.Name != want || v.Proxiable {
			t.Errorf("%s: got %+v", name, v)
		}
	}
	for _, name := range []string{"", "a b", "-a", "a..b", "a.*.b", "ü", strings.Repeat("x", 64)} {
		c.do("POST", records, map[string]string{"type": "TXT", "name": name, "content": "x"}).wantError(400, 9000).wantMessage("DNS name is invalid.")
	}
}

func TestRecordErrors(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	c.do("POST", records, `{"type":"A","name":"a","content":"2.2.2.2"}`).wantOK(nil)
	c.do("POST", records, `{"type":"CNAME","name":"c","content":"target.example.org"}`).wantOK(nil)
	long := strings.Repeat("ü", 101)
	for _, test := range []struct {
		body  string
		code  int
		chain int
	}{
		{`{"type":"A","name":"a","content":"2.2.2.2","proxied":true,"comment":"other"}`, 81058, 0},
		{`{"type":"CNAME","name":"a","content":"x.example.org"}`, 81053, 0},
		{`{"type":"CNAME","name":"c","content":"x.example.org"}`, 81053, 0},
		{`{"type":"A","name":"c","content":"2.2.2.2"}`, 81054, 0},
		{`{"type":"AAAA","name":"c","content":"::2"}`, 81054, 0},
		{`{"type":"A","name":"b","content":"nonsense"}`, 9005, 0},
		{`{"type":"A","name":"b","content":"::1"}`, 9005, 0},
		{`{"type":"A","name":"b"}`, 9005, 0},
		{`{"type":"AAAA","name":"b","content":"2.2.2.2"}`, 9006, 0},
		{`{"type":"CNAME","name":"b","content":"2.2.2.2"}`, 9007, 0},
		{`{"type":"CNAME","name":"b","content":"a b"}`, 9007, 0},
		{`{"type":"CNAME","name":"b","content":"b.example.com"}`, 9039, 0},
		{`{"type":"TXT","name":"b"}`, 9207, 0},
		{`{"type":"TXT","name":"b","content":"` + strings.Repeat("x", 4097) + `"}`, 9015, 0},
		{`{"type":"SPAM","name":"b","content":"x"}`, 9020, 0},
		{`{"name":"b","content":"x"}`, 9020, 0},
		{`{"type":"A","name":"b","content":"2.2.2.2","ttl":30}`, 9021, 0},
		{`{"type":"A","name":"b","content":"2.2.2.2","ttl":86401}`, 9021, 0},
		{`{"type":"A","name":"b","content":"2.2.2.2","ttl":0}`, 9021, 0},
		{`{"type":"TXT","name":"b","content":"x","proxied":true}`, 9041, 0},
		{`{"type":"A","name":"b","content":"10.0.0.1","proxied":true}`, 9003, 0},
		{`{"type":"A","name":"b","content":"2.2.2.2","tags":["a:b"]}`, 1004, 9300},
		{`{"type":"A","name":"b","content":"2.2.2.2","comment":"` + long + `"}`, 9313, 0},
		{`{"type":"A","name":"b","content":"2.2.2.2","comment":"a\nb"}`, 9314, 0},
	} {
		r := c.do("POST", records, test.body).wantError(400, test.code)
		if test.chain != 0 && r.Errors[0].Chain[0].Code != test.chain {
			t.Errorf("%s: %s", test.body, r.Raw)
		}
	}
	c.do("POST", records, `{"type":"A","name":"b","content":"2.2.2.2","tags":["a:b"]}`).wantError(400, 1004).wantMessage("DNS Validation Error")
	c.do("POST", records, `{"type":"A","name":"a","content":"3.3.3.3"}`).wantOK(nil) // a second address is allowed
	c.do("POST", records, `{"type":"A","name":"b","content":"10.0.0.1"}`).wantOK(nil)
	c.do("POST", records, map[string]any{"type": "AAAA", "name": "b", "content": "100::", "proxied": true, "comment": strings.Repeat("ü", 100)}).wantOK(nil)
}

func TestPaidZoneHasTags(t *testing.T) {
	t.Parallel()
	c := newClient(t, `{"accounts":[{"name":"Acme","zones":[{"name":"example.com","plan":"pro"}]}]}`)
	var v recordView
	c.do("POST", records, map[string]any{"type": "A", "name": "a", "content": "2.2.2.2", "tags": []string{"team:x"}, "comment": strings.Repeat("x", 500)}).wantOK(&v)
	if !slices.Equal(v.Tags, []string{"team:x"}) || v.TagsModifiedOn == "" {
		t.Errorf("got %+v", v)
	}
	c.do("POST", records, `{"type":"A","name":"b","content":"2.2.2.2","tags":["cf-x:y"]}`).wantError(400, 1004)
	var all []recordView
	c.do("GET", records+"?tag=team:x", nil).wantOK(&all)
	if len(all) != 1 {
		t.Errorf("got %+v", all)
	}
	c.do("GET", records+"?tag.absent=team", nil).wantOK(&all)
	if len(all) != 0 {
		t.Errorf("got %+v", all)
	}
}

func TestListRecords(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	for _, body := range []string{
		`{"type":"A","name":"a","content":"2.2.2.2","proxied":true,"comment":"ours: a"}`,
		`{"type":"AAAA","name":"a","content":"::2"}`,
		`{"type":"TXT","name":"b","content":"hello","comment":"other"}`,
		`{"type":"A","name":"@","content":"3.3.3.3","ttl":120}`,
	} {
		c.do("POST", records, body).wantOK(nil)
	}
	for query, want := range map[string]string{
		"":                                       "A:3.3.3.3 A:2.2.2.2 AAAA:::2 TXT:hello",
		"name=a.example.com":                     "A:2.2.2.2 AAAA:::2",
		"name.exact=A.example.com":               "A:2.2.2.2 AAAA:::2",
		"name=a":                                 "",
		"name.contains=b.ex":                     "TXT:hello",
		"name.startswith=a.&type=A":              "A:2.2.2.2",
		"name.endswith=example.com&proxied=true": "A:2.2.2.2",
		"content=hello":                          "TXT:hello",
		"content.startswith=3.3":                 "A:3.3.3.3",
		"comment.present":                        "A:2.2.2.2 TXT:hello",
		"comment.absent":                         "A:3.3.3.3 AAAA:::2",
		"comment.startswith=ours":                "A:2.2.2.2",
		"comment.exact=other":                    "TXT:hello",
		"comment=unknown":                        "",
		"match=any&comment=other&content=::2":    "AAAA:::2 TXT:hello",
		"search=ours":                            "A:2.2.2.2",
	} {
		var views []recordView
		c.do("GET", records+"?"+query, nil).wantOK(&views)
		got := names(views, func(v recordView) string { return v.Type + ":" + v.Content })
		expect := strings.Fields(want)
		slices.Sort(got)
		slices.Sort(expect)
		if diff := cmp.Diff(expect, got); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
	var views []recordView
	c.do("GET", records+"?order=ttl&direction=desc", nil).wantOK(&views)
	if views[0].TTL != 120 {
		t.Errorf("got %+v", views)
	}
	for _, bad := range []string{"type=SPAM", "order=id", "direction=x", "match=x", "proxied=maybe", "page=0"} {
		c.do("GET", records+"?"+bad, nil).wantError(400, 1001)
	}
}

func TestRecordPages(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	var posts []map[string]string
	for i := range 105 {
		posts = append(posts, map[string]string{"type": "A", "name": fmt.Sprintf("n%03d", i), "content": "2.2.2.2"})
	}
	c.do("POST", records+"/batch", map[string]any{"posts": posts}).wantOK(nil)
	var views []recordView
	if r := c.do("GET", records, nil).wantOK(&views); len(views) != 100 || r.Info != (resultInfo{1, 100, 100, 105, 2}) {
		t.Errorf("got %d, %+v", len(views), r.Info)
	}
	if slices.IsSortedFunc(views, func(a, b recordView) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the list is sorted")
	}
	if r := c.do("GET", records+"?per_page=10000&page=1", nil).wantOK(&views); len(views) != 105 || r.Info.PerPage != 5000 {
		t.Errorf("got %d, %+v", len(views), r.Info)
	}
	c.do("POST", records+"/batch", map[string]any{"posts": posts[:95]}).wantError(400, 81058)
	for i := range 95 {
		posts[i]["name"] = fmt.Sprintf("m%03d", i)
	}
	c.do("POST", records+"/batch", map[string]any{"posts": posts[:95]}).wantOK(nil)
	c.do("POST", records, `{"type":"A","name":"one-more","content":"2.2.2.2"}`).wantError(400, 81045).wantMessage("The record quota has been exceeded.")
}

func TestBatchIsAllOrNothing(t *testing.T) {
	t.Parallel()
	c := newClient(t, acme)
	var a, b recordView
	c.do("POST", records, `{"type":"A","name":"a","content":"2.2.2.2"}`).wantOK(&a)
	c.do("POST", records, `{"type":"A","name":"b","content":"2.2.2.2"}`).wantOK(&b)
	before := c.bytes()
	r := c.do("POST", records+"/batch", map[string]any{
		"deletes": []any{map[string]string{"id": a.ID}},
		"posts": []any{
			map[string]string{"type": "A", "name": "c", "content": "2.2.2.2"},
			map[string]string{"type": "A", "name": "d", "content": "nonsense"},
		},
	}).wantError(400, 9005)
	if r.Errors[0].Source == nil || r.Errors[0].Source.Pointer != "/posts/1" {
		t.Errorf("got %s", r.Raw)
	}
	if before != c.bytes() {
		t.Error("a batch that failed changed the state")
	}
	c.do("POST", records+"/batch", `{"patches":[{"id":"`+strings.Repeat("0", 32)+`"}]}`).wantError(404, 81044)

	// Deletes are applied first, whatever the order in the body, so the same record can be created again.
	var out batchResult
	c.do("POST", records+"/batch", map[string]any{
		"posts":   []any{map[string]string{"type": "CNAME", "name": "a", "content": "x.example.org"}},
		"puts":    []any{map[string]string{"id": b.ID, "type": "A", "name": "b", "content": "4.4.4.4"}},
		"deletes": []any{map[string]string{"id": a.ID}},
	}).wantOK(&out)
	if len(out.Deletes) != 1 || out.Deletes[0].ID != a.ID || len(out.Posts) != 1 || out.Puts[0].Content != "4.4.4.4" || out.Patches == nil {
		t.Errorf("got %+v", out)
	}
}

// Records that other products manage cannot be changed or deleted.
func TestFixedRecords(t *testing.T) {
	t.Parallel()
	c := newClient(t, `{"accounts":[{"name":"Acme","zones":[{"name":"example.com","records":[
		{"type":"CNAME","name":"r2.example.com","content":"public.r2.dev","proxied":true,"meta":{"read_only":true}},
		{"type":"A","name":"locked.example.com","content":"192.0.2.1","locked":true},
		{"type":"A","name":"mail.example.com","content":"192.0.2.1","meta":{"read_only":false,"email_routing":true}}]}]}]}`)
	for name, code := range map[string]int{"r2.example.com": 1043, "locked.example.com": 1043, "mail.example.com": 0} {
		var found []recordView
		c.do("GET", records+"?name="+name, nil).wantOK(&found)
		for _, method := range []string{"PATCH", "DELETE"} {
			response := c.do(method, records+"/"+found[0].ID, `{"comment":"ours"}`)
			if code == 0 {
				response.wantOK(nil)
			} else {
				response.wantError(400, code)
			}
		}
		c.do("GET", records+"?name="+name, nil).wantOK(&found)
		if len(found) != 1 && code != 0 {
			t.Errorf("%s was deleted", name)
		}
	}
}
