package workerd

import (
	"os"
	"os/exec"
)

// passControlPipe lets the child inherit w and returns its file descriptor there. On Windows only the three standard files can
// be inherited, so it is stdout. The console output of the Workers on stdout is ignored.
func passControlPipe(cmd *exec.Cmd, w *os.File) int {
	cmd.Stdout = w
	return 1
}
