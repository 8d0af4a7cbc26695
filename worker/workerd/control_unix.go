//go:build !windows

package workerd

import (
	"os"
	"os/exec"
)

// passControl hands w to the child and returns its number there.
func passControl(cmd *exec.Cmd, w *os.File) int {
	cmd.ExtraFiles = []*os.File{w}
	return 3
}
