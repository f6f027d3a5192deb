package registry

import (
	"io/fs"
	"os"
	"syscall"
)

// disk is a folder on disk that others can write: links lead nowhere outside of
// it, and opening never waits for the other end of a pipe. It is opened anew for
// each file, so that a folder that another one replaced is seen.
type disk string

var _ fs.StatFS = disk("")

// Open implements fs.FS.
func (d disk) Open(name string) (fs.File, error) {
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err // not a nil *os.File in an interface
	}
	return f, nil
}

// Stat implements fs.StatFS.
func (d disk) Stat(name string) (fs.FileInfo, error) {
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.Stat(name)
}
