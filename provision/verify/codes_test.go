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

func TestCodesAreValid(t *testing.T) {
	t.Parallel()
	kebabCase := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, code := range Codes() {
		if !kebabCase.MatchString(code.Name) || seen[code.Name] {
			t.Errorf("%q is not kebab-case or listed twice", code.Name)
		}
		seen[code.Name] = true
		if len(code.Probes) == 0 || !slices.Contains([]Status{Pass, Warn, Fail, Skip}, code.Status) {
			t.Errorf("%+v lacks probes or a status", code)
		}
		if code.Transient && code.Status != Fail {
			t.Errorf("%s is transient but not a failure", code.Name)
		}
	}
}

// Every Code… constant must be in the table, and every detail in the doc comment of the constants.
func TestCodesAreComplete(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		name, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if !slices.ContainsFunc(Codes(), func(c Code) bool { return c.Name == name }) {
			t.Errorf("%s is not in the table", name)
		}
		return true
	})
	doc := ""
	for _, group := range file.Comments {
		doc += group.Text()
	}
	for _, code := range Codes() {
		for _, detail := range code.Details {
			if !regexp.MustCompile(`(?m)^\t?(\w+, )*` + detail + `\b`).MatchString(doc) {
				t.Errorf("detail %s of %s is not documented", detail, code.Name)
			}
		}
	}
}

func TestUnknownCodeFails(t *testing.T) {
	t.Parallel()
	if got := codeOf("no-such-code"); got.Status != Fail || got.Transient {
		t.Errorf("codeOf = %+v, want a failure that is not transient", got)
	}
}
