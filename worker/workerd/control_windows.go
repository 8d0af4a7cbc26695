package workerd

import (
	"os"
	"os/exec"
)

// passControl hands w to the child and returns its number there. Windows can
// pass only the three standard ones, so it is stdout, where the workers' own
// console output is skipped.
func passControl(cmd *exec.Cmd, w *os.File) int {
	cmd.Stdout = w
	return 1
}
