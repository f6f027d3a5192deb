package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/store/circle/sqlite"
)

// circleExport is henge circle export.
type circleExport struct {
	namedCircle
	File string `arg:"" type:"path" help:"File to write, which must not be there yet."`
}

// Run writes a circle's database to a file.
func (c *circleExport) Run(ctx context.Context, g *globals) error {
	return withCircles(ctx, g, func(ctx context.Context, store *sqlite.Store) error {
		if _, err := c.there(store); err != nil {
			return err
		}
		return store.Export(ctx, c.Circle, c.File)
	})
}

// circleImport is henge circle import.
type circleImport struct {
	namedCircle
	File string `arg:"" type:"path" help:"File that henge circle export has written."`
	Yes  bool   `help:"Replace the database that the circle has here."`
}

// Run makes a file a circle's database, on this host from now on.
func (c *circleImport) Run(ctx context.Context, g *globals) error {
	name, err := job.ParseCircle(c.Circle)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	return withCircles(ctx, g, func(ctx context.Context, store *sqlite.Store) error {
		err := store.Import(ctx, name, c.File, c.Yes)
		if errors.Is(err, sqlite.ErrExists) {
			return exitWith(exitUsage, "%w: give --yes to replace it", err)
		}
		if err != nil {
			return err
		}
		host, err := g.host()
		if err != nil {
			return err
		}
		return setHome(ctx, g, name, host)
	})
}

// circleRm is henge circle rm.
type circleRm struct {
	namedCircle
	Yes bool `help:"Do not ask."`
}

// Run deletes a circle's database.
func (c *circleRm) Run(ctx context.Context, s streams, g *globals) error {
	name, err := job.ParseCircle(c.Circle)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	return withCircles(ctx, g, func(ctx context.Context, store *sqlite.Store) error {
		path, err := c.there(store)
		if err != nil {
			return err
		}
		question := "Delete the database of circle " + name + ", with its tables, values, members and publications (" + filepath.Base(path) + ")?"
		if err := confirm(s, c.Yes, question); err != nil {
			return err
		}
		if err := store.Remove(ctx, name); err != nil {
			return err
		}
		return setHome(ctx, g, name, "")
	})
}

func setHome(ctx context.Context, g *globals, name, host string) error {
	rdb, err := queue.Connect(g.RedisURL)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer rdb.Close()
	return queue.SetHome(ctx, rdb, name, host)
}
