//go:build !linux

package localredis

import "os/exec"

// dieWithParent does nothing where the system has no such thing: a killed
// parent then leaves its redis-server behind.
func dieWithParent(*exec.Cmd) {}
