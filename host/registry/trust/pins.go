package trust

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
)

// Pins are hashes of files, in hex, by the files' names.
type Pins map[string]string

// ReadPins reads a file of pins: a line for each file, as sha256sum prints it.
// A line that cannot be read is an error, lest it be taken for no pin.
func ReadPins(name string) (Pins, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the pins: %w", err)
	}
	pins := Pins{}
	for line := range bytes.Lines(text) {
		line := strings.TrimRight(string(line), "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		sum, file, ok := strings.Cut(line, " ")
		// The character after the space says how sha256sum has read the file.
		if !ok || len(sum) != 2*sha256.Size || len(file) < 2 || !strings.Contains(" *", file[:1]) {
			return nil, fmt.Errorf("read the pins %s: %.80q is no line of sha256sum", name, line)
		}
		pins[file[1:]] = strings.ToLower(sum)
	}
	return pins, nil
}

// ReadPinsIfAny is ReadPins with no pins for a file that is not there.
func ReadPinsIfAny(name string) (Pins, error) {
	pins, err := ReadPins(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Pins{}, nil
	}
	return pins, err
}

// Bytes returns what ReadPins reads, sorted by name.
func (p Pins) Bytes() []byte {
	var out []byte
	for _, file := range slices.Sorted(maps.Keys(p)) {
		out = fmt.Appendf(out, "%s  %s\n", p[file], file)
	}
	return out
}

// Pin pins a module as it is: its file, and its manifest or that there is none.
func (p Pins) Pin(m *Parts) {
	p[m.Stem+ModuleExtension] = hash(m.Module)
	delete(p, m.Stem+ManifestExtension)
	if m.Manifest != nil {
		p[m.Stem+ManifestExtension] = hash(m.Manifest)
	}
}

// Check returns nil for a module that is pinned as it is. The error wraps
// ErrUntrusted.
func (p Pins) Check(m *Parts) error {
	now := Pins{}
	now.Pin(m)
	for _, file := range []string{m.Stem + ModuleExtension, m.Stem + ManifestExtension} {
		found, there := now[file]
		pinned, isPinned := p[file]
		switch {
		case found == pinned:
		case !isPinned:
			return untrusted(file + " is not pinned; henge module pin does that")
		case !there:
			return untrusted(file + " is pinned and not there")
		default:
			return untrusted(fmt.Sprintf("%s has the hash %.16s… and is pinned to %.16s…; henge module pin changes that", file, found, pinned))
		}
	}
	return nil
}

func hash(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }
