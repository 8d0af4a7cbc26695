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

func TestBundle(t *testing.T) {
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

func TestImportsAreInTheBundle(t *testing.T) {
	t.Parallel()
	imports := regexp.MustCompile(`(?m)^import (?:.* from )?"([^"]+)";$`)
	b := worker.Load()
	sources := map[string][]byte{}
	for _, m := range b.Modules {
		sources[m.Name] = m.Source
	}
	reached := map[string]bool{}
	var follow func(name string)
	follow = func(name string) {
		source, ok := sources[name]
		if !ok || reached[name] {
			if !ok {
				t.Errorf("%s is imported, but not embedded", name)
			}
			return
		}
		reached[name] = true
		if path.Ext(name) != ".js" {
			return // a text file imports nothing
		}
		for _, found := range imports.FindAllSubmatch(source, -1) {
			target := string(found[1])
			if !strings.HasPrefix(target, "./") {
				t.Errorf("%s imports %q, which is not in the bundle", name, target)
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

func TestModuleConventions(t *testing.T) {
	t.Parallel()
	comments := regexp.MustCompile(`(?m)^\s*(?://|/?\*).*$`)
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
		if strings.HasPrefix(filepath.Base(name), "page-") {
			continue // HTML, with snippets and client code
		}
		text = comments.ReplaceAllString(text, "")
		for _, banned := range []string{`\bconsole\b`, `\bclass\b`, `\b(?:let|var)\b`, `\beval\b`, `\bwaitUntil\b`, `\bimport\(`} {
			if found := regexp.MustCompile(banned).FindString(text); found != "" {
				t.Errorf("%s uses %s", name, found)
			}
		}
	}
}

func TestBundleSize(t *testing.T) {
	t.Parallel()
	if size := gzipSize(t); size >= 17<<10 {
		t.Errorf("%d bytes with gzip, want less than 17 KB", size)
	}
}

// gzipSize returns the compressed size of the modules in bytes, as Cloudflare counts it.
// https://developers.cloudflare.com/workers/platform/limits/#worker-size
func gzipSize(t testing.TB) int {
	t.Helper()
	var compressed bytes.Buffer
	z := gzip.NewWriter(&compressed)
	for _, m := range worker.Load().Modules {
		if _, err := z.Write(m.Source); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return compressed.Len()
}
