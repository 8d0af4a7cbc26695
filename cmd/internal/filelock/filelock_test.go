package filelock

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "filelock")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
			os.Setenv(name, dir)
		}
		return m.Run()
	}())
}

func mustLock(t *testing.T, path string) (unlock func()) {
	t.Helper()
	unlock, err := Lock(t.Context(), path, time.Minute, func() {})
	if err != nil {
		t.Fatal(err)
	}
	return unlock
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	unlock := mustLock(t, path)
	if _, err := Lock(t.Context(), path, time.Millisecond, func() { t.Error("notice") }); !errors.Is(err, ErrTimeout) {
		t.Errorf("got %v", err)
	}
	unlock()
	unlock()
	mustLock(t, path)()
}

func TestWait(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	notices := 0
	unlock, err := Lock(t.Context(), path, time.Minute, func() { notices++ })
	if err != nil || notices != 0 {
		t.Fatalf("%v, %d notices", err, notices)
	}
	unlockSecond, err := Lock(t.Context(), path, time.Minute, func() { notices++; unlock() })
	if err != nil || notices != 1 {
		t.Fatalf("%v, %d notices", err, notices)
	}
	unlockSecond()
}

func TestCancel(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	defer mustLock(t, path)()
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := Lock(ctx, path, time.Minute, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestOtherFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	defer mustLock(t, filepath.Join(dir, "a"))()
	defer mustLock(t, filepath.Join(dir, "b"))()
}

func TestDirectoryOfTheFileStaysClean(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	defer mustLock(t, filepath.Join(dir, "file"))()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("%v, %v", entries, err)
	}
}
