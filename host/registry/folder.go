package registry

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/wasm"
)

const (
	extension = ".wasm"

	// maxModule and maxManifest bound what is read into memory, in bytes.
	maxModule   = 256 << 20
	maxManifest = 1 << 20
)

// Folder is a place where modules lie.
type Folder struct {
	// Name is what people call it: a path, or "built-in".
	Name string

	// FS is its content. Only files at its top count.
	FS fs.FS
}

// file is one .wasm file of a folder.
type file struct {
	folder Folder
	name   string
}

// list returns the folder's .wasm files in the order of their names.
func (f Folder) list() ([]file, error) {
	found, err := fs.ReadDir(f.FS, ".")
	if err != nil {
		return nil, err
	}
	var files []file
	for _, e := range found {
		if strings.HasSuffix(e.Name(), extension) {
			files = append(files, file{f, e.Name()})
		}
	}
	return files, nil
}

// record reads the file and its manifest, and loads nothing.
func (f file) record() *record {
	rec := &record{Entry: Entry{Name: strings.TrimSuffix(f.name, extension), File: path.Join(f.folder.Name, f.name)}}
	binary, manifest, err := f.folder.Read(f.name)
	if err != nil {
		rec.fail(err)
		return rec
	}
	rec.Name, rec.Version, rec.Types = manifest.Name, manifest.Version, manifest.Types
	rec.binary, rec.manifest = binary, manifest
	return rec
}

// Read returns a .wasm file of the folder and the manifest that goes with it.
// It looks at nothing of the file but its manifest.
func (f Folder) Read(name string) (binary []byte, manifest *abi.Manifest, err error) {
	if binary, err = f.read(name, maxModule); err != nil {
		return nil, nil, err
	}
	manifest, err = f.manifest(strings.TrimSuffix(name, extension), binary)
	return binary, manifest, err
}

// manifest finds what the module says of itself: in the file beside it, in
// its own section, or in its name.
func (f Folder) manifest(name string, binary []byte) (*abi.Manifest, error) {
	sidecar, err := f.read(name+".json", maxManifest)
	if err == nil {
		m, err := abi.ParseManifest(sidecar)
		if err != nil {
			return nil, fmt.Errorf("%s.json: %w", name, err)
		}
		return m, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s.json: %w", name, err)
	}
	section, found, err := wasm.CustomSection(binary, abi.ManifestSection)
	if err != nil {
		return nil, err
	}
	if found {
		return abi.ParseManifest(section)
	}
	m := &abi.Manifest{Name: name}
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("the file's name is the type it serves, and %.80q is not %s; rename it, or give it a manifest", name, abi.TypeRule)
	}
	return m, nil
}

// read returns a whole file. Anything but a regular file is refused before it
// is opened: a pipe would never end.
func (f Folder) read(name string, limit int64) ([]byte, error) {
	info, err := fs.Stat(f.FS, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("it is not a regular file but %s", info.Mode().Type())
	}
	in, err := f.FS.Open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	b, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("it is larger than the %d bytes that are read", limit)
	}
	return b, nil
}
