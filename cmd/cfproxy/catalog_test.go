package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/mattn/go-runewidth"
	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/provision/verify"
)

func catalogues(t *testing.T) (english, chinese *i18n.Catalog) {
	t.Helper()
	english, err := i18n.Load(i18n.English)
	if err != nil {
		t.Fatal(err)
	}
	chinese, err = i18n.Load(i18n.Chinese)
	if err != nil {
		t.Fatal(err)
	}
	return english, chinese
}

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

func TestBothLanguagesSayTheSame(t *testing.T) {
	t.Parallel()
	english, chinese := catalogues(t)
	for _, key := range slices.Concat(english.Keys(), chinese.Keys()) {
		if !english.Has(key) || !chinese.Has(key) {
			t.Errorf("%s is in one catalogue only", key)
			continue
		}
		e, c := placeholders(english.T(key)), placeholders(chinese.T(key))
		if !slices.Equal(e, c) {
			t.Errorf("%s fills in %v in English and %v in Chinese", key, e, c)
		}
	}
}

func placeholders(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// Families of keys that are put together at run time, each with all the names that can follow.
// englishProgram returns a program that prints nothing.
func englishProgram(t *testing.T) *program {
	t.Helper()
	english, _ := catalogues(t)
	return &program{console: newConsole(environment{}, english, false), text: english}
}

// addFlagTexts adds the names of the flags of a command that are no settings.
func addFlagTexts(names map[string]bool, command *cli.Command) {
	isSetting := func(name string) bool {
		return slices.ContainsFunc(config.Table(), func(s config.Setting) bool { return s.Flag == name })
	}
	for _, flag := range command.Flags {
		if name := flag.Names()[0]; !isSetting(name) {
			names[name] = true
		}
	}
}

func families(t *testing.T) map[string][]string {
	codes := slices.Concat(provisionCodes(t), problemCodes(t))
	var checks []string
	for _, code := range verify.Codes() {
		checks = append(checks, code.Name)
	}
	var commands []string
	flags := map[string]bool{}
	for _, command := range englishProgram(t).app().Commands {
		commands = append(commands, command.Name)
		addFlagTexts(flags, command)
		for _, sub := range command.Subcommands {
			commands = append(commands, command.Name+"-"+sub.Name)
			addFlagTexts(flags, sub)
		}
	}
	var keys []string
	for _, s := range config.Table() {
		keys = append(keys, s.Key)
	}
	var questions []string
	for _, b := range config.Placeholders() {
		questions = append(questions, b.Name+".title", b.Name+".help")
	}
	actions := []string{"create", "update", "delete"}
	return map[string][]string{
		"flag.": slices.Sorted(maps.Keys(flags)), "error.": codes, "check.": checks, "about.": commands, "usage.": append(commands, "app"), "setting.": keys,
		"comment.": append(keys, "head"), "doing.": append(actions, "observe", "zones", "verify"), "done.": actions, "failed.": actions,
		"status.": {"ok", "missing", "drift", "surplus", "foreign", "title", "good", "absent", "differs"},
		"kind.":   {"script", "route", "record", "domain"},
		"clash.":  {"wins", "shadowed", "domain"},
		"owner.":  {"script", "route", "record", "domain"},
		"attr.":   {"build", "code", "providers", "region", "zones", "access", "page", "allow_origins", "tokens", "keys", "limits", "script", "fail_open", "type", "content", "proxied", "comment"},
		"ask.":    questions,
		"probe.":  {"dns", "tls", "edge", "worker", "access", "completion", "stream"}, "permission.": neededPermissions(),
		"reason.":      {"rate-limited", "api-unreachable", "api-timeout", "api-server-error", "script-unseen", "exists"},
		"warning.":     {"zone-pending", "deep-host", "dependents", "record-stays", "access-opens", "access-closes", "origins-lifted", "no-tokens", "tokens-lose", "tokens-nowhere", "key-missing", "region-unchecked"},
		"empty.":       {"allow_origins", "region", "limits"},
		"content.key-": {"missing", "unknown"}, "key.written.": {"add", "revoke"}, "key.pending.": {"add", "revoke"}, "key.live.": {"add", "revoke"},
		"client.": {"env", "curl", "python", "node", "works", "deployed"},
	}
}

func TestEverythingThatCanBeSaidHasWords(t *testing.T) {
	t.Parallel()
	english, _ := catalogues(t)
	literals := stringLiterals(t)
	known := map[string]bool{}
	for family, names := range families(t) {
		for _, name := range names {
			known[family+name] = true
			if !english.Has(family + name) {
				t.Errorf("there are no words for %s", family+name)
			}
		}
	}
	for _, key := range english.Keys() {
		family, _, _ := strings.Cut(key, ".")
		switch {
		case known[key], slices.Contains(literals, key):
		case family == "fix" && known["check."+strings.TrimSuffix(strings.TrimPrefix(key, "fix."), ".file")]:
		case family == "hint" && known["error."+strings.TrimRight(strings.TrimPrefix(key, "hint."), ".0123456789")]:
		case family == "prompt" && slices.Contains(literals, strings.TrimPrefix(key, "prompt.")):
		case family == "ask" && slices.Contains([]string{"ask.deploy.title", "ask.init.title", "ask.destroy.title"}, key):
		default:
			t.Errorf("nobody says %s", key)
		}
	}
}

// A failure without a remedy leaves people alone with it.
func TestEveryErrorAndFailureHasARemedy(t *testing.T) {
	t.Parallel()
	english, _ := catalogues(t)
	obvious := []string{
		"unexpected", "declined", "interrupted", "shell-unknown", "provider-unknown", "upstream-is-itself",
		"cacert-unreadable", "cacert-empty", "config-unreadable", "config-unwritable", "config-unknown-key", "config-invalid",
		"sandbox-unreadable", "ca-unwritable", "demo-chat-failed",
		"host-url", "host-path", "host-port", "host-wildcard", "host-space", "host-label", "host-long", "host-outside",
		"token-provider-unknown",
	}
	for _, code := range slices.Concat(provisionCodes(t), problemCodes(t)) {
		if !english.Has("hint."+code+".1") && !slices.Contains(obvious, code) {
			t.Errorf("error.%s has no hint", code)
		}
	}
	for _, code := range verify.Codes() {
		if code.Status == verify.Fail && !english.Has("fix."+code.Name) && code.Name != verify.CodeCancelled && code.Name != verify.CodeTargetInvalid {
			t.Errorf("check.%s has no fix", code.Name)
		}
	}
}

// Every placeholder of a check is a detail that its code can carry.
func TestChecksUseOnlyTheirDetails(t *testing.T) {
	t.Parallel()
	english, _ := catalogues(t)
	for _, code := range verify.Codes() {
		for _, key := range []string{"check." + code.Name, "fix." + code.Name} {
			for _, name := range placeholders(english.T(key)) {
				name = strings.Trim(name, "{}")
				if !slices.Contains(code.Details, name) && !slices.Contains([]string{"host", "provider", "run_deploy", "run_status", "run_verify", "run_add"}, name) {
					t.Errorf("%s: %s carries no %s", key, code.Name, name)
				}
			}
		}
	}
}

func TestNoSentenceOutsideTheCatalogues(t *testing.T) {
	t.Parallel()
	for _, literal := range stringLiterals(t) {
		if strings.ContainsFunc(literal, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("Chinese outside the catalogue: %q", literal)
		}
	}
}

// provisionCodes reads the constants of type Code, so that a new one cannot be forgotten here.
func provisionCodes(t *testing.T) []string {
	var codes []string
	for _, file := range parse(t, "../../provision/errcode/errcode.go") {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && isIdent(spec.Type, "Code") {
				codes = append(codes, literal(spec.Values[0]))
			}
			return true
		})
	}
	if len(codes) < 30 {
		t.Fatalf("found %d codes only", len(codes))
	}
	return codes
}

