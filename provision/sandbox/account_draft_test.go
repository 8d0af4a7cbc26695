package sandbox

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

type inner struct {
	List []string
	Map  map[string][]byte
}

type outer struct {
	inner
	Name string
	Next *outer
	None *outer
	seen int
}

// A draft of a script may be changed anywhere without changing the original.
func TestDeepCopy(t *testing.T) {
	t.Parallel()
	build := func() *outer {
		return &outer{inner{[]string{"a"}, map[string][]byte{"k": []byte("v")}}, "o", &outer{inner: inner{List: []string{"b"}}}, nil, 7}
	}
	from := build()
	to := deepCopy(from)
	opt := cmp.AllowUnexported(outer{}, inner{})
	if diff := cmp.Diff(from, to, opt); diff != "" {
		t.Error(diff)
	}
	to.List[0], to.Map["k"], to.Map["n"], to.Next.List[0], to.Next.Name = "x", nil, nil, "x", "x"
	if diff := cmp.Diff(build(), from, opt); diff != "" {
		t.Errorf("the original changed: %s", diff)
	}
}

func TestDraftCopiesOnWrite(t *testing.T) {
	t.Parallel()
	st, err := parseStore(t, twoWorkers).state()
	if err != nil {
		t.Fatal(err)
	}
	d := st.draft()
	a := d.mutableAccount(d.Accounts[0])
	z, w := d.mutableZone(a, a.Zones[0]), d.mutableScript(a, a.Scripts[0])
	if a == st.Accounts[0] || z == st.Accounts[0].Zones[0] || w == st.Accounts[0].Scripts[0] {
		t.Error("a mutable part is shared")
	}
	if d.mutableAccount(a) != a || d.mutableZone(a, z) != z || d.mutableScript(a, w) != w {
		t.Error("a part was copied twice")
	}
	if d.Accounts[0] != a || a.Zones[0] != z || a.Scripts[0] != w || a.Scripts[1] != st.Accounts[0].Scripts[1] {
		t.Error("the draft does not have its copies, or copied more")
	}
	if d.mutableScript(a, nil) != nil {
		t.Error("a script that does not exist was copied")
	}
}
