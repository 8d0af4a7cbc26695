//go:build unix

package credential

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

// checkPrivate returns an error if another user owns the file or may read or change it.
func checkPrivate(path string, info fs.FileInfo) error {
	if system, known := info.Sys().(*syscall.Stat_t); known && int(system.Uid) != os.Geteuid() {
		return problem.New("token-file-foreign", problem.ExitFailed, "file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return problem.New("token-file-exposed", problem.ExitFailed, "file", path, "mode", fmt.Sprintf("%04o", mode))
	}
	return nil
}
