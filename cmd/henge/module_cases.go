package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/henge-run/henge/host/hosttest"
	"github.com/henge-run/henge/host/hosttest/casefile"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
)

// caseExtension is that of the files which are cases.
const caseExtension = ".txtar"

// moduleTest is henge module test.
type moduleTest struct {
	Dir     string `arg:"" type:"path" help:"Folder of cases, which are .txtar files, or one of these."`
	Module  string `type:"path" placeholder:"FILE" help:"The .wasm file to test; by default the modules that serve the cases' types."`
	Pattern string `name:"run" placeholder:"REGEXP" help:"Only cases whose name matches."`
	Update  bool   `help:"Write what was seen into the files, in place of what was expected."`
	Verbose bool   `short:"v" help:"Say how long each case took."`

	limits
}

// caseRun is one case, and what came of it.
type caseRun struct {
	name, file string
	text       []byte
	parsed     *casefile.Case

	took        time.Duration
	differences string // empty where it holds
	updated     bool
}

// Run runs the cases one after another.
func (c *moduleTest) Run(ctx context.Context, s streams, g *globals) error {
	cases, err := c.find()
	if err != nil {
		return err
	}
	dir, err := g.dataDir()
	if err != nil {
		return err
	}
	h, err := hosttest.Open(ctx, hosttest.Options{CacheDir: filepath.Join(dir, "compiled"), Log: g.logger(s)})
	if err != nil {
		return err
	}
	// Nothing of it is kept.
	defer func() { _ = h.Close(context.Background()) }()
	serving, release, err := c.serving(ctx, s, g, h, cases)
	if err != nil {
		return err
	}
	defer release()
	failed := 0
	for _, run := range cases {
		if err := c.try(ctx, h, serving, run); err != nil {
			return err
		}
		if run.differences != "" {
			failed++
		}
		if g.Output == "table" {
			c.report(s, run)
		}
	}
	if g.Output != "table" {
		if err := g.print(s, tableOf(cases)); err != nil {
			return err
		}
	}
	if failed > 0 {
		return exitWith(exitJobFailed, "%d of %d cases failed", failed, len(cases))
	}
	return nil
}

// find reads the cases. One that cannot be read is a case that fails.
func (c *moduleTest) find() ([]*caseRun, error) {
	pattern, err := regexp.Compile(c.Pattern)
	if err != nil {
		return nil, exitWith(exitUsage, "--run: %w", err)
	}
	var all []*caseRun
	err = filepath.WalkDir(c.Dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != caseExtension {
			return err
		}
		name, err := filepath.Rel(c.Dir, file)
		if err != nil || name == "." {
			name = filepath.Base(file)
		}
		run := &caseRun{name: strings.TrimSuffix(filepath.ToSlash(name), caseExtension), file: file}
		if !pattern.MatchString(run.name) {
			return nil
		}
		if run.text, err = os.ReadFile(file); err != nil {
			return err
		}
		if run.parsed, err = casefile.Parse(run.text); err != nil {
			run.differences = fmt.Sprintf("%s: %v\n", file, err)
		}
		all = append(all, run)
		return nil
	})
	if os.IsNotExist(err) {
		return nil, &exitError{exitNotFound, err}
	}
	if err == nil && len(all) == 0 {
		return nil, exitWith(exitNotFound, "%s: there is no case: none of its %s files is meant", c.Dir, caseExtension)
	}
	return all, err
}

// serving returns where the cases' modules come from, and how to free them.
func (c *moduleTest) serving(ctx context.Context, s streams, g *globals, h *hosttest.Host, cases []*caseRun) (casefile.Serving, func(), error) {
	if c.Module != "" {
		m, err := c.load(ctx, h)
		return func(context.Context, string) (*sandbox.Module, error) { return m, nil }, func() {}, err
	}
	var types []string
	for _, run := range cases {
		if run.parsed != nil {
			types = append(types, run.parsed.Types()...)
		}
	}
	folders, err := g.folders()
	if err != nil {
		return nil, nil, err
	}
	reg, err := registry.Open(ctx, h.Runtime(), registry.Options{Folders: folders, Types: types, Limits: c.limits.limits(), Log: g.logger(s)})
	if err != nil {
		return nil, nil, err
	}
	return (&loaded{reg, h.Runtime()}).serving, func() { _ = reg.Close(context.Background()) }, nil
}

// load makes the module of --module ready.
func (c *moduleTest) load(ctx context.Context, h *hosttest.Host) (*sandbox.Module, error) {
	m, err := h.LoadFile(ctx, c.Module, c.limits.limits())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &exitError{exitNotFound, err}
	}
	return m, err
}

// try runs a case.
func (c *moduleTest) try(ctx context.Context, h *hosttest.Host, serving casefile.Serving, run *caseRun) error {
	if run.parsed == nil {
		return nil
	}
	start := time.Now()
	outcome, err := run.parsed.Run(ctx, h, serving, c.Update)
	run.took = time.Since(start)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		run.differences = err.Error() + "\n"
		return nil
	case !c.Update:
		run.differences = outcome.Differences()
		return nil
	}
	updated := outcome.Updated()
	if run.updated = !bytes.Equal(updated, run.text); !run.updated {
		return nil
	}
	return os.WriteFile(run.file, updated, 0o644)
}

// report prints a case for people.
func (c *moduleTest) report(s streams, run *caseRun) {
	word, took := "ok  ", ""
	switch {
	case run.differences != "":
		word = "FAIL"
	case run.updated:
		word = "new "
	}
	if c.Verbose {
		took = fmt.Sprintf("  (%s)", run.took.Round(100*time.Microsecond))
	}
	fmt.Fprintf(s.out, "%s  %s%s\n", word, printable(run.name), took)
	for line := range strings.Lines(run.differences) {
		fmt.Fprintf(s.out, "      %s\n", printable(strings.TrimSuffix(line, "\n")))
	}
}

// tableOf has the cases for programs.
func tableOf(cases []*caseRun) table {
	t := table{columns: []string{"case", "file", "ok", "updated", "differences", "seconds"}}
	for _, run := range cases {
		t.rows = append(t.rows, []any{run.name, run.file, run.differences == "", run.updated, run.differences, run.took.Seconds()})
	}
	return t
}
