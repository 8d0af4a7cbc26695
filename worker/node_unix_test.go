//go:build unix

package worker_test

import (
	"os/exec"
	"syscall"
)

// killProcessGroup makes the cancellation of cmd kill its child processes too.
func killProcessGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
