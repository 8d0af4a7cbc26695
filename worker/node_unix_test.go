//go:build unix

package worker_test

import (
	"os/exec"
	"syscall"
)

// ownGroup has the end of cmd's time end what it has started as well.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
