package registry

import (
	"io/fs"
	"syscall"
)

// identity returns the file's inode and when that was last changed, in ns since
// 1970.
func identity(info fs.FileInfo) (inode uint64, changed int64) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ino, s.Ctim.Nano()
	}
	return 0, 0
}
