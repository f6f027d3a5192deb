package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/henge-run/henge/host/registry/trust"
)

// moduleKeygen is henge module keygen.
type moduleKeygen struct {
	Name string `arg:"" type:"path" help:"Where the keys go: NAME.key, which is secret, and NAME.pub."`
}

// Run makes a pair of keys, and overwrites none.
func (c *moduleKeygen) Run(s streams) error {
	private, public, err := trust.NewKey()
	if err != nil {
		return err
	}
	if err := writeNew(c.Name+".key", private, 0o600); err != nil {
		return err
	}
	if err := writeNew(c.Name+trust.PublicExtension, public, 0o644); err != nil {
		return errors.Join(err, os.Remove(c.Name+".key"))
	}
	key, err := trust.ParsePublic(public)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%s.key is secret and signs modules; %s%s goes to those who check them.\n", c.Name, c.Name, trust.PublicExtension)
	fmt.Fprintln(s.out, trust.Fingerprint(key))
	return nil
}

// writeNew writes a file that must not be there yet.
func writeNew(name string, content []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// replaceFile writes a file as a whole, so that nobody ever sees a part of it.
func replaceFile(name string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".henge-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// moduleSign is henge module sign.
type moduleSign struct {
	Key   string   `required:"" type:"path" placeholder:"NAME.key" help:"Private key, as henge module keygen makes it."`
	Files []string `arg:"" type:"path" help:"The .wasm files."`
}

// Run signs each file with its manifest and its name.
func (c *moduleSign) Run(s streams) error {
	file, err := os.ReadFile(c.Key)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	key, err := trust.ParsePrivate(file)
	if err != nil {
		return exitWith(exitUsage, "%s: %w", c.Key, err)
	}
	for _, name := range c.Files {
		parts, _, err := modulePartsOf(name)
		if err != nil {
			return err
		}
		to := filepath.Join(filepath.Dir(name), parts.Stem+trust.SignatureExtension)
		if err := replaceFile(to, trust.Sign(parts, key)); err != nil {
			return fmt.Errorf("sign %s: %w", name, err)
		}
		fmt.Fprintf(s.err, "%s signs %s as the module %s.\n", filepath.Base(to), filepath.Base(name), parts.Name)
	}
	return nil
}

// moduleVerify is henge module verify.
type moduleVerify struct {
	Files []string `arg:"" type:"path" help:"The .wasm files."`
}

// Run checks each file and says what is wrong with the first that fails.
func (c *moduleVerify) Run(s streams, g *globals) error {
	policy, err := g.trust()
	if err != nil {
		return err
	}
	if len(policy.Keys) == 0 && policy.Pins == "" {
		return exitWith(exitUsage, "there is nothing to check against: give --require-signature, --pins, or both")
	}
	t := table{columns: []string{"file", "name", "key"}}
	for _, name := range c.Files {
		parts, _, err := modulePartsOf(name)
		if err != nil {
			return err
		}
		if err := policy.Check(parts); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		signer := ""
		if len(policy.Keys) > 0 {
			key, err := trust.Verify(parts, policy.Keys)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			signer = trust.Fingerprint(key)
		}
		t.rows = append(t.rows, []any{name, parts.Name, signer})
	}
	return g.print(s, t)
}

// modulePin is henge module pin.
type modulePin struct {
	Files []string `arg:"" type:"path" help:"The .wasm files."`
}

// Run adds the files to the pins, or changes theirs.
func (c *modulePin) Run(s streams, g *globals) error {
	if g.Pins == "" {
		return exitWith(exitUsage, "--pins is missing: it names the file that lists what may be loaded, which should not lie in the modules folder")
	}
	pins, err := trust.ReadPinsIfAny(g.Pins)
	if err != nil {
		return err
	}
	for _, name := range c.Files {
		parts, _, err := modulePartsOf(name)
		if err != nil {
			return err
		}
		pins.Pin(parts)
	}
	if err := replaceFile(g.Pins, pins.Bytes()); err != nil {
		return fmt.Errorf("write the pins: %w", err)
	}
	fmt.Fprintf(s.err, "%s pins %d files.\n", g.Pins, len(pins))
	return nil
}

// moduleRm is henge module rm.
type moduleRm struct {
	Names []string `arg:"" help:"The files, with or without .wasm, as in henge module ls."`
	Yes   bool     `help:"Do not ask."`
}

// Run removes the files of each module: first the one without which there is
// none.
func (c *moduleRm) Run(ctx context.Context, s streams, g *globals) error {
	if g.Modules == "" {
		return exitWith(exitUsage, "--modules is missing: modules that are built in cannot be removed")
	}
	root, err := os.OpenRoot(g.Modules)
	if err != nil {
		return fmt.Errorf("open the modules folder: %w", err)
	}
	defer root.Close()
	var stems []string
	for _, name := range c.Names {
		stem := strings.TrimSuffix(name, trust.ModuleExtension)
		if _, err := root.Lstat(stem + trust.ModuleExtension); err != nil || filepath.Base(stem) != stem {
			return exitWith(exitNotFound, "there is no file %s%s in %s", stem, trust.ModuleExtension, g.Modules)
		}
		stems = append(stems, stem)
	}
	if err := confirm(s, c.Yes, fmt.Sprintf("Remove %s from %s?", strings.Join(stems, ", "), g.Modules)); err != nil {
		return err
	}
	for _, stem := range stems {
		for _, extension := range []string{trust.ModuleExtension, trust.ManifestExtension, trust.SignatureExtension} {
			if err := root.Remove(stem + extension); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove a module: %w", err)
			}
		}
	}
	return nil
}
