// Package trust decides whether a module that lies in a folder is one that the
// operator wants: signed with a key that he trusts, or pinned by its hash. It
// sees bytes alone and neither reads the modules folder nor runs anything.
package trust

import (
	"crypto/ed25519"
	"errors"
)

// The extensions of the files that belong to a module: NAME.wasm, and beside
// it what it says of itself and who has signed both.
const (
	ModuleExtension    = ".wasm"
	ManifestExtension  = ".json"
	SignatureExtension = ".sig"
)

// Parts are a module with what lies beside it, as they were read at one time.
type Parts struct {
	// Stem is the name of the module's file without its extension, and Name
	// what the manifest calls it, or the stem where there is no manifest.
	Stem, Name string

	// Module, Manifest and Signature are the contents of the files; nil for
	// those that are not there.
	Module, Manifest, Signature []byte
}

// Policy says what has to be shown before a module is loaded. The zero Policy
// asks for nothing. It is safe for concurrent use.
type Policy struct {
	// Keys are whose signatures count. None: no signature is asked for.
	Keys []ed25519.PublicKey

	// Pins is the file that lists the only modules that may be loaded, in the
	// format of sha256sum; it is read at each check. Empty: there is none.
	Pins string
}

// Check returns nil for a module that satisfies the policy. The error is for an
// operator: it says what was found and what can be done.
func (p *Policy) Check(m *Parts) error {
	if p == nil {
		return nil
	}
	if len(p.Keys) > 0 {
		if _, err := Verify(m, p.Keys); err != nil {
			return err
		}
	}
	if p.Pins == "" {
		return nil
	}
	pins, err := ReadPins(p.Pins)
	if err != nil {
		return err
	}
	return pins.Check(m)
}

// ErrUntrusted is in the chain of each error that a module is the cause of.
var ErrUntrusted = errors.New("untrusted")

// untrusted is an ErrUntrusted with a reason alone in its text.
type untrusted string

func (u untrusted) Error() string        { return string(u) }
func (u untrusted) Is(target error) bool { return target == ErrUntrusted }
