package verify

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestCodesAreSound(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, code := range Codes() {
		if !form.MatchString(code.Name) || seen[code.Name] {
			t.Errorf("%q is not kebab-case or listed twice", code.Name)
		}
		seen[code.Name] = true
		if len(code.Probes) == 0 || !slices.Contains([]Status{Pass, Warn, Fail, Skip}, code.Status) {
			t.Errorf("%+v lacks probes or a status", code)
		}
		if code.Settles && code.Status != Fail {
			t.Errorf("%s settles although it is no failure", code.Name)
		}
	}
}

// Every Code… constant stands in the table, and every detail in the legend above the constants.
func TestTableIsComplete(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, is := node.(*ast.ValueSpec)
		if !is || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		name, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if !slices.ContainsFunc(Codes(), func(c Code) bool { return c.Name == name }) {
			t.Errorf("%s is not in the table", name)
		}
		return true
	})
	legend := ""
	for _, group := range file.Comments {
		legend += group.Text()
	}
	for _, code := range Codes() {
		for _, detail := range code.Details {
			if !regexp.MustCompile(`(?m)^\t?(\w+, )*` + detail + `\b`).MatchString(legend) {
				t.Errorf("detail %s of %s has no meaning in the legend", detail, code.Name)
			}
		}
	}
}

func TestUnknownCodeFails(t *testing.T) {
	t.Parallel()
	if got := codeOf("no-such-code"); got.Status != Fail || got.Settles {
		t.Errorf("codeOf = %+v, want a failure that does not settle", got)
	}
}
