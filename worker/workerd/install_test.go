//go:build unix

package workerd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeNPM sets PATH to a directory with only the given script, as npm. In the script $BIN is the relative path where npm
// installs the binary, and $LOG is a file whose path is returned.
func fakeNPM(t *testing.T, script string) (log string) {
	t.Helper()
	dir := t.TempDir()
	log = filepath.Join(dir, "log")
	head := fmt.Sprintf("#!/bin/sh\nPATH=/usr/bin:/bin\nBIN=node_modules/%s/bin/workerd\nLOG='%s'\n", platform(t), log)
	writeProgram(t, filepath.Join(dir, "npm"), head+script)
	t.Setenv("PATH", dir)
	return log
}

const goodNPM = `echo "$@" >> "$LOG"
echo "npm http fetch GET 200"
mkdir -p "${BIN%/*}"
printf '#!/bin/sh\necho workerd' > "$BIN"
chmod +x "$BIN"
echo "added 2 packages" >&2
`

// cacheEntries returns the names in the cache directory, except the lock file.
func cacheEntries(t *testing.T, cache string) []string {
	t.Helper()
	entries, err := os.ReadDir(cache)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != ".install.lock" {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestInstall(t *testing.T) {
	log := fakeNPM(t, goodNPM)
	cache := filepath.Join(t.TempDir(), "missing", "directory")
	var seen []string
	bin, err := Install(t.Context(), cache, func(line string) { seen = append(seen, line) })
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(seen, "|"); got != "npm http fetch GET 200|added 2 packages" {
		t.Errorf("progress: %s", got)
	}
	again, err := Install(t.Context(), cache, nil)
	if err != nil || again != bin {
		t.Errorf("second time: %q, %v; want %q", again, err, bin)
	}
	if found, err := Find(environment(nil), cache); err != nil || found != bin {
		t.Errorf("Find: %q, %v; want %q", found, err, bin)
	}
	calls, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(calls), "\n"); n != 1 {
		t.Errorf("npm ran %d times:\n%s", n, calls)
	}
	for _, want := range []string{"install ", "--ignore-scripts", "--no-audit", "--no-fund", "workerd@" + Version} {
		if !strings.Contains(string(calls), want) {
			t.Errorf("npm was called with %s, want %s", calls, want)
		}
	}
	if names := cacheEntries(t, cache); len(names) != 1 {
		t.Errorf("cache has %v", names)
	}
}

func TestInstallWithoutNPM(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Install(t.Context(), t.TempDir(), nil); !errors.Is(err, ErrNoNPM) {
		t.Errorf("got %v, want ErrNoNPM", err)
	}
}

func TestFailedInstallIsNotFound(t *testing.T) {
	tests := map[string]struct{ script, want string }{
		"npm fails": {"echo npm http fetch; echo npm error code ENOTFOUND >&2; exit 1\n" + goodNPM, "exit status 1: npm error code ENOTFOUND"},
		"npm dies half-way": {`mkdir -p "${BIN%/*}"; echo half > "$BIN"; kill -9 $$
`, "killed"},
		"npm fails without output": {"exit 3\n", "exit status 3"},
		"no binary":                {"exit 0\n", "did not bring the binary"},
		"the binary does not run":  {strings.Replace(goodNPM, "echo workerd", "echo no such libc; exit 127", 1), "exit status 127: no such libc"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			fakeNPM(t, test.script)
			cache := t.TempDir()
			_, err := Install(t.Context(), cache, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
			if _, err := Find(environment(nil), cache); !errors.Is(err, ErrNotFound) {
				t.Errorf("Find afterwards: %v, want ErrNotFound", err)
			}
			if names := cacheEntries(t, cache); len(names) != 0 {
				t.Errorf("not removed: %v", names)
			}
		})
	}
}

func TestInstallIsCancelled(t *testing.T) {
	fakeNPM(t, "echo started; exec sleep 60\n")
	cache := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := Install(ctx, cache, func(string) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if names := cacheEntries(t, cache); len(names) != 0 {
		t.Errorf("not removed: %v", names)
	}
}

func TestConcurrentInstallsRunNPMOnce(t *testing.T) {
	log := fakeNPM(t, goodNPM)
	cache := t.TempDir()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := Install(t.Context(), cache, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if calls, _ := os.ReadFile(log); strings.Count(string(calls), "\n") != 1 {
		t.Errorf("npm ran more than once:\n%s", calls)
	}
}

func TestWaitForLockIsCancelled(t *testing.T) {
	fakeNPM(t, goodNPM)
	cache := t.TempDir()
	unlock, err := lock(t.Context(), filepath.Join(cache, ".install.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Install(ctx, cache, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestInstallReplacesIncompleteInstall(t *testing.T) {
	fakeNPM(t, goodNPM)
	cache := t.TempDir()
	writeProgram(t, filepath.Join(installDir(cache), "incomplete"), "x")
	stale := filepath.Join(cache, ".workerd-killed")
	fresh := filepath.Join(cache, ".workerd-fresh")
	for _, dir := range []string{stale, fresh} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * staleAfter)
	if err := os.Chtimes(stale, long, long); err != nil {
		t.Fatal(err)
	}
	if _, err := Install(t.Context(), cache, nil); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(cacheEntries(t, cache), " "), ".workerd-fresh workerd-"+Version; got != want {
		t.Errorf("cache has %s, want %s", got, want)
	}
}

func TestMoveIntoKeepsCompleteInstall(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	other := writeProgram(t, filepath.Join(installDir(cache), "node_modules", platform(t), "bin", exeName()), "other")
	own := filepath.Join(cache, ".workerd-own")
	writeProgram(t, filepath.Join(own, "node_modules", platform(t), "bin", exeName()), "own")
	if err := moveInto(own, installDir(cache)); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(other); err != nil || string(b) != "other" {
		t.Errorf("got %q, %v; want other", b, err)
	}
}
