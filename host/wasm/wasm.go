// Package wasm reads WebAssembly modules as bytes and rewrites them: Decode,
// then Module.Meter, Module.Freeze and others, then Module.Encode. It knows no
// runtime and runs nothing; whatever it does not understand it refuses, with
// the offset.
package wasm

import (
	"fmt"
)

// A module begins with four bytes of magic and four of version and layer.
const headerSize = 8

// CheckHeader reports why b cannot be a core module, judged by its first
// bytes, in words for someone who dropped the wrong file into a folder.
func CheckHeader(b []byte) error {
	const magic = "\x00asm"
	if len(b) < len(magic) || string(b[:len(magic)]) != magic {
		return &Error{0, fmt.Sprintf("this is not WebAssembly: a module begins with %q, this begins with %q", magic, b[:min(len(b), len(magic))])}
	}
	if len(b) < headerSize {
		return &Error{len(b), fmt.Sprintf("the file ends within its header: it has %d of %d bytes", len(b), headerSize)}
	}
	version, layer := uint16(b[4])|uint16(b[5])<<8, uint16(b[6])|uint16(b[7])<<8
	switch {
	case layer == 1:
		return &Error{6, "this is a component, and henge runs core modules: build for wasm32-wasip1 (not wasip2), or take the core module out of it"}
	case layer != 0 || version != 1:
		return &Error{4, fmt.Sprintf("version %d, layer %d of WebAssembly is not known; henge runs version 1, layer 0", version, layer)}
	}
	return nil
}

// Error is what is wrong with a module, and where.
type Error struct {
	// Offset is the position in the file, in bytes from 0.
	Offset int

	// Message says what was met there.
	Message string
}

// Error returns the message with its offset.
func (e *Error) Error() string { return fmt.Sprintf("at byte %d: %s", e.Offset, e.Message) }
