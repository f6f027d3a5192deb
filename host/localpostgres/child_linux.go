package localpostgres

import "syscall"

// endsWithUs has the kernel stop the server when this process ends, however it
// ends, and keeps the terminal's ^C from it.
func endsWithUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
}
