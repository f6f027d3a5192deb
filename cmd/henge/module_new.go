package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/modules"
	"github.com/henge-run/henge/modules/starter"
)

// moduleNew is henge module new.
type moduleNew struct {
	Dir  string `arg:"" type:"path" help:"Folder to make; the last part of it is the module's name and the job type that it serves."`
	Lang string `enum:"c,go,rust" default:"go" help:"Language: c, go or rust (${default})."`
}

// Run writes the folder.
func (c *moduleNew) Run(s streams) error {
	name := filepath.Base(c.Dir)
	if !abi.ValidType(name) {
		return exitWith(exitUsage, "the folder's name is the module's, and %.80q is not %s", name, abi.TypeRule)
	}
	henge, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the program that is to run the cases: %w", err)
	}
	m := starter.Module{Name: name, Language: c.Lang, Henge: henge}
	if err := m.Write(c.Dir, modules.FS()); err != nil {
		return err
	}
	fmt.Fprintf(s.err, "Made %s. To build it and run its cases, and then to serve it:\n\n  %s\n  henge worker start --modules %s\n",
		c.Dir, filepath.Join(c.Dir, "build.sh"), filepath.Join(c.Dir, "out"))
	return nil
}
