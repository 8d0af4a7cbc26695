package plan_test

import (
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
)

func TestPreviousVersion(t *testing.T) {
	t.Parallel()
	v := func(number int, build string, share float64, ago int) plan.Version {
		id := strings.Repeat(string(rune('a'+number)), 8)
		return plan.Version{ID: id, Number: number, Build: build, Share: share, DeploymentsAgo: ago}
	}
	never := plan.NeverServed
	for name, test := range map[string]struct {
		versions []plan.Version
		named    string
		want     int
		code     errcode.Code
	}{
		"previous":                {versions: []plan.Version{v(3, "c", 100, 0), v(2, "b", 0, 1), v(1, "a", 0, 2)}, want: 2},
		"rolled back version":     {versions: []plan.Version{v(4, "d", 100, 0), v(3, "c", 0, 2), v(2, "b", 0, 1), v(1, "a", 0, 4)}, want: 2},
		"after a rollback":        {versions: []plan.Version{v(3, "c", 0, 1), v(2, "b", 100, 0), v(1, "a", 0, 3)}, want: 1},
		"repeated upload":         {versions: []plan.Version{v(3, "b", 100, 0), v(2, "b", 0, 1), v(1, "a", 0, 2)}, want: 1},
		"upload of somebody else": {versions: []plan.Version{v(3, "c", 100, 0), v(2, "", 0, 1), v(1, "a", 0, 2)}, want: 1},
		"never served":            {versions: []plan.Version{v(3, "c", 100, 0), v(2, "b", 0, never), v(1, "a", 0, 1)}, want: 1},
		"gradual deployment":      {versions: []plan.Version{v(3, "c", 50, 0), v(2, "b", 50, 0), v(1, "a", 0, 1)}, want: 2},
		"first version":           {versions: []plan.Version{v(1, "a", 100, 0)}, code: errcode.NoVersion},
		"no versions":             {code: errcode.NoVersion},
		"number":                  {versions: []plan.Version{v(2, "b", 100, 0), v(1, "a", 0, 1)}, named: "1", want: 1},
		"id prefix":               {versions: []plan.Version{v(2, "b", 100, 0), v(1, "a", 0, 1)}, named: "BBBB", want: 1},
		"short id prefix":         {versions: []plan.Version{v(2, "b", 100, 0), v(1, "a", 0, 1)}, named: "bbb", code: errcode.VersionUnknown},
		"unknown number":          {versions: []plan.Version{v(2, "b", 100, 0)}, named: "9", code: errcode.VersionUnknown},
	} {
		got, err := plan.PreviousVersion(test.versions, test.named)
		if errcode.Of(err) != test.code || got.Number != test.want {
			t.Errorf("%s: got version %d, %v", name, got.Number, err)
		}
	}
}
