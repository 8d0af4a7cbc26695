package workerd_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/cfproxy/cfproxy/worker/workerd"
	"github.com/cfproxy/cfproxy/worker/workerd/workerdtest"
)

func TestTest(t *testing.T) {
	t.Parallel()
	bin := workerdtest.Binary(t)
	good := script("good", `export const one = { test() {} }; export const two = { async test() {} };`)
	output, err := workerd.Test(t.Context(), bin, workerd.Config{Workers: []workerd.Worker{good}})
	if err != nil || !strings.Contains(output, "[ PASS ] good:one") || !strings.Contains(output, "[ PASS ] good:two") {
		t.Errorf("got %v, %s", err, output)
	}
	bad := script("bad", `export const one = { test() { throw new Error("not so") } };`)
	none := script("none", `export default {};`)
	for want, w := range map[string]workerd.Worker{"not so": bad, "No tests found": none} {
		output, err := workerd.Test(t.Context(), bin, workerd.Config{Workers: []workerd.Worker{w}})
		var exit *exec.ExitError
		if !errors.As(err, &exit) || !strings.Contains(output, want) {
			t.Errorf("%s: got %v, %s", w.Name, err, output)
		}
	}
}

func TestTestIsCancelled(t *testing.T) {
	t.Parallel()
	endless := script("endless", `export const one = { test() { for (;;); } };`)
	ctx, cancel := context.WithCancel(t.Context())
	bin := workerdtest.Binary(t)
	cancel()
	if _, err := workerd.Test(ctx, bin, workerd.Config{Workers: []workerd.Worker{endless}}); err == nil {
		t.Error("a cancelled run passed")
	}
	if _, err := workerd.Test(t.Context(), bin, workerd.Config{Workers: []workerd.Worker{{}}}); err == nil {
		t.Error("a config that cannot be expressed passed")
	}
}
