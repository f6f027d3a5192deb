package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/henge-run/henge/host/bench"
)

// benchSandbox is henge bench sandbox.
type benchSandbox struct {
	Engine     []string      `placeholder:"NAME" help:"Measure this engine; by default all that have scripts."`
	Script     []string      `placeholder:"NAME" help:"Measure this script; by default all."`
	Time       time.Duration `default:"500ms" help:"How long each row is measured, in all rounds together."`
	Rounds     int           `default:"20" help:"How often each row has its turn; what is shown are medians of the rounds."`
	Goroutines []int         `default:"1,2" placeholder:"N" help:"How many goroutines run jobs at once (${default})."`
	Plot       string        `type:"path" placeholder:"FILE.svg" help:"Draw the latencies into this file."`
}

// Validate is called by the parser.
func (c *benchSandbox) Validate() error {
	if c.Time <= 0 {
		return fmt.Errorf("--time is %s and must be above zero, for example 500ms", c.Time)
	}
	if c.Rounds < 1 {
		return fmt.Errorf("--rounds is %d and must be at least 1", c.Rounds)
	}
	for _, n := range c.Goroutines {
		if n < 1 || n > bench.MaxGoroutines {
			return fmt.Errorf("--goroutines has %d and takes 1 to %d", n, bench.MaxGoroutines)
		}
	}
	return nil
}

// Run measures and prints.
func (c *benchSandbox) Run(ctx context.Context, s streams, g *globals) error {
	engines, err := c.engines(g)
	if err != nil {
		return err
	}
	dir, err := g.dataDir()
	if err != nil {
		return err
	}
	// A file that cannot be written is better known now than in the end.
	var plot io.WriteCloser
	if c.Plot != "" {
		if plot, err = os.Create(c.Plot); err != nil {
			return fmt.Errorf("draw the plot: %w", err)
		}
		defer plot.Close()
	}
	log := g.logger(s)
	log.Info("machine", "os", runtime.GOOS, "arch", runtime.GOARCH, "cpus", runtime.NumCPU(), "go", runtime.Version())
	report, err := bench.Run(ctx, bench.Options{
		Engines:    engines,
		Time:       c.Time,
		Rounds:     c.Rounds,
		Goroutines: c.Goroutines,
		CacheDir:   filepath.Join(dir, "compiled"),
		Log:        log,
	})
	if err != nil {
		return err
	}
	if plot != nil {
		if err := errors.Join(bench.Plot(plot, report), plot.Close()); err != nil {
			return fmt.Errorf("draw the plot: %w", err)
		}
	}
	return g.printReport(s, report)
}

// engines returns the engines and scripts that were asked for.
func (c *benchSandbox) engines(g *globals) ([]bench.Engine, error) {
	all, err := benchEngines(g)
	if err != nil {
		return nil, err
	}
	var chosen []bench.Engine
	var engines, scripts []string
	for _, e := range all {
		if len(e.Scripts) == 0 {
			continue
		}
		engines = append(engines, e.Manifest.Name)
		if len(c.Engine) > 0 && !slices.Contains(c.Engine, e.Manifest.Name) {
			continue
		}
		for _, s := range e.Scripts {
			scripts = append(scripts, s.Name)
		}
		if len(c.Script) > 0 {
			e.Scripts = slices.DeleteFunc(e.Scripts, func(s bench.Script) bool { return !slices.Contains(c.Script, s.Name) })
		}
		chosen = append(chosen, e)
	}
	if len(engines) == 0 {
		return nil, exitWith(exitNotFound, "there is no engine to measure: this henge was built without engines; run make build, or name a folder of .wasm files with --modules")
	}
	for _, name := range c.Engine {
		if !slices.Contains(engines, name) {
			return nil, exitWith(exitNotFound, "there is no engine %q with scripts to measure; there are: %s", name, strings.Join(engines, ", "))
		}
	}
	for _, name := range c.Script {
		if !slices.Contains(scripts, name) {
			return nil, exitWith(exitNotFound, "there is no script %q; there are: %s", name, strings.Join(uniq(scripts), ", "))
		}
	}
	return chosen, nil
}

func uniq(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// benchEngines returns the built-in engines and the folder's, which replace
// those of the same name.
func benchEngines(g *globals) ([]bench.Engine, error) {
	folders, err := g.folders()
	if err != nil {
		return nil, err
	}
	var engines []bench.Engine
	for _, folder := range folders {
		if _, err := fs.ReadDir(folder.FS, "."); err != nil {
			return nil, fmt.Errorf("read the modules folder %s: %w", folder.Name, err)
		}
		files, err := fs.Glob(folder.FS, "*.wasm")
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			binary, manifest, err := folder.Read(name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", filepath.Join(folder.Name, name), err)
			}
			engines = slices.DeleteFunc(engines, func(e bench.Engine) bool { return e.Manifest.Name == manifest.Name })
			engines = append(engines, bench.Engine{
				Binary: binary, Manifest: manifest,
				Scripts: bench.Scripts(manifest.Name), Native: nativeEngine(manifest.Name),
			})
		}
	}
	return engines, nil
}

// nativeEngine returns the program that is an engine outside of WebAssembly:
// NAME-native, beside henge or on the PATH. It returns "" where there is none.
func nativeEngine(name string) string {
	found, err := exec.LookPath(beside(name + "-native"))
	if err != nil {
		return ""
	}
	return found
}
