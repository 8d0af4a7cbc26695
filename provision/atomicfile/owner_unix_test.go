//go:build unix

package atomicfile

import (
	"os"
	"syscall"
	"testing"
)

func TestReplaceKeepsOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can change the owner of a file")
	}
	path := newFile(t, "old", 0o640)
	if err := os.Chown(path, 12345, 23456); err != nil {
		t.Skip(err)
	}
	if err := Replace(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if is := info.Sys().(*syscall.Stat_t); is.Uid != 12345 || is.Gid != 23456 || info.Mode().Perm() != 0o640 {
		t.Errorf("owner %d:%d, mode %v", is.Uid, is.Gid, info.Mode())
	}
}
