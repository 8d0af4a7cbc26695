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

// fakeNPM makes script the only program in PATH, as npm. In it $BIN is where the
// binary belongs in the folder that npm is called in, and $LOG a file of the test's.
func fakeNPM(t *testing.T, script string) (log string) {
	t.Helper()
	dir := t.TempDir()
	log = filepath.Join(dir, "log")
	head := fmt.Sprintf("#!/bin/sh\nPATH=/usr/bin:/bin\nBIN=node_modules/%s/bin/workerd\nLOG='%s'\n", platform(t), log)
	program(t, filepath.Join(dir, "npm"), head+script)
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

// leftovers is what lies in the cache, apart from the lock.
func leftovers(t *testing.T, cache string) []string {
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

func TestInstallRunsNPMOnceAndNoScripts(t *testing.T) {
	log := fakeNPM(t, goodNPM)
	cache := filepath.Join(t.TempDir(), "not", "there", "yet")
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
	if names := leftovers(t, cache); len(names) != 1 {
		t.Errorf("cache holds %v", names)
	}
}

func TestInstallWithoutNPM(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Install(t.Context(), t.TempDir(), nil); !errors.Is(err, ErrNoNPM) {
		t.Errorf("got %v, want ErrNoNPM", err)
	}
}

func TestInstallThatFailsIsNeverFound(t *testing.T) {
	tests := map[string]struct{ script, want string }{
		"npm fails": {"echo npm http fetch; echo npm error code ENOTFOUND >&2; exit 1\n" + goodNPM, "exit status 1: npm error code ENOTFOUND"},
		"npm dies half-way": {`mkdir -p "${BIN%/*}"; echo half > "$BIN"; kill -9 $$
`, "killed"},
		"npm fails without a word": {"exit 3\n", "exit status 3"},
		"no binary comes":          {"exit 0\n", "did not bring the binary"},
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
			if names := leftovers(t, cache); len(names) != 0 {
				t.Errorf("left behind: %v", names)
			}
		})
	}
}

func TestInstallStopsWithItsContext(t *testing.T) {
	fakeNPM(t, "echo begun; exec sleep 60\n")
	cache := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := Install(ctx, cache, func(string) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if names := leftovers(t, cache); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

func TestInstallTwiceAtOnceRunsNPMOnce(t *testing.T) {
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

func TestInstallWaitsNoLongerThanItsContext(t *testing.T) {
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

func TestInstallMakesRoomWhereWreckageLies(t *testing.T) {
	fakeNPM(t, goodNPM)
	cache := t.TempDir()
	program(t, filepath.Join(installDir(cache), "wreckage"), "x")
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
	if got, want := strings.Join(leftovers(t, cache), " "), ".workerd-fresh workerd-"+Version; got != want {
		t.Errorf("cache holds %s, want %s", got, want)
	}
}

func TestMoveIntoKeepsWhatAnotherProcessFinished(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	theirs := program(t, filepath.Join(installDir(cache), "node_modules", platform(t), "bin", exeName()), "theirs")
	ours := filepath.Join(cache, ".workerd-ours")
	program(t, filepath.Join(ours, "node_modules", platform(t), "bin", exeName()), "ours")
	if err := moveInto(ours, installDir(cache)); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(theirs); err != nil || string(b) != "theirs" {
		t.Errorf("got %q, %v; want theirs", b, err)
	}
}
