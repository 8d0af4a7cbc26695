package worker_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/worker"
)

func TestBundleIsSortedAndStartsWithItsMain(t *testing.T) {
	t.Parallel()
	b := worker.Load()
	var names []string
	for _, m := range b.Modules {
		names = append(names, m.Name)
		if len(m.Source) == 0 {
			t.Errorf("%s is empty", m.Name)
		}
	}
	if !slices.IsSorted(names) || !slices.Contains(names, b.Main) {
		t.Errorf("modules %v, main %s", names, b.Main)
	}
	if b.CompatibilityDate < "2026-04-07" || b.CompatibilityDate > "2026-08-03" {
		t.Errorf("compatibility date %s is out of its range", b.CompatibilityDate)
	}
}

func TestLoadReturnsACopy(t *testing.T) {
	t.Parallel()
	b := worker.Load()
	want := bytes.Clone(b.Modules[0].Source)
	clear(b.Modules[0].Source)
	if got := worker.Load().Modules[0].Source; !bytes.Equal(got, want) {
		t.Error("changing one bundle changes the next")
	}
}

func TestImportsStayWithinTheBundle(t *testing.T) {
	t.Parallel()
	imports := regexp.MustCompile(`(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"']+)["']`)
	b := worker.Load()
	sources := map[string][]byte{}
	for _, m := range b.Modules {
		sources[m.Name] = m.Source
	}
	reached := map[string]bool{}
	var follow func(name string)
	follow = func(name string) {
		source, there := sources[name]
		if !there || reached[name] {
			if !there {
				t.Errorf("%s is imported, but not embedded", name)
			}
			return
		}
		reached[name] = true
		if path.Ext(name) != ".js" {
			return // a text that shows an import makes none
		}
		for _, found := range imports.FindAllSubmatch(source, -1) {
			target := string(found[1])
			if !strings.HasPrefix(target, "./") {
				t.Errorf("%s imports %q, which is no neighbour", name, target)
				continue
			}
			follow(path.Join(path.Dir(name), target))
		}
	}
	follow(b.Main)
	for name := range sources {
		if !reached[name] {
			t.Errorf("%s is embedded, but nothing imports it", name)
		}
	}
}

func TestModulesKeepTheHabits(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile(`(?m)^\s*(?://|/?\*).*$`)
	files, err := filepath.Glob("src/*.js")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(source)
		if n := strings.Count(text, "\n"); n > 140 {
			t.Errorf("%s has %d lines, more than 140", name, n)
		}
		if !strings.HasPrefix(text, "// @ts-check\n") {
			t.Errorf("%s does not begin with // @ts-check", name)
		}
		text = code.ReplaceAllString(text, "")
		for _, banned := range []string{`\bconsole\b`, `\bclass\b`, `\b(?:let|var)\b`, `\beval\b`, `\bwaitUntil\b`} {
			if found := regexp.MustCompile(banned).FindString(text); found != "" {
				t.Errorf("%s uses %s", name, found)
			}
		}
	}
}

func TestBundleComesWithoutComments(t *testing.T) {
	t.Parallel()
	for _, m := range worker.Load().Modules {
		if m.Type == worker.TypeModule && regexp.MustCompile(`(?m)^\s*(//|/?\*)|@ts-check|@param`).Match(m.Source) {
			t.Errorf("%s has comments:\n%s", m.Name, m.Source)
		}
	}
}

func TestBundleIsSmall(t *testing.T) {
	t.Parallel()
	if size := packedSize(t); size >= 12<<10 {
		t.Errorf("%d bytes with gzip, want less than 12 KB", size)
	}
}

// packedSize is how many bytes the modules have with gzip, as Cloudflare counts them.
// https://developers.cloudflare.com/workers/platform/limits/#worker-size
func packedSize(t testing.TB) int {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for _, m := range worker.Load().Modules {
		if _, err := z.Write(m.Source); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Len()
}

// commentLines drops whole lines, so in src nothing may follow the end of a comment on its line, and no line of code may begin
// as a comment's do.
func TestNoCodeStandsWhereCommentsAreDropped(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("src/*.js")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%v: %v", paths, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lostCode(string(text)) {
			t.Errorf("%s: code is lost in %q", path, line)
		}
	}
	for _, text := range []string{"/** @type {A} */ const a = 1;\n", "/**\n * B\n */ const b = 2;\n", "const c = 3\n  * 4;\n"} {
		if len(lostCode(text)) != 1 {
			t.Errorf("nothing is found in %q", text)
		}
	}
}

// lostCode gives the lines that look like comments and are not, or not only. Comments in src begin on lines of their own.
func lostCode(text string) []string {
	var lost []string
	within := false
	for line := range strings.Lines(text) {
		rest := strings.TrimSpace(line)
		within = within || strings.HasPrefix(rest, "/*")
		comment, behind, ends := strings.Cut(rest, "*/")
		dropped := strings.HasPrefix(comment, "/**") || strings.HasPrefix(rest, "*/") || rest == "*" || strings.HasPrefix(rest, "* ")
		if dropped && (!within || ends && behind != "") {
			lost = append(lost, rest)
		}
		within = within && !ends
	}
	return lost
}
