package trust

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// maxSigners is how many lines of a signature file are looked at, since each
// costs the check of a signature.
const maxSigners = 16

// Statement is the text that is signed: what it is, the module's name, and the
// hashes of its manifest and its module. The name stands for itself, since
// without a manifest the file's name decides which type is served.
func Statement(m *Parts) []byte {
	manifest := "none"
	if m.Manifest != nil {
		manifest = fmt.Sprintf("%x", sha256.Sum256(m.Manifest))
	}
	return fmt.Appendf(nil, "henge module signature v1\nname %s\nmanifest %s\nmodule %x\n", m.Name, manifest, sha256.Sum256(m.Module))
}

// Sign returns the content of the signature file: the lines of signers that it
// has already and that still hold, and one for this key.
func Sign(m *Parts, key ed25519.PrivateKey) []byte {
	public := key.Public().(ed25519.PublicKey)
	statement := Statement(m)
	var out []byte
	for _, l := range parseSignature(m.Signature) {
		if !public.Equal(l.key) && ed25519.Verify(l.key, statement, l.signature) {
			out = append(out, l.String()...)
		}
	}
	return append(out, line{public, ed25519.Sign(key, statement)}.String()...)
}

// Verify returns the first of the keys that has signed the module as it is. The
// error wraps ErrUntrusted where none has.
func Verify(m *Parts, keys []ed25519.PublicKey) (ed25519.PublicKey, error) {
	if m.Signature == nil {
		return nil, untrusted("it is not signed, and a signature is required; henge module sign makes " + m.Stem + SignatureExtension)
	}
	lines := parseSignature(m.Signature)
	if len(lines) == 0 {
		return nil, untrusted("its signature cannot be read: " + m.Stem + SignatureExtension + " should have lines of ed25519, a public key and a signature; henge module sign makes one")
	}
	statement := Statement(m)
	known := false
	for _, l := range lines {
		if !slices.ContainsFunc(keys, func(k ed25519.PublicKey) bool { return k.Equal(l.key) }) {
			continue
		}
		known = true
		if ed25519.Verify(l.key, statement, l.signature) {
			return l.key, nil
		}
	}
	if known {
		return nil, untrusted("its signature is for other content: the module, its manifest or its name has changed since; sign it anew if that was meant")
	}
	return nil, untrusted("it is signed with the key " + Fingerprint(lines[0].key) + ", which is none of those that are trusted")
}

// line is one signer of a signature file.
type line struct {
	key       ed25519.PublicKey
	signature []byte
}

const algorithm = "ed25519"

// String returns the line with its end.
func (l line) String() string {
	return algorithm + " " + base64.StdEncoding.EncodeToString(l.key) + " " + base64.StdEncoding.EncodeToString(l.signature) + "\n"
}

// parseSignature returns the lines that can be read. Others may be for versions
// to come.
func parseSignature(file []byte) (lines []line) {
	for text := range bytes.Lines(file) {
		fields := strings.Fields(string(text))
		if len(fields) != 3 || fields[0] != algorithm || len(lines) == maxSigners {
			continue
		}
		key, err := base64.StdEncoding.Strict().DecodeString(fields[1])
		if err != nil || len(key) != ed25519.PublicKeySize {
			continue
		}
		signature, err := base64.StdEncoding.Strict().DecodeString(fields[2])
		if err != nil || len(signature) != ed25519.SignatureSize {
			continue
		}
		lines = append(lines, line{key, signature})
	}
	return lines
}
