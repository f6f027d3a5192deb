package registry

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/registry/trust"
	"github.com/henge-run/henge/host/wasm"
)

const (
	// maxModule and maxManifest bound what is read into memory, in bytes.
	maxModule   = 256 << 20
	maxManifest = 1 << 20
)

// Folder is a place where modules lie.
type Folder struct {
	// Name is what people call it: a path, or "built-in".
	Name string

	// FS is its content. Only files at its top count, and none whose name
	// begins with a dot. For one that others can write, use Dir.
	FS fs.FS

	// Trust is what its modules have to show before they are loaded. Nil asks
	// for nothing.
	Trust *trust.Policy

	// path is where it lies on disk; empty for content that never changes.
	path string

	// away says that it could not be listed; it is the watcher's.
	away bool
}

// Dir returns a folder on disk. It can be watched, and nothing in it can lead
// out of it or hold up its reader.
func Dir(path string) Folder { return Folder{Name: path, FS: disk(path), path: path} }

// file is one .wasm file of a folder.
type file struct {
	folder *Folder
	at     int // the folder's position
	name   string
}

// isBuiltIn says that the file is not on disk, but in the program.
func (f file) isBuiltIn() bool { return f.folder.path == "" }

func (f file) stem() string { return strings.TrimSuffix(f.name, trust.ModuleExtension) }

// list returns the names of the folder's modules, sorted. Names that begin with
// a dot are those of files that are not finished, to many programs that copy.
func (f *Folder) list() ([]string, error) {
	found, err := fs.ReadDir(f.FS, ".")
	if err != nil {
		return nil, fmt.Errorf("read the modules folder %s: %w", f.Name, err)
	}
	var names []string
	for _, e := range found {
		if strings.HasSuffix(e.Name(), trust.ModuleExtension) && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// record reads the file and what lies beside it, and loads nothing.
func (f file) record() *record {
	rec := &record{file: f, Entry: Entry{Name: printable(f.stem()), File: path.Join(f.folder.Name, printable(f.name))}}
	parts, manifest, err := f.folder.Parts(f.name)
	if parts != nil {
		rec.sum = sumOf(parts)
	}
	if err != nil {
		rec.fail(err)
		return rec
	}
	rec.Name, rec.Version, rec.Types = manifest.Name, manifest.Version, manifest.Types
	rec.binary, rec.manifest, rec.size = parts.Module, manifest, len(parts.Module)
	if err := f.folder.Trust.Check(parts); err != nil {
		rec.fail(err)
		rec.quarantined = errors.Is(err, trust.ErrUntrusted)
	}
	return rec
}

// glance is record for a file that may have to wait until it is loaded.
func (f file) glance() *record {
	rec := f.record()
	if rec.size > maxHeld {
		rec.binary = nil
	}
	return rec
}

// printable makes a file's name fit for a terminal and a log.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(name, string(utf8.RuneError)))
}

// Read returns a .wasm file of the folder and the manifest that goes with it,
// if the folder's policy lets it be loaded. It looks at nothing of the file but
// its manifest.
func (f Folder) Read(name string) (binary []byte, manifest *abi.Manifest, err error) {
	parts, manifest, err := f.Parts(name)
	if err != nil {
		return nil, nil, err
	}
	if err := f.Trust.Check(parts); err != nil {
		return nil, nil, err
	}
	return parts.Module, manifest, nil
}

// Parts returns a .wasm file with what lies beside it, whatever the folder's
// policy is, and its manifest. Parts that could be read are returned with the
// error of a manifest that cannot be understood.
func (f Folder) Parts(name string) (*trust.Parts, *abi.Manifest, error) {
	if printable(name) != name {
		return nil, nil, errors.New("its name has characters that cannot be shown; rename it")
	}
	p := &trust.Parts{Stem: strings.TrimSuffix(name, trust.ModuleExtension)}
	var err error
	if p.Module, err = f.read(name, maxModule); err != nil {
		return nil, nil, err
	}
	if p.Manifest, err = f.beside(p.Stem + trust.ManifestExtension); err != nil {
		return nil, nil, err
	}
	if p.Signature, err = f.beside(p.Stem + trust.SignatureExtension); err != nil {
		return nil, nil, err
	}
	manifest, err := manifestOf(p)
	if err != nil {
		return p, nil, err
	}
	p.Name = manifest.Name
	return p, manifest, nil
}

// beside returns a file that may be there, and nil for one that is not.
func (f Folder) beside(name string) ([]byte, error) {
	b, err := f.read(name, maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// manifestOf finds what the module says of itself: in the file beside it, in
// its own section, or in its name.
func manifestOf(p *trust.Parts) (*abi.Manifest, error) {
	if p.Manifest != nil {
		m, err := abi.ParseManifest(p.Manifest)
		if err != nil {
			return nil, fmt.Errorf("%s%s: %w", p.Stem, trust.ManifestExtension, err)
		}
		return m, nil
	}
	section, found, err := wasm.CustomSection(p.Module, abi.ManifestSection)
	if err != nil {
		return nil, err
	}
	if found {
		return abi.ParseManifest(section)
	}
	m := &abi.Manifest{Name: p.Stem}
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("the file's name is the type it serves, and %.80q is not %s; rename it, or give it a manifest", p.Stem, abi.TypeRule)
	}
	return m, nil
}

// read returns a whole file, empty and not nil for an empty one. Anything but a
// regular file is refused before it is opened, since opening a device may do
// something, and looked at again afterwards, since it may have been exchanged.
func (f Folder) read(name string, limit int64) ([]byte, error) {
	info, err := fs.Stat(f.FS, name)
	if err != nil {
		return nil, err
	}
	if err := readable(info, limit); err != nil {
		return nil, err
	}
	in, err := f.FS.Open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	before, err := in.Stat()
	if err != nil {
		return nil, err
	}
	if err := readable(before, limit); err != nil {
		return nil, err
	}
	content := bytes.NewBuffer(make([]byte, 0, before.Size()+bytes.MinRead))
	if _, err := content.ReadFrom(io.LimitReader(in, limit+1)); err != nil {
		return nil, err
	}
	b := content.Bytes()
	after, err := in.Stat()
	if err != nil {
		return nil, err
	}
	if markOf(before) != markOf(after) || int64(len(b)) != after.Size() {
		return nil, errChanging
	}
	return b, nil
}

// errChanging is why a file was not read: somebody writes it.
var errChanging = errors.New("it was changed while it was read")

// readable says why a file is not read.
func readable(info fs.FileInfo, limit int64) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("it is not a regular file but %s", info.Mode().Type())
	}
	if info.Size() > limit {
		return fmt.Errorf("it has %d bytes, and no more than %d are read", info.Size(), limit)
	}
	return nil
}
