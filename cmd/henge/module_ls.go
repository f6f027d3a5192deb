package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/worker"
)

// moduleLs is henge module ls.
type moduleLs struct{}

// workersTimeout is how long the workers are asked for: the list of what is in
// the folder does not need Redis.
const workersTimeout = 2 * time.Second

// Run lists the modules that a worker would have, and what those that are there
// do with theirs.
func (moduleLs) Run(ctx context.Context, s streams, g *globals) error {
	rdb, err := queue.Connect(g.RedisURL)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer rdb.Close()
	asking, cancel := context.WithTimeout(ctx, workersTimeout)
	defer cancel()
	there, err := queue.Workers(asking, rdb)
	if err != nil {
		fmt.Fprintf(s.err, "What workers do with modules is not shown: %s\n", printable(err.Error()))
	}
	// The list itself says why a module is refused.
	mods, err := g.load(ctx, sandbox.Options{}, job.Limits{})
	if err != nil {
		return err
	}
	defer mods.close()
	if err := mods.Wait(ctx); err != nil {
		return err
	}
	var here []queue.PresentModule
	for _, e := range mods.Entries() {
		here = append(here, worker.PresentModule(e))
	}
	columns := []string{"name", "version", "types", "state", "workers", "jobs", "p50_us", "freshness", "file", "reason"}
	t := table{columns: columns, labels: slices.Clone(columns)}
	t.labels[slices.Index(columns, "p50_us")] = "p50"
	for _, r := range moduleRows(here, there) {
		t.rows = append(t.rows, []any{
			r.Name, r.Version, r.Types, r.State, r.workers, count(r.Ran.Count()), took(r.Ran.Median()), r.Freshness, r.File, r.Reason,
		})
	}
	return g.print(s, t)
}

// moduleRow is one content of a module in one state, with what has run in it in
// all workers that have it so.
type moduleRow struct {
	queue.PresentModule
	workers int
}

// is says whether both are the same content: a file that could not be read is
// like itself alone.
func (r *moduleRow) is(m queue.PresentModule) bool {
	return r.Name == m.Name && r.Sum == m.Sum && (r.Sum != "" || r.File == m.File)
}

// moduleRows joins what is in the folders here with what workers have. Where one
// of them has a module, it says what its state is.
func moduleRows(here []queue.PresentModule, there []queue.Presence) []*moduleRow {
	var rows []*moduleRow
	for _, w := range there {
		for _, m := range w.Modules {
			at := slices.IndexFunc(rows, func(r *moduleRow) bool { return r.is(m) && r.State == m.State })
			if at < 0 {
				at = len(rows)
				row := &moduleRow{PresentModule: m}
				row.Ran = job.Times{}
				rows = append(rows, row)
			}
			rows[at].workers++
			rows[at].Ran.Merge(m.Ran)
		}
	}
	// In the order of the folders here, and what is only elsewhere behind that.
	place := func(r *moduleRow) int {
		if at := slices.IndexFunc(here, r.is); at >= 0 {
			return at
		}
		return len(here)
	}
	for _, m := range here {
		if !slices.ContainsFunc(rows, func(r *moduleRow) bool { return r.is(m) }) {
			rows = append(rows, &moduleRow{PresentModule: m})
		}
	}
	slices.SortStableFunc(rows, func(a, b *moduleRow) int {
		return cmp.Or(place(a)-place(b), strings.Compare(a.Name, b.Name), strings.Compare(a.File, b.File), strings.Compare(a.State, b.State))
	})
	return rows
}
