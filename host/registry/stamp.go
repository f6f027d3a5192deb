package registry

import (
	"errors"
	"io/fs"
	"os"

	"github.com/henge-run/henge/host/registry/trust"
)

// stamp tells one state of a module's files from another without reading them.
// The zero stamp is that of a module that is not there.
type stamp struct{ module, manifest, signature, pins mark }

// mark tells one state of a file from another. The zero mark is that of a file
// that is not there.
type mark struct {
	there    bool
	mode     fs.FileMode
	size     int64
	modified int64 // ns since 1970

	// inode and changed are zero where the system does not tell them. A file
	// that was copied with its time, or made with a fixed one, may differ from
	// another one in nothing else.
	inode   uint64
	changed int64
}

func markOf(info fs.FileInfo) mark {
	m := mark{there: true, mode: info.Mode(), size: info.Size(), modified: info.ModTime().UnixNano()}
	m.inode, m.changed = identity(info)
	return m
}

// found is the mark of what a look at a file gave. One that cannot be looked at
// is there, and like no other.
func found(info fs.FileInfo, err error) mark {
	switch {
	case err == nil:
		return markOf(info)
	case errors.Is(err, fs.ErrNotExist):
		return mark{}
	}
	return mark{there: true, mode: fs.ModeIrregular}
}

// stamp looks at the files of a module that the folder has listed.
func (f file) stamp() stamp {
	look := func(name string) mark { return found(fs.Stat(f.folder.FS, name)) }
	s := stamp{
		module:    look(f.name),
		manifest:  look(f.stem() + trust.ManifestExtension),
		signature: look(f.stem() + trust.SignatureExtension),
	}
	s.module.there = true // a link to nothing as well
	if t := f.folder.Trust; t != nil && t.Pins != "" {
		s.pins = found(os.Stat(t.Pins))
	}
	return s
}
