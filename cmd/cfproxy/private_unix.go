//go:build unix

package main

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

// checkPrivate refuses a file that somebody else owns, or that others may read or change.
func checkPrivate(path string, info fs.FileInfo) error {
	if system, known := info.Sys().(*syscall.Stat_t); known && int(system.Uid) != os.Geteuid() {
		return problem.New("token-file-foreign", problem.ExitFailed, "file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return problem.New("token-file-exposed", problem.ExitFailed, "file", path, "mode", fmt.Sprintf("%04o", mode))
	}
	return nil
}