// problemCodes returns the codes of classify, and those that code under cmd passes to problem.New, Usage and Wrap.
func problemCodes(t *testing.T) []string {
	codes := []string{"unexpected", "interrupted", "flag-unknown", "flag-empty"}
	for _, file := range slices.Concat(parse(t, "*.go"), parse(t, "../internal/*/*.go")) {
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && isNewProblem(call) {
				if code := literal(call.Args[0]); code != "" {
					codes = append(codes, code)
				}
			}
			return true
		})
	}
	if len(codes) < 80 {
		t.Fatalf("found %d codes only", len(codes))
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

func literal(e ast.Expr) string {
	basic, ok := e.(*ast.BasicLit)
	if !ok || basic.Kind != token.STRING {
		return ""
	}
	value, _ := strconv.Unquote(basic.Value)
	return value
}

// stringLiterals returns every string literal in the sources under cmd, except in tests.
func stringLiterals(t *testing.T) []string {
	var all []string
	for _, file := range slices.Concat(parse(t, "*.go"), parse(t, "../internal/*/*.go")) {
		ast.Inspect(file, func(n ast.Node) bool {
			if basic, ok := n.(*ast.BasicLit); ok {
				all = append(all, literal(basic))
			}
			return true
		})
	}
	return all
}

func parse(t *testing.T, pattern string) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v, %v", pattern, paths, fs.ErrNotExist)
	}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// In Chinese one thing has one name, and a colon is as wide as its neighbours.
func TestChineseIsConsistent(t *testing.T) {
	t.Parallel()
	_, chinese := catalogues(t)
	narrow := regexp.MustCompile(`[\p{Han}）]:|\}: `)
	for _, key := range chinese.Keys() {
		text := chinese.T(key)
		for _, term := range []string{"主人", "准入", "受管访问", "托管"} {
			if strings.Contains(text, term) {
				t.Errorf("%s says %s: %s", key, term, text)
			}
		}
		if narrow.MatchString(text) {
			t.Errorf("%s has a narrow colon: %s", key, text)
		}
	}
	p, err := newProgram([]string{"--lang", "zh"}, environment{getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range p.app().Commands {
		if page := p.commandHelp(command.CustomHelpTemplate, command.Flags) + p.appHelp(); narrow.MatchString(page) {
			t.Errorf("%s has a narrow colon: %q", command.Name, narrow.FindString(page))
		}
	}
}

// Help pages are read in terminals of 80 columns, but for what has no place to break.
func TestFlagsFitATerminal(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"en", "zh"} {
		p, err := newProgram([]string{"--lang", language}, environment{getenv: func(string) string { return "" }})
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(p.flagHelp(p.deployFlags()), "\n") {
			if width := runewidth.StringWidth(line); width > helpWidth {
				t.Errorf("%d columns: %s", width, line)
			}
		}
	}
}
