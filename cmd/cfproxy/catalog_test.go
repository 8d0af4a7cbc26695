package main

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/mattn/go-runewidth"
	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/i18n"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/verify"
)

// catalogues returns the catalogues of both languages.
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

func TestBothLanguagesHaveTheSameKeys(t *testing.T) {
	t.Parallel()
	english, chinese := catalogues(t)
	for _, key := range slices.Concat(english.Keys(), chinese.Keys()) {
		if !english.Has(key) || !chinese.Has(key) {
			t.Errorf("%s is in only one catalogue", key)
			continue
		}
		e, c := placeholders(english.T(key)), placeholders(chinese.T(key))
		if !slices.Equal(e, c) {
			t.Errorf("%s has the placeholders %v in English and %v in Chinese", key, e, c)
		}
	}
}

// placeholders returns the placeholders of a text, sorted and without duplicates.
func placeholders(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// englishProgram returns a program in English that prints nothing. Tests that build an app with it must not be
// parallel, because the library keeps its help flags and its help printer in global variables.
func englishProgram(t *testing.T) *program {
	t.Helper()
	english, _ := catalogues(t)
	return &program{console: newConsole(environment{}, english, false), text: english}
}

// commandKeys returns the last parts of the keys about commands and flags.
func commandKeys(t *testing.T) (commands, confirmed, keyCommands, flags []string) {
	isSetting := func(name string) bool {
		return slices.ContainsFunc(config.Table(), func(s config.Setting) bool { return s.Flag == name })
	}
	flagNames := map[string]bool{}
	add := func(name string, command *cli.Command) {
		commands = append(commands, name)
		for _, flag := range command.Flags {
			if name := flag.Names()[0]; !isSetting(name) {
				flagNames[name] = true
			}
		}
	}
	for _, command := range englishProgram(t).app().Commands {
		add(command.Name, command)
		if slices.ContainsFunc(command.Flags, func(f cli.Flag) bool { return f.Names()[0] == "yes" }) {
			confirmed = append(confirmed, command.Name+".title")
		}
		for _, sub := range command.Subcommands {
			add(command.Name+"-"+sub.Name, sub)
			if sub.ArgsUsage != "" {
				keyCommands = append(keyCommands, sub.Name)
			}
		}
	}
	return commands, confirmed, keyCommands, slices.Sorted(maps.Keys(flagNames))
}

// composedKeys returns the keys that the program composes of a prefix and a name: the possible names by prefix. They
// are derived from the code, so that a new code, flag or constant without a text fails.
func composedKeys(t *testing.T) map[string][]string {
	var checks, settings, placeholders []string
	for _, code := range verify.Codes() {
		checks = append(checks, code.Name)
	}
	for _, s := range config.Table() {
		settings = append(settings, s.Key)
	}
	for _, p := range config.Placeholders() {
		placeholders = append(placeholders, p.Name+".title", p.Name+".help")
	}
	commands, confirmed, keyCommands, flags := commandKeys(t)
	actions := without(constantsOfType(t, "../../provision/plan/step.go", "Action"), string(plan.ActionNone))
	kinds := kindNames(t)
	return map[string][]string{
		"about.": commands, "usage.": append(commands, "app"), "flag.": flags,
		"setting.": settings, "comment.": append(settings, config.CommentHead),
		"ask.":   slices.Concat(placeholders, without(confirmed, "plan.title")), // plan accepts the flags of deploy and asks nothing
		"error.": slices.Concat(engineCodes(t), problemCodes(t)), "reason.": temporaryCodes(t), "check.": checks,
		"doing.": actions, "done.": actions, "failed.": actions,
		"kind.": kinds, "owner.": kinds, "status.": statusStates(t),
		"conflict.":    without(constantsOfType(t, "../../provision/plan/conflict.go", "Conflict"), string(plan.ConflictSameAddress)),
		"manager.":     constantsOfType(t, "../../provision/plan/resource.go", "Manager"),
		"warning.":     constantsWithPrefix(t, "../../provision/plan/warning.go", "Warn"),
		"attr.":        constantsWithPrefix(t, "../../provision/binding/attrs.go", "Attr"),
		"content.key-": constantsWithPrefix(t, "../../provision/binding/key.go", "Key"),
		"probe.":       without(constantsWithPrefix(t, "../../provision/verify/verify.go", "Probe"), verify.ProbeProvider),
		"permission.":  constantsWithPrefix(t, "../../provision/cloudflare/errorcode.go", "Permission"),
		"key.written.": keyCommands, "key.pending.": keyCommands, "key.live.": keyCommands,
		"client.": snippetKinds(t),
	}
}

func without(all []string, name string) []string {
	return slices.DeleteFunc(all, func(s string) bool { return s == name })
}

// kindNames returns the names of the kinds of resources.
func kindNames(t *testing.T) []string {
	t.Helper()
	var names []string
	for i := range constantNames(t, "../../provision/plan/resource.go", "Kind") {
		names = append(names, plan.Kind(i).String())
	}
	return names
}

// snippetKinds returns the kinds of client snippets: openai.curl.tmpl is of the kind "curl".
func snippetKinds(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../templates/client/*.tmpl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no client templates: %v", err)
	}
	var kinds []string
	for _, file := range files {
		kinds = append(kinds, strings.Split(filepath.Base(file), ".")[1])
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

func TestEveryKeyHasATextAndIsUsed(t *testing.T) {
	english, _ := catalogues(t)
	used := map[string]bool{}
	for _, key := range literalKeys(t) {
		used[key] = true
	}
	for prefix, names := range composedKeys(t) {
		if len(names) < 2 {
			t.Errorf("found only %v for %s", names, prefix)
		}
		for _, name := range names {
			used[prefix+name] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(used)) {
		if !english.Has(key) {
			t.Errorf("the catalogue has no %s", key)
		}
	}
	literals := stringLiterals(t)
	for _, key := range english.Keys() {
		family, name, _ := strings.Cut(key, ".")
		switch {
		case used[key], slices.Contains(literals, key): // some keys are in variables
		case family == "fix" && used["check."+strings.TrimSuffix(name, ".file")]:
		case family == "hint" && used["error."+strings.TrimRight(name, ".0123456789")]:
		case family == "empty" && used["attr."+name]:
		default:
			t.Errorf("%s is not used", key)
		}
	}
}

// Every error has a hint and every failed check a fix, except those whose message says what to do.
func TestEveryErrorHasAHint(t *testing.T) {
	t.Parallel()
	english, _ := catalogues(t)
	withoutHint := []string{
		"unexpected", "declined", "interrupted", "shell-unknown", "provider-unknown", "upstream-is-itself",
		"cacert-unreadable", "cacert-empty", "config-unreadable", "config-unwritable", "config-unknown-key", "config-invalid",
		"sandbox-unreadable", "ca-unwritable", "demo-chat-failed",
		"host-url", "host-path", "host-port", "host-wildcard", "host-space", "host-label", "host-long", "host-outside",
		"token-provider-unknown",
	}
	for _, code := range slices.Concat(engineCodes(t), problemCodes(t)) {
		if !english.Has("hint."+code+".1") && !slices.Contains(withoutHint, code) {
			t.Errorf("error.%s has no hint", code)
		}
	}
	withoutFix := []string{verify.CodeCancelled, verify.CodeTargetInvalid}
	for _, code := range verify.Codes() {
		if code.Status == verify.Fail && !english.Has("fix."+code.Name) && !slices.Contains(withoutFix, code.Name) {
			t.Errorf("check.%s has no fix", code.Name)
		}
	}
}

// Every placeholder in the text of a check is a detail of its code, or one that all checks have.
func TestPlaceholdersOfChecksAreDetails(t *testing.T) {
	t.Parallel()
	english, _ := catalogues(t)
	common := []string{"host", "provider", "run_deploy", "run_status", "run_verify", "run_add"}
	for _, code := range verify.Codes() {
		for _, key := range []string{"check." + code.Name, "fix." + code.Name} {
			for _, name := range placeholders(english.T(key)) {
				name = strings.Trim(name, "{}")
				if !slices.Contains(code.Details, name) && !slices.Contains(common, name) {
					t.Errorf("%s: %s has no detail %s", key, code.Name, name)
				}
			}
		}
	}
}

// A text outside the catalogues would be in one language only. Chinese is easy to detect.
func TestNoTextOutsideTheCatalogues(t *testing.T) {
	t.Parallel()
	for _, literal := range stringLiterals(t) {
		if strings.ContainsFunc(literal, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("Chinese outside the catalogue: %q", literal)
		}
	}
}

// The Chinese texts use one term for each thing, and full-width colons.
func TestChineseIsConsistent(t *testing.T) {
	_, chinese := catalogues(t)
	halfWidth := regexp.MustCompile(`[\p{Han}）]:|\}: `)
	for _, key := range chinese.Keys() {
		text := chinese.T(key)
		for _, term := range []string{"主人", "准入", "受管访问", "托管"} {
			if strings.Contains(text, term) {
				t.Errorf("%s uses the term %s: %s", key, term, text)
			}
		}
		if halfWidth.MatchString(text) {
			t.Errorf("%s has a half-width colon: %s", key, text)
		}
	}
	p, err := newProgram([]string{"--lang", "zh"}, environment{getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range p.app().Commands {
		if page := p.commandHelp(command.CustomHelpTemplate, command.Flags) + p.appHelp(); halfWidth.MatchString(page) {
			t.Errorf("%s has a half-width colon: %q", command.Name, halfWidth.FindString(page))
		}
	}
}

func TestFlagHelpFits80Columns(t *testing.T) {
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
