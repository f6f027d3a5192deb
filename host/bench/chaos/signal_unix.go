//go:build unix

package chaos

import "syscall"

// freeze stops a process where it is, and thaw lets it go on.
func freeze(pid int) error { return syscall.Kill(pid, syscall.SIGSTOP) }

func thaw(pid int) error { return syscall.Kill(pid, syscall.SIGCONT) }

func kill(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) }
