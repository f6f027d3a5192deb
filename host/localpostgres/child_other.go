//go:build !linux

package localpostgres

import "syscall"

// endsWithUs does nothing where the system has no such thing.
func endsWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
