package trust

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// PublicExtension is that of the files with public keys in a folder of them.
const PublicExtension = ".pub"

const (
	privateBlock = "PRIVATE KEY"
	publicBlock  = "PUBLIC KEY"
)

// NewKey returns a new pair of keys as the contents of two files, PEM of PKCS 8
// and of PKIX, which other programs read too.
func NewKey() (private, public []byte, err error) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if private, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, nil, err
	}
	if public, err = x509.MarshalPKIXPublicKey(pub); err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: privateBlock, Bytes: private}), pem.EncodeToMemory(&pem.Block{Type: publicBlock, Bytes: public}), nil
}

// ParsePrivate reads a private key.
func ParsePrivate(file []byte) (ed25519.PrivateKey, error) {
	der, err := block(file, privateBlock)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	if key, ok := key.(ed25519.PrivateKey); ok {
		return key, nil
	}
	return nil, fmt.Errorf("it is a key of the kind %T, and it should be one of Ed25519", key)
}

// ParsePublic reads a public key.
func ParsePublic(file []byte) (ed25519.PublicKey, error) {
	der, err := block(file, publicBlock)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	if key, ok := key.(ed25519.PublicKey); ok {
		return key, nil
	}
	return nil, fmt.Errorf("it is a key of the kind %T, and it should be one of Ed25519", key)
}

func block(file []byte, want string) ([]byte, error) {
	b, _ := pem.Decode(file)
	switch {
	case b == nil:
		return nil, errors.New("it is no key in PEM; henge module keygen makes a pair")
	case b.Type != want:
		return nil, fmt.Errorf("it has a %.40q, and a %s is needed", b.Type, want)
	}
	return b.Bytes, nil
}

// ReadPublic reads public keys: each path is a file, or a folder whose files
// NAME.pub are. No key at all is an error: it would trust nobody, or with a
// mistake everybody.
func ReadPublic(paths ...string) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	for _, path := range paths {
		files := []string{path}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			found, err := os.ReadDir(path)
			if err != nil {
				return nil, fmt.Errorf("read the public keys in %s: %w", path, err)
			}
			files = nil
			for _, e := range found {
				if filepath.Ext(e.Name()) == PublicExtension {
					files = append(files, filepath.Join(path, e.Name()))
				}
			}
			if len(files) == 0 {
				return nil, fmt.Errorf("there is no public key in %s: its files should be named NAME%s", path, PublicExtension)
			}
		}
		for _, name := range files {
			file, err := os.ReadFile(name)
			if err != nil {
				return nil, fmt.Errorf("read a public key: %w", err)
			}
			key, err := ParsePublic(file)
			if err != nil {
				return nil, fmt.Errorf("read the public key %s: %w", name, err)
			}
			if !slices.ContainsFunc(keys, func(k ed25519.PublicKey) bool { return k.Equal(key) }) {
				keys = append(keys, key)
			}
		}
	}
	return keys, nil
}

// Fingerprint names a key in few characters, to be told apart by people.
func Fingerprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}
