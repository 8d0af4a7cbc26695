package worker_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/cfproxy/cfproxy/worker"
	"github.com/cfproxy/cfproxy/worker/workerd"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

// TestModules runs the tests in testdata/unit on workerd. The modules keep their paths, so that imports are the same
// as on disk. The token list is that of the managed relays.
func TestModules(t *testing.T) {
	t.Parallel()
	bin := workerdtest.Binary(t)
	check := esModule(t, "testdata/unit/check.js")
	forEachTestFile(t, "testdata/unit", func(t *testing.T, file string) {
		t.Parallel()
		w := workerd.Worker{Name: "unit", Main: filepath.ToSlash(file), CompatibilityDate: worker.Load().CompatibilityDate,
			Modules: []workerd.Module{esModule(t, file), check}}
		for _, m := range worker.Load().WithTokens(team()).Modules {
			w.Modules = append(w.Modules, workerd.Module{Name: "src/" + m.Name, Type: m.Type, Body: m.Source})
		}
		ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
		defer cancel()
		if output, err := workerd.Test(ctx, bin, workerd.Config{Workers: []workerd.Worker{w}}); err != nil {
			t.Errorf("%v\n%s", err, output)
		}
	})
}

func esModule(t *testing.T, file string) workerd.Module {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return workerd.Module{Name: filepath.ToSlash(file), Type: workerd.TypeESModule, Body: body}
}
