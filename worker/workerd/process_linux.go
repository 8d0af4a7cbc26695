package workerd

import (
	"os/exec"
	"syscall"
)

// killWithParent makes the kernel kill the child when this process dies, and puts it into its own process group, so that Ctrl-C
// does not reach it and it is stopped by Close. For the kernel the parent is the thread that starts the child, which must
// not exit.
func killWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
