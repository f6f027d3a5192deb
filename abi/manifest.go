package abi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// ManifestSection is the custom section that may carry a module's manifest. A
// file <name>.json beside the module wins over it.
const ManifestSection = "henge.manifest"

// Kind says how a module's payload is read by people; the contract is the
// same for both.
type Kind string

// The kinds.
const (
	Engine Kind = "engine" // the payload is a script
	Runner Kind = "runner" // the payload is arguments
)

// FreshInstance is the value of Manifest.Fresh that asks for a new instance
// for each job in place of a reset one.
const FreshInstance = "instance"

// Manifest is what a module says of itself. Without one, the file's name is
// the module's name and the type it serves.
type Manifest struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Kind    Kind   `json:"kind,omitempty"`

	// Types are the script types served, lower case. Empty means Name alone.
	Types []string `json:"types,omitempty"`

	// Capabilities, where given, must equal the import modules; WASI need not
	// be named.
	Capabilities []string `json:"capabilities,omitempty"`

	// MemoryMax is the most memory an instance may have, in bytes; 0 leaves
	// it to the host.
	MemoryMax int64 `json:"memory_max,omitempty"`

	// Arguments is a JSON Schema for a runner's arguments; optional.
	Arguments json.RawMessage `json:"arguments,omitempty"`

	// Fresh is empty or FreshInstance.
	Fresh string `json:"fresh,omitempty"`
}

// TypeRule is what a type's name may be, in words for an error message.
const TypeRule = "1 to 64 of a-z 0-9 . _ -, the first a letter or digit"

// ParseManifest reads a manifest and checks it. Fields that version 1 does
// not know are refused: a misspelt limit must not be silently absent.
func ParseManifest(b []byte) (*Manifest, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var m Manifest
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	if err := nothingFollows(d); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	return &m, nil
}

// Check reports the first thing wrong with m, and fills in Types from Name.
func (m *Manifest) Check() error {
	if !ValidType(m.Name) {
		return fmt.Errorf("manifest: name %.80q is not %s", m.Name, TypeRule)
	}
	if m.Kind != "" && m.Kind != Engine && m.Kind != Runner {
		return fmt.Errorf("manifest: kind %.80q is neither %q nor %q", m.Kind, Engine, Runner)
	}
	if len(m.Types) == 0 {
		m.Types = []string{m.Name}
	}
	for _, t := range m.Types {
		if !ValidType(t) {
			return fmt.Errorf("manifest: type %.80q is not %s", t, TypeRule)
		}
	}
	if m.MemoryMax < 0 || m.MemoryMax > 4<<30 {
		return fmt.Errorf("manifest: memory_max %d is not between 0 and 4 GiB", m.MemoryMax)
	}
	if m.Fresh != "" && m.Fresh != FreshInstance {
		return fmt.Errorf("manifest: fresh %.80q is not %q", m.Fresh, FreshInstance)
	}
	return nil
}

// MatchImports checks that the manifest's capabilities, where it names any,
// are exactly the modules imported. What is asked for in the open is then
// what can be used, and nothing more.
func (m *Manifest) MatchImports(imported []string) error {
	if m.Capabilities == nil {
		return nil
	}
	for _, c := range m.Capabilities {
		if c != WASI && !slices.Contains(imported, c) {
			return fmt.Errorf("manifest: capability %.80q is named but not imported", c)
		}
	}
	for _, i := range imported {
		if i != WASI && !slices.Contains(m.Capabilities, i) {
			return fmt.Errorf("manifest: capability %.80q is imported but not named", i)
		}
	}
	return nil
}

// ValidType reports whether s can name a type or a module; see TypeRule. Such
// a name is safe in a file name and in a Redis key.
func ValidType(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case i > 0 && (c == '.' || c == '_' || c == '-'):
		default:
			return false
		}
	}
	return true
}
