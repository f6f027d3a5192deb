package main

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/registry"
)

// moduleLs is henge module ls.
type moduleLs struct{}

// Run lists the modules that a worker would have.
func (moduleLs) Run(ctx context.Context, s streams, g *globals) error {
	// The list itself says why a module is refused.
	mods, err := g.load(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer mods.close()
	t := table{columns: []string{"name", "version", "types", "state", "file", "reason"}}
	for _, e := range mods.Entries() {
		state := "serving"
		if e.Module == nil {
			state = "refused"
		}
		t.rows = append(t.rows, []any{e.Name, e.Version, e.Types, state, e.File, e.Reason})
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
	rt, err := g.runtime(ctx, g.logger(s))
	if err != nil {
		return err
	}
	defer rt.Close(ctx)
	info, err := rt.Inspect(ctx, binary, manifest, job.Limits{})
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	var exports, imports, missing []string
	for _, e := range info.Exports {
		exports = append(exports, e.Name+" "+e.Signature)
	}
	for _, i := range info.Imports {
		imports = append(imports, i.Module+"."+i.Name)
		if !i.Offered {
			missing = append(missing, i.Module+"."+i.Name+" "+i.Signature)
		}
	}
	if g.Output == "table" {
		return g.print(s, table{
			columns: []string{"name", "version", "kind", "types", "size", "memory min", "memory max", "exports", "imports", "not offered", "refused because"},
			rows: [][]any{{manifest.Name, manifest.Version, manifest.Kind, manifest.Types, bytesText(int64(len(binary))), bytesText(info.MemoryMin), bytesText(info.MemoryMax),
				strings.Join(exports, ", "), imports, strings.Join(missing, ", "), info.Reason}},
			upright: true,
		})
	}
	return g.print(s, table{
		columns: []string{"name", "version", "kind", "types", "size", "memory_min", "memory_max", "exports", "imports", "not_offered", "reason"},
		rows: [][]any{{manifest.Name, manifest.Version, manifest.Kind, manifest.Types, len(binary), info.MemoryMin, info.MemoryMax,
			orNone(exports), orNone(imports), orNone(missing), info.Reason}},
		upright: true,
	})
}

// orNone keeps an empty list from being printed as null.
func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// bytesText is a size for people.
func bytesText(n int64) string {
	switch {
	case n == 0:
		return "-"
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	default:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
}
