package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/registry/trust"
	"github.com/henge-run/henge/host/sandbox"
)

// modulePartsOf reads a .wasm file with what lies beside it, and its manifest.
func modulePartsOf(file string) (*trust.Parts, *abi.Manifest, error) {
	folder := registry.Folder{Name: filepath.Dir(file), FS: os.DirFS(filepath.Dir(file))}
	parts, manifest, err := folder.Parts(filepath.Base(file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, exitWith(exitNotFound, "%s: %w", file, fs.ErrNotExist)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	return parts, manifest, nil
}

// moduleInspect is henge module inspect.
type moduleInspect struct {
	File   string `arg:"" type:"path" help:"The .wasm file."`
	Circle string `placeholder:"PK" help:"Show what its jobs may use in this circle, and not only in general."`
}

// Run shows one file, whether or not it could be served.
func (c *moduleInspect) Run(ctx context.Context, s streams, g *globals) error {
	circle := ""
	if c.Circle != "" {
		var err error
		if circle, err = job.ParseCircle(c.Circle); err != nil {
			return &exitError{exitUsage, err}
		}
	}
	parts, manifest, err := modulePartsOf(c.File)
	if err != nil {
		return err
	}
	binary := parts.Module
	rt, err := g.runtime(ctx, sandbox.Options{Log: g.logger(s)})
	if err != nil {
		return err
	}
	defer rt.Close(ctx)
	info, err := rt.Inspect(ctx, binary, manifest, job.Limits{})
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	return g.print(s, inspection(manifest, len(binary), info, grantsOf(g.policy.Now(), manifest.Name, circle, info.Imports)))
}
