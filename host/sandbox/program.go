package sandbox

import (
	"crypto/sha256"
	"fmt"
	"os"
	"runtime/debug"
)

// programID names the program that runs, in hex, so that what one build of it
// has metered is not taken for the work of another. It returns "" where that
// cannot be known.
func programID() string {
	// On Linux this is the file that was started, even when another one lies
	// in its place by now.
	info, err := os.Stat("/proc/self/exe")
	if err != nil {
		var name string
		if name, err = os.Executable(); err == nil {
			info, err = os.Stat(name)
		}
	}
	build, ok := debug.ReadBuildInfo()
	if err != nil || !ok {
		return ""
	}
	id := fmt.Sprint(build, info.Size(), info.ModTime().UnixNano())
	return fmt.Sprintf("%x", sha256.Sum256([]byte(id)))
}
