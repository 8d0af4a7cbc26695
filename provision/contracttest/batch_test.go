package contracttest

type batch struct {
	Deletes []record `json:"deletes,omitempty"`
	Patches []record `json:"patches,omitempty"`
	Puts    []record `json:"puts,omitempty"`
	Posts   []record `json:"posts,omitempty"`
}

// A batch deletes, patches, puts and posts in this order: a CNAME can be replaced by an address with its name, and each
// step may depend on the one before.
func batchOrder(a *api) {
	deleted, patched, put := a.host(), a.host(), a.host()
	alias := a.record(record{Type: "CNAME", Name: deleted, Content: "example.com", TTL: 1, Comment: new(comment)})
	one, two := a.record(address(patched, "1")), a.record(address(put, "1"))
	// The patch frees a name for the put, and the put frees one for the post.
	moved, whole := address(patched, "2"), address(patched, "1")
	moved.ID, whole.ID = one.ID, two.ID
	var done batch
	a.do("POST", records+"/batch", batch{
		Deletes: []record{{ID: alias.ID}},
		Patches: []record{moved},
		Puts:    []record{whole},
		Posts:   []record{address(deleted, "1"), address(put, "1")},
	}).wantOK(&done)
	for _, created := range done.Posts {
		a.deleteLater(records + "/" + created.ID)
	}
	if len(done.Deletes) != 1 || len(done.Patches) != 1 || len(done.Puts) != 1 || len(done.Posts) != 2 {
		a.t.Fatalf("done %+v", done)
	}
	if found := a.recordsNamed(deleted); len(found) != 1 || found[0].Type != "A" || found[0].ID != done.Posts[0].ID {
		a.t.Errorf("the alias was replaced by %+v", found)
	}
	if found := a.recordsNamed(patched); len(found) != 2 {
		a.t.Errorf("patched and put records with one name: %+v", found)
	}
	if found := a.recordsNamed(put); len(found) != 1 || found[0].ID != done.Posts[1].ID {
		a.t.Errorf("the name of the moved record has %+v", found)
	}
}

// If one change is rejected, none is made.
func batchAtomic(a *api) {
	host, other := a.host(), a.host()
	existing := a.record(address(host, "1"))
	changed := address(host, "9")
	changed.ID = existing.ID
	r := a.do("POST", records+"/batch", batch{
		Deletes: []record{{ID: a.record(address(other, "1")).ID}},
		Patches: []record{changed},
		Posts:   []record{address(host, "2"), address(host, "2")},
	})
	for _, remaining := range a.recordsNamed(host) {
		if remaining.ID != existing.ID {
			a.deleteLater(records + "/" + remaining.ID)
		}
	}
	if r.Success {
		a.t.Fatalf("%s: %d %s", r.what, r.status, r.raw)
	}
	a.unverified(r.hasCode(81058) && r.Errors[0].Source.Pointer == "/posts/1", "%s: %d %s", r.what, r.status, r.raw)
	if found := a.recordsNamed(host); len(found) != 1 || found[0].Content != "192.0.2.1" {
		a.t.Errorf("after a batch that failed there is %+v", found)
	}
	if found := a.recordsNamed(other); len(found) != 1 {
		a.t.Errorf("a batch that failed has deleted: %+v", found)
	}
}
