package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// The functions of this file read names from the source, so that tests notice new ones.

// inspect calls visit for every node of the files.
func inspect(files []*ast.File, visit func(ast.Node)) {
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			visit(n)
			return true
		})
	}
}

// constants calls visit for every constant with a literal value, of which typ is the name of the type, or "".
func constants(t *testing.T, pattern string, visit func(name, typ, value string)) {
	t.Helper()
	inspect(parse(t, pattern), func(n ast.Node) {
		decl, ok := n.(*ast.GenDecl)
		if !ok || decl.Tok != token.CONST {
			return
		}
		for _, spec := range decl.Specs {
			spec := spec.(*ast.ValueSpec)
			typ, _ := spec.Type.(*ast.Ident)
			for i, name := range spec.Names {
				value := ""
				if i < len(spec.Values) {
					value = literal(spec.Values[i])
				}
				if typ == nil {
					visit(name.Name, "", value)
				} else {
					visit(name.Name, typ.Name, value)
				}
			}
		}
	})
}

// constantsOfType returns the values of the string constants of a type.
func constantsOfType(t *testing.T, pattern, wantedType string) (values []string) {
	t.Helper()
	constants(t, pattern, func(_, typ, value string) {
		if typ == wantedType {
			values = append(values, value)
		}
	})
	return values
}

// constantsWithPrefix returns the values of the string constants, exported or not, whose names have a prefix.
func constantsWithPrefix(t *testing.T, pattern, prefix string) (values []string) {
	t.Helper()
	constants(t, pattern, func(name, _, value string) {
		if name = strings.ToUpper(name[:1]) + name[1:]; strings.HasPrefix(name, prefix) {
			values = append(values, value)
		}
	})
	return values
}

// constantNames returns the names of the constants with a prefix.
func constantNames(t *testing.T, pattern, prefix string) (names []string) {
	t.Helper()
	constants(t, pattern, func(name, _, _ string) {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	})
	return names
}

// engineCodes returns the codes of the engine's errors.
func engineCodes(t *testing.T) []string {
	t.Helper()
	codes := constantsOfType(t, "../../provision/errcode/errcode.go", "Code")
	if len(codes) < 30 {
		t.Fatalf("found only %d codes", len(codes))
	}
	return codes
}

// temporaryCodes returns the codes of errors after which the engine waits and retries: those in the variable temporary
// of package cloudflare, and those in functions that set the field Temporary.
func temporaryCodes(t *testing.T) []string {
	t.Helper()
	names := map[string]bool{}
	collect := func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok && isIdent(selector.X, "errcode") {
				names[selector.Sel.Name] = true
			}
			return true
		})
	}
	inspect(slices.Concat(parse(t, "../../provision/*.go"), parse(t, "../../provision/cloudflare/*.go")), func(n ast.Node) {
		switch n := n.(type) {
		case *ast.ValueSpec:
			if n.Names[0].Name == "temporary" {
				collect(n)
			}
		case *ast.FuncDecl:
			if setsTemporary(n) {
				collect(n)
			}
		}
	})
	var codes []string
	constants(t, "../../provision/errcode/errcode.go", func(name, typ, value string) {
		if names[name] && typ == "Code" {
			codes = append(codes, value)
		}
	})
	return codes
}

// setsTemporary reports whether a function has a composite literal with "Temporary: true".
func setsTemporary(function *ast.FuncDecl) bool {
	found := false
	ast.Inspect(function, func(n ast.Node) bool {
		if field, ok := n.(*ast.KeyValueExpr); ok && isIdent(field.Key, "Temporary") && isIdent(field.Value, "true") {
			found = true
		}
		return true
	})
	return found
}

// statusStates returns the states that stateAndStyle of package view returns.
func statusStates(t *testing.T) []string {
	t.Helper()
	var states []string
	inspect(parse(t, "../internal/view/plan.go"), func(n ast.Node) {
		function, ok := n.(*ast.FuncDecl)
		if !ok || function.Name.Name != "stateAndStyle" {
			return
		}
		ast.Inspect(function, func(n ast.Node) bool {
			if result, ok := n.(*ast.ReturnStmt); ok {
				states = append(states, literal(result.Results[0]))
			}
			return true
		})
	})
	return states
}

// sources returns the parsed sources under cmd, except tests.
func sources(t *testing.T) []*ast.File {
	t.Helper()
	return slices.Concat(parse(t, "*.go"), parse(t, "../internal/*/*.go"))
}

// literalKeys returns the keys that are passed to the catalogue as literals. Those of the prompter lack their prefix in
// the source.
func literalKeys(t *testing.T) []string {
	t.Helper()
	var keys []string
	inspect(sources(t), func(n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 || literal(call.Args[0]) == "" {
			return
		}
		if isIdent(call.Fun, "t") {
			keys = append(keys, "prompt."+literal(call.Args[0]))
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if ok && slices.Contains([]string{"T", "outf", "errf", "hint"}, method.Sel.Name) {
			keys = append(keys, literal(call.Args[0]))
		}
	})
	if len(keys) < 150 {
		t.Fatalf("found only %d keys", len(keys))
	}
	return keys
}

// problemCodes returns the codes that console.describe and onUsageError choose, and those that are passed to
// problem.New, Usage and Wrap as literals.
func problemCodes(t *testing.T) []string {
	t.Helper()
	codes := []string{"unexpected", "interrupted", "flag-unknown", "flag-empty"}
	inspect(sources(t), func(n ast.Node) {
		if call, ok := n.(*ast.CallExpr); ok && isNewProblem(call) {
			if code := literal(call.Args[0]); code != "" {
				codes = append(codes, code)
			}
		}
	})
	if len(codes) < 80 {
		t.Fatalf("found only %d codes", len(codes))
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// isNewProblem reports whether a call makes a problem.Error.
func isNewProblem(call *ast.CallExpr) bool {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	return ok && len(call.Args) > 0 && isIdent(selector.X, "problem") && slices.Contains([]string{"New", "Usage", "Wrap"}, selector.Sel.Name)
}

func isIdent(e ast.Expr, name string) bool {
	ident, ok := e.(*ast.Ident)
	return ok && ident.Name == name
}

// literal returns the value of a string literal, or "" for any other expression.
func literal(e ast.Expr) string {
	basic, ok := e.(*ast.BasicLit)
	if !ok || basic.Kind != token.STRING {
		return ""
	}
	value, _ := strconv.Unquote(basic.Value)
	return value
}

// stringLiterals returns every string literal under cmd, except in tests.
func stringLiterals(t *testing.T) []string {
	t.Helper()
	var all []string
	inspect(sources(t), func(n ast.Node) {
		if basic, ok := n.(*ast.BasicLit); ok {
			all = append(all, literal(basic))
		}
	})
	return all
}

// parsedFiles are the files that parse has returned, by path. Several tests read the same ones.
var parsedFiles sync.Map

// parse returns the files that match a pattern, except tests.
func parse(t *testing.T, pattern string) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files match %s: %v", pattern, err)
	}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		parsed, ok := parsedFiles.Load(path)
		if !ok {
			if parsed, err = parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution); err != nil {
				t.Fatal(err)
			}
			parsedFiles.Store(path, parsed)
		}
		files = append(files, parsed.(*ast.File))
	}
	return files
}
