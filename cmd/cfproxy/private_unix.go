//go:build unix

package main

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// checkPrivate refuses a file that somebody else owns, or that others may read or change.
func checkPrivate(path string, info fs.FileInfo) error {
	if system, known := info.Sys().(*syscall.Stat_t); known && int(system.Uid) != os.Geteuid() {
		return newProblem("token-file-foreign", exitFailed, "file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return newProblem("token-file-exposed", exitFailed, "file", path, "mode", fmt.Sprintf("%04o", mode))
	}
	return nil
}
