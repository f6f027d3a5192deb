package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/sqlite"
)

// patient bounds how long a command waits for a database that others use: long
// enough for a worker to close one that it does not use any more.
func patient(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 3*sqlite.DefaultIdle)
}

// withCircles opens the circles' databases for the time of one command.
func withCircles(ctx context.Context, g *globals, do func(context.Context, circle.Keeper) error) error {
	rdb, err := queue.Connect(g.RedisURL)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer rdb.Close()
	store, err := g.openCircles(ctx, rdb, slog.New(slog.DiscardHandler), circleOptions{jobs: 1})
	if err != nil {
		return err
	}
	err = do(ctx, store)
	if closed := store.Close(); err == nil {
		err = closed
	}
	var said *abi.Error
	if errors.As(err, &said) {
		return errors.New(said.Message)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return &exitError{exitNotFound, err}
	}
	return err
}

// changeCircle does something in a transaction of the operator's own.
func changeCircle(ctx context.Context, g *globals, name string, do func(context.Context, circle.Tx) error) error {
	name, err := job.ParseCircle(name)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	return withCircles(ctx, g, func(ctx context.Context, store circle.Keeper) error {
		ctx, cancel := patient(ctx)
		defer cancel()
		tx, err := store.Begin(ctx, &job.Job{Circle: name}, true)
		if err != nil {
			return err
		}
		err = do(ctx, tx)
		if err == nil {
			err = tx.Commit(ctx, nil)
		}
		if closed := tx.Close(); err == nil {
			err = closed
		}
		return err
	})
}

// circleLs is henge circle ls.
type circleLs struct{}

// Run lists the circles that have a database here.
func (circleLs) Run(ctx context.Context, s streams, g *globals) error {
	return withCircles(ctx, g, func(ctx context.Context, store circle.Keeper) error {
		all, err := store.List(ctx)
		if err != nil {
			return err
		}
		t := table{columns: []string{"circle", "size", "changed"}}
		for _, k := range all {
			changed := ""
			if !k.Changed.IsZero() {
				changed = k.Changed.UTC().Format(time.RFC3339)
			}
			t.rows = append(t.rows, []any{k.Circle, byteSize(k.Size), changed})
		}
		return g.print(s, t)
	})
}

// namedCircle is a circle that a command is about.
type namedCircle struct {
	Circle string `arg:"" placeholder:"PK" help:"The circle."`
}

// there returns a circle's database, which has to be there.
func (c namedCircle) there(ctx context.Context, store circle.Keeper) (circle.Kept, error) {
	if _, err := job.ParseCircle(strings.ReplaceAll(c.Circle, ",", "-")); err != nil {
		return circle.Kept{}, &exitError{exitUsage, err}
	}
	kept, found, err := store.Find(ctx, c.Circle)
	if err == nil && !found {
		err = exitWith(exitNotFound, "circle %s has no database here", printable(c.Circle))
	}
	return kept, err
}

// circleShow is henge circle show.
type circleShow struct{ namedCircle }

// Run shows what a circle has.
func (c *circleShow) Run(ctx context.Context, s streams, g *globals) error {
	return withCircles(ctx, g, func(ctx context.Context, store circle.Keeper) error {
		kept, err := c.there(ctx, store)
		if err != nil {
			return err
		}
		tables, err := store.Tables(ctx, c.Circle)
		if err != nil {
			return err
		}
		tx, err := store.Begin(ctx, &job.Job{Circle: c.Circle}, false)
		if err != nil {
			return err
		}
		defer tx.Close()
		members, err := tx.Members(ctx)
		if err != nil {
			return err
		}
		published := map[string][]string{}
		for _, kind := range []string{circle.KindTable, circle.KindPrefix} {
			if published[kind], err = tx.Published(ctx, kind); err != nil {
				return err
			}
		}
		return g.print(s, table{
			upright: true,
			columns: []string{"circle", "place", "size", "tables", "members", "published_tables", "published_prefixes"},
			labels:  []string{"circle", "place", "size", "tables", "members", "published tables", "published prefixes"},
			rows: [][]any{{
				c.Circle, kept.Place, byteSize(kept.Size), orNone(tables), len(members),
				orNone(published[circle.KindTable]), orNone(published[circle.KindPrefix]),
			}},
		})
	})
}

// memberLs is henge circle member ls.
type memberLs struct{ namedCircle }

// Run lists the members of a circle.
func (c *memberLs) Run(ctx context.Context, s streams, g *globals) error {
	t := table{columns: []string{"caller", "role"}}
	err := changeCircle(ctx, g, c.Circle, func(ctx context.Context, tx circle.Tx) error {
		members, err := tx.Members(ctx)
		for _, name := range slices.Sorted(maps.Keys(members)) {
			t.rows = append(t.rows, []any{name, members[name]})
		}
		return err
	})
	if err != nil {
		return err
	}
	return g.print(s, t)
}

// member is whom a command is about.
type member struct {
	Caller string `arg:"" help:"The member: a public key or a name."`
}

// check refuses a name before anything is made for it.
func (m member) check() error {
	if _, err := job.ParseCircle(m.Caller); err != nil {
		return exitWith(exitUsage, "a member is named like a circle: %w", err)
	}
	return nil
}

// memberAdd is henge circle member add.
type memberAdd struct {
	namedCircle
	member
	Role string `arg:"" enum:"reader,writer,admin" help:"What the member may do: ${enum}."`
}

// Run makes somebody a member, or gives a member another role.
func (c *memberAdd) Run(ctx context.Context, g *globals) error {
	if _, ok := capability.ParseRole(c.Role); !ok {
		return exitWith(exitUsage, "there is no role %q", c.Role)
	}
	if err := c.check(); err != nil {
		return err
	}
	return changeCircle(ctx, g, c.Circle, func(ctx context.Context, tx circle.Tx) error { return tx.SetMember(ctx, c.Caller, c.Role) })
}

// memberRm is henge circle member rm.
type memberRm struct {
	namedCircle
	member
}

// Run takes somebody out of a circle.
func (c *memberRm) Run(ctx context.Context, g *globals) error {
	if err := c.check(); err != nil {
		return err
	}
	return changeCircle(ctx, g, c.Circle, func(ctx context.Context, tx circle.Tx) error { return tx.SetMember(ctx, c.Caller, "") })
}

// publication is what a command shows to everybody, or no longer.
type publication struct {
	namedCircle
	Kind string `arg:"" enum:"table,prefix" help:"What it is: ${enum} (of keys)."`
	Name string `arg:"" help:"Its name."`
}

// change publishes it, or takes that back. A name that cannot be one is refused
// before anything is made for it.
func (p *publication) change(ctx context.Context, g *globals, do func(context.Context, circle.Tx) error) error {
	var said *abi.Error
	if err := circle.CheckPublication(p.Kind, p.Name); errors.As(err, &said) {
		return exitWith(exitUsage, "%s", said.Message)
	}
	return changeCircle(ctx, g, p.Circle, do)
}

// circlePublish is henge circle publish.
type circlePublish struct{ publication }

// Run lets everybody read something.
func (c *circlePublish) Run(ctx context.Context, g *globals) error {
	return c.change(ctx, g, func(ctx context.Context, tx circle.Tx) error { return tx.Publish(ctx, c.Kind, c.Name) })
}

// circleUnpublish is henge circle unpublish.
type circleUnpublish struct{ publication }

// Run takes that back.
func (c *circleUnpublish) Run(ctx context.Context, g *globals) error {
	return c.change(ctx, g, func(ctx context.Context, tx circle.Tx) error { return tx.Unpublish(ctx, c.Kind, c.Name) })
}
