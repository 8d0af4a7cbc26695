//go:build !windows

package workerd

import (
	"os"
	"os/exec"
)

// passControlPipe lets the child inherit w and returns its file descriptor there.
func passControlPipe(cmd *exec.Cmd, w *os.File) int {
	cmd.ExtraFiles = []*os.File{w}
	return 3
}
