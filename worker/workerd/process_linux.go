package workerd

import (
	"os/exec"
	"syscall"
)

// endWithUs has the kernel kill the child when we die without a word, and keeps
// the terminal's Ctrl-C from it, so that we can end it in our own order. To the
// kernel "we" is the thread that starts the child: it has to stay.
func endWithUs(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
