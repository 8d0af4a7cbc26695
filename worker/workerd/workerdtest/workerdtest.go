// Package workerdtest gives tests the workerd binary, and says in one place when
// they may do without.
package workerdtest

import (
	"errors"
	"os"
	"testing"

	"github.com/cfproxy/cfproxy/worker/workerd"
)

// Binary returns the path of workerd for t, installing it into the user's cache
// on first use. Where there is neither workerd nor npm, t is skipped, unless the
// environment variable CI is set: there nothing may pass untested.
func Binary(t testing.TB) string {
	t.Helper()
	cache, err := workerd.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	bin, err := workerd.Find(os.Getenv, cache)
	if errors.Is(err, workerd.ErrNotFound) {
		bin, err = workerd.Install(t.Context(), cache, nil)
	}
	if errors.Is(err, workerd.ErrNoNPM) && os.Getenv("CI") == "" {
		t.Skip("NOT TESTED: this needs workerd, and npm, which would install it, is not in PATH")
	}
	if err != nil {
		t.Fatal(err)
	}
	return bin
}
