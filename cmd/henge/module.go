package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
)

// moduleLs is henge module ls.
type moduleLs struct{}

// Run lists the modules that a worker would have.
func (moduleLs) Run(ctx context.Context, s streams, g *globals) error {
	// The list itself says why a module is refused.
	mods, err := g.load(ctx, sandbox.Options{}, job.Limits{})
	if err != nil {
		return err
	}
	defer mods.close()
	if err := mods.Wait(ctx); err != nil {
		return err
	}
	t := table{columns: []string{"name", "version", "types", "state", "file", "reason"}}
	for _, e := range mods.Entries() {
		t.rows = append(t.rows, []any{e.Name, e.Version, e.Types, e.State.String(), e.File, e.Reason})
	}
	return g.print(s, t)
}

// moduleInspect is henge module inspect.
type moduleInspect struct {
	File string `arg:"" type:"path" help:"The .wasm file."`
}

// Run shows one file, whether or not it could be served.
func (c *moduleInspect) Run(ctx context.Context, s streams, g *globals) error {
	folder := registry.Folder{Name: filepath.Dir(c.File), FS: os.DirFS(filepath.Dir(c.File))}
	binary, manifest, err := folder.Read(filepath.Base(c.File))
	if os.IsNotExist(err) {
		return exitWith(exitNotFound, "%s: %w", c.File, fs.ErrNotExist)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	rt, err := g.runtime(ctx, sandbox.Options{Log: g.logger(s)})
	if err != nil {
		return err
	}
	defer rt.Close(ctx)
	info, err := rt.Inspect(ctx, binary, manifest, job.Limits{})
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	return g.print(s, inspection(manifest, len(binary), info))
}
