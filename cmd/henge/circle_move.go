package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/store/circle"
)

// circleExport is henge circle export.
type circleExport struct {
	namedCircle
	File string `arg:"" type:"path" help:"File to write, which must not be there yet."`
}

// Run writes a circle's database to a file.
func (c *circleExport) Run(ctx context.Context, g *globals) error {
	return withCircles(ctx, g, func(ctx context.Context, store circle.Keeper) error {
		if _, err := c.there(ctx, store); err != nil {
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
	return withCircles(ctx, g, func(ctx context.Context, store circle.Keeper) error {
		err := store.Import(ctx, name, c.File, c.Yes)
		if errors.Is(err, circle.ErrExists) {
			return exitWith(exitUsage, "%w: give --yes to replace it", err)
		}
		if err != nil {
			return err
		}
		return moveHome(ctx, g, name, true)
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
	return withCircles(ctx, g, func(ctx context.Context, store circle.Keeper) error {
		kept, err := c.there(ctx, store)
		if err != nil {
			return err
		}
		question := "Delete the database of circle " + name + ", with its tables, values, members and publications (" + filepath.Base(kept.Place) + ")?"
		if err := confirm(s, c.Yes, question); err != nil {
			return err
		}
		if err := store.Remove(ctx, name); err != nil {
			return err
		}
		return moveHome(ctx, g, name, false)
	})
}

// moveHome says that a circle's database is on this host from now on, or on
// none. One in PostgreSQL is on all of them.
func moveHome(ctx context.Context, g *globals, name string, here bool) error {
	host := ""
	if g.Database != "" {
		return nil
	}
	rdb, err := queue.Connect(g.RedisURL)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer rdb.Close()
	if here {
		if host, err = g.host(); err != nil {
			return err
		}
	}
	return queue.SetHome(ctx, rdb, name, host)
}
