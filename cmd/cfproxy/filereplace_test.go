//go:build unix

package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/cfproxy/cfproxy/worker"
)

// Root who edits the file of somebody else leaves it to them.
func TestAFileKeepsItsOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	f := tokensFile(t, "domains = []\n")
	if err := os.Chown(f.path, 12345, 23456); err != nil {
		t.Skip(err)
	}
	next, err := f.with(worker.Token{Name: "a", SHA256: digestOf("a")})
	if err == nil {
		err = f.write(next)
	}
	info, statErr := os.Stat(f.path)
	if err != nil || statErr != nil {
		t.Fatal(err, statErr)
	}
	if is := info.Sys().(*syscall.Stat_t); is.Uid != 12345 || is.Gid != 23456 || info.Mode().Perm() != 0o640 {
		t.Errorf("it belongs to %d:%d, mode %v", is.Uid, is.Gid, info.Mode())
	}
}

func TestARehearsalLeavesNothing(t *testing.T) {
	t.Parallel()
	f := tokensFile(t, "domains = []\n")
	if err := f.writable(); err != nil {
		t.Error(err)
	}
	if err := mayWrite(filepath.Dir(f.path)); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(f.path, 0o444); err != nil {
		t.Fatal(err)
	}
	if err := f.writable(); err == nil {
		t.Error("a file that is read-only counts as writable")
	}
	entries, err := os.ReadDir(filepath.Dir(f.path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v %v", entries, err)
	}
}
