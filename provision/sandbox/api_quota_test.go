package sandbox

import (
	"fmt"
	"strings"
	"testing"
)

// posts returns a batch of n new records with comments of the given length.
func posts(n, comment int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`{"type":"A","name":"h%d","content":"2.2.2.2","proxied":true,"comment":%q}`, i, strings.Repeat("c", comment))
	}
	return `{"posts":[` + strings.Join(all, ",") + `]}`
}

func TestQuotaOfRecordsAndBatches(t *testing.T) {
	t.Parallel()
	for plan, most := range map[string]struct{ records, comment int }{"free": {200, 100}, "business": {3500, 500}} {
		t.Run(plan, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, `{"accounts":[{"name":"Acme","zones":[{"name":"example.com","plan":"`+plan+`"}]}]}`)
			c.do("POST", records+"/batch", posts(most.records+1, 0)).wantError(400, 9400)
			var out batchResult
			c.do("POST", records+"/batch", posts(most.records, most.comment)).wantOK(&out)
			if len(out.Posts) != most.records {
				t.Errorf("created %d records", len(out.Posts))
			}
			before := c.bytes()
			const more = `{"type":"A","name":"more","content":"2.2.2.2"}`
			c.do("POST", records, more).wantError(400, 81045)
			c.do("POST", records+"/batch", `{"posts":[`+more+`]}`).wantError(400, 81045)
			// Deletes are the first in a batch, so they free space.
			swap := fmt.Sprintf(`{"deletes":[{"id":%q}],"posts":[%s]}`, out.Posts[0].ID, more)
			c.do("POST", records+"/batch", strings.Replace(swap, "2.2.2.2", "none", 1)).wantError(400, 9005)
			if c.bytes() != before {
				t.Error("a batch that failed changed the state")
			}
			c.do("POST", records+"/batch", swap).wantOK(nil)
		})
	}
}

func TestQuotaOfRoutes(t *testing.T) {
	t.Parallel()
	existing := make([]string, routeQuota-1)
	for i := range existing {
		existing[i] = fmt.Sprintf(`{"pattern":"h%d.example.com/*"}`, i)
	}
	c := newClient(t, `{"accounts":[{"name":"Acme","zones":[{"name":"example.com","routes":[`+strings.Join(existing, ",")+`]}]}]}`)
	var last routeView
	c.do("POST", routes, `{"pattern":"last.example.com/*"}`).wantOK(&last)
	c.do("POST", routes, `{"pattern":"more.example.com/*"}`).wantError(400, 10025)
	c.do("PUT", routes+"/"+last.ID, `{"pattern":"other.example.com/*"}`).wantOK(nil)
	c.do("DELETE", routes+"/"+last.ID, nil).wantOK(nil)
	c.do("POST", routes, `{"pattern":"more.example.com/*"}`).wantOK(nil)
}

func TestQuotaOfWorkers(t *testing.T) {
	t.Parallel()
	existing := make([]string, 99)
	for i := range existing {
		existing[i] = fmt.Sprintf(`{"name":"w%d","modules":[{"name":"index.js","text":"export default {}"}]}`, i)
	}
	c := newClient(t, `{"accounts":[{"name":"Acme","zones":[{"name":"example.com"}],"scripts":[`+strings.Join(existing, ",")+`]}]}`)
	c.uploadHello("last")
	c.upload("more", `{"main_module":"index.js","compatibility_date":"2026-06-01"}`, js("index.js", hello)).wantError(400, 10037)
	c.uploadHello("w7")
}
