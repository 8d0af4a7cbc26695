package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/cfproxy/cfproxy/"

// allowedImports lists which packages of this module each package may import directly. cmd/cfproxy may import all of
// them.
var allowedImports = map[string][]string{
	"cmd/internal/credential": {"cmd/internal/input", "cmd/internal/problem", "provision/atomicfile"},
	"cmd/internal/dial":       {"cmd/internal/problem", "provision/verify"},
	"cmd/internal/filelock":   nil,
	"cmd/internal/i18n":       nil,
	"cmd/internal/input":      {"cmd/internal/problem"},
	"cmd/internal/problem":    nil,
	"cmd/internal/prompt":     {"cmd/internal/i18n"},
	"cmd/internal/config": {
		"cmd/internal/input", "cmd/internal/problem", "provision/atomicfile", "provision/plan", "provision/binding", "provision/hostname", "provision/errcode",
		"templates", "worker",
	},
	"cmd/internal/view": {
		"cmd/internal/i18n", "provision", "provision/plan", "provision/binding", "provision/hostname", "provision/errcode", "provision/verify",
	},
	"provision":                 {"provision/plan", "provision/binding", "provision/hostname", "provision/errcode", "worker"},
	"provision/plan":            {"provision/binding", "provision/hostname", "provision/errcode", "worker"},
	"provision/binding":         {"provision/hostname", "provision/errcode", "worker"},
	"provision/hostname":        {"provision/errcode"},
	"provision/errcode":         nil,
	"provision/cloudflare":      {"provision", "provision/plan", "provision/binding", "provision/hostname", "provision/errcode", "worker"},
	"provision/atomicfile":      nil,
	"provision/sandbox":         {"provision/atomicfile", "worker/workerd"},
	"provision/sandbox/edge":    {"provision/sandbox", "provision/sandbox/standin", "worker/workerd"},
	"provision/sandbox/standin": nil,
	"provision/verify":          nil,
	"templates":                 nil,
	"worker":                    nil,
	"worker/workerd":            nil,
}

// onlyImporters lists the only package that may import each library.
var onlyImporters = map[string]string{
	"github.com/cloudflare/cloudflare-go/": "provision/cloudflare",
	"github.com/urfave/cli/":               "cmd/cfproxy",
	"github.com/pelletier/go-toml/":        "cmd/internal/config",
	"github.com/charmbracelet/":            "cmd/internal/prompt",
	"github.com/zalando/go-keyring":        "cmd/internal/credential",
	"github.com/godbus/":                   "cmd/internal/credential",
}

func TestImports(t *testing.T) {
	t.Parallel()
	for from, imports := range importsOfAll(t) {
		name := strings.TrimPrefix(from, module)
		allowed, listed := allowedImports[name]
		isHelper := isPartOf(name, "cmd/internal/prompt") || strings.HasSuffix(name, "test")
		if !listed && !isHelper && name != "cmd/cfproxy" {
			t.Errorf("%s is not listed in allowedImports: add it", name)
		}
		for _, imported := range imports {
			if local, ok := strings.CutPrefix(imported, module); ok && listed && !slices.Contains(allowed, local) && !isPartOf(local, name) {
				t.Errorf("%s must not import %s", name, local)
			}
			for library, importer := range onlyImporters {
				if strings.HasPrefix(imported, library) && !isPartOf(name, importer) {
					t.Errorf("%s must not import %s: only %s may", name, imported, importer)
				}
			}
		}
	}
}

// The root package of the SDK links the client of every product, which costs 18 MB and two minutes of a cold build.
func TestSDKRootPackageIsNotLinked(t *testing.T) {
	t.Parallel()
	for _, dependency := range goList(t, "-deps", "./...") {
		if strings.HasPrefix(dependency, "github.com/cloudflare/cloudflare-go/v") && strings.Count(dependency, "/") == 3 {
			t.Errorf("%s is linked", dependency)
		}
	}
}

func isPartOf(name, parent string) bool { return name == parent || strings.HasPrefix(name, parent+"/") }

func importsOfAll(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, line := range goList(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...") {
		fields := strings.Fields(line)
		all[fields[0]] = fields[1:]
	}
	if len(all) < 8 {
		t.Fatalf("found %d packages only", len(all))
	}
	return all
}

func goList(t *testing.T, args ...string) []string {
	t.Helper()
	command := exec.Command("go", append([]string{"list"}, args...)...)
	command.Dir = "../.."
	var failure strings.Builder
	command.Stderr = &failure
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, failure.String())
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
