// Package workerdtest gives tests the workerd binary, and says in one place when
// they may do without.
package workerdtest

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/cfproxy/cfproxy/worker/workerd"
)

// installLimit bounds the download, of some 40 MB.
const installLimit = 3 * time.Minute

// locate looks once for all tests of a process: an install that fails takes its
// time, and would fail for the next test as well.
var locate = sync.OnceValues(func() (string, error) {
	cache, err := workerd.CacheDir()
	if err != nil {
		return "", err
	}
	bin, err := workerd.Find(os.Getenv, cache)
	if !errors.Is(err, workerd.ErrNotFound) {
		return bin, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), installLimit)
	defer cancel()
	return workerd.Install(ctx, cache, nil)
})

// Binary returns the path of workerd for t, installing it into the user's cache
// on first use. Where there is neither workerd nor npm, t is skipped, unless the
// environment variable CI is set: there nothing may pass untested.
func Binary(t testing.TB) string {
	t.Helper()
	bin, err := locate()
	if errors.Is(err, workerd.ErrNoNPM) && os.Getenv("CI") == "" {
		t.Skip("NOT TESTED: this needs workerd, and npm, which would install it, is not in PATH")
	}
	if err != nil {
		t.Fatal(err)
	}
	return bin
}
