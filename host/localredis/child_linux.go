package localredis

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel kill the child when this process ends, however
// it ends. A group of its own keeps the terminal's ^C from reaching it before
// whoever uses it has stopped.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
