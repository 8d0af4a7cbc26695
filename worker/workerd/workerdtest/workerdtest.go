// Package workerdtest provides the workerd binary to tests and decides when they are skipped without it.
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

// installTimeout is for the download of about 40 MB.
const installTimeout = 3 * time.Minute

// locate finds or installs workerd once per process: an install that fails takes a while and would fail again.
var locate = sync.OnceValues(func() (string, error) {
	cache, err := workerd.CacheDir()
	if err != nil {
		return "", err
	}
	bin, err := workerd.Find(os.Getenv, cache)
	if !errors.Is(err, workerd.ErrNotFound) {
		return bin, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), installTimeout)
	defer cancel()
	return workerd.Install(ctx, cache, nil)
})

// Binary returns the path of workerd, which it installs into the user's cache on first use. If there is neither workerd nor npm,
// it skips the test, unless the environment variable CI is set.
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
