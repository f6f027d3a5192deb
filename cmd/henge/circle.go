package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/sqlite"
)

// withCircles opens the circles' databases for the time of one command, which
// is long enough for a worker to close one that it does not use.
func withCircles(ctx context.Context, g *globals, do func(context.Context, *sqlite.Store) error) error {
	rdb, err := queue.Connect(g.RedisURL)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer rdb.Close()
	store, err := g.openCircles(rdb, slog.New(slog.DiscardHandler), sqlite.Options{})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*sqlite.DefaultIdle)
	defer cancel()
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
	return withCircles(ctx, g, func(ctx context.Context, store *sqlite.Store) error {
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

// Run lists the circles that have a database on this host.
func (circleLs) Run(ctx context.Context, s streams, g *globals) error {
	return withCircles(ctx, g, func(_ context.Context, store *sqlite.Store) error {
		names, err := store.Circles()
		if err != nil {
			return err
		}
		t := table{columns: []string{"circle", "size", "changed"}}
		for _, name := range names {
			path, err := store.Path(name)
			if err != nil {
				return err
			}
			info, err := os.Stat(path)
			if err != nil {
				continue // removed meanwhile
			}
			t.rows = append(t.rows, []any{name, byteSize(info.Size()), info.ModTime().UTC().Format(time.RFC3339)})
		}
		return g.print(s, t)
	})
}

// namedCircle is a circle that a command is about.
type namedCircle struct {
	Circle string `arg:"" placeholder:"PK" help:"The circle."`
}

// there returns the file of a circle that has a database here.
func (c namedCircle) there(store *sqlite.Store) (string, error) {
	path, err := store.Path(c.Circle)
	if err != nil {
		return "", &exitError{exitUsage, err}
	}
	if _, err := os.Stat(path); err != nil {
		return "", exitWith(exitNotFound, "circle %s has no database here", printable(c.Circle))
	}
	return path, nil
}

// circleShow is henge circle show.
type circleShow struct{ namedCircle }

// Run shows what a circle has.
func (c *circleShow) Run(ctx context.Context, s streams, g *globals) error {
	return withCircles(ctx, g, func(ctx context.Context, store *sqlite.Store) error {
		path, err := c.there(store)
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		tx, err := store.Begin(ctx, &job.Job{Circle: c.Circle}, false)
		if err != nil {
			return err
		}
		defer tx.Close()
		rows, err := tx.Query(ctx, circle.Statement{
			SQL: "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'henge\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name", Access: circle.Access{Read: true},
		}, 0)
		if err != nil {
			return err
		}
		tables := []string{}
		for _, row := range rows.Rows {
			if name, ok := row[0].V.(string); ok {
				tables = append(tables, name)
			}
		}
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
			columns: []string{"circle", "file", "size", "tables", "members", "published_tables", "published_prefixes"},
			labels:  []string{"circle", "file", "size", "tables", "members", "published tables", "published prefixes"},
			rows: [][]any{{
				c.Circle, path, byteSize(info.Size()), tables, len(members),
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

// memberAdd is henge circle member add.
type memberAdd struct {
	namedCircle
	Caller string `arg:"" help:"The member: a public key or a name."`
	Role   string `arg:"" enum:"reader,writer,admin" help:"What the member may do: ${enum}."`
}

// Run makes somebody a member, or gives a member another role.
func (c *memberAdd) Run(ctx context.Context, g *globals) error {
	if _, ok := capability.ParseRole(c.Role); !ok {
		return exitWith(exitUsage, "there is no role %q", c.Role)
	}
	return changeCircle(ctx, g, c.Circle, func(ctx context.Context, tx circle.Tx) error { return tx.SetMember(ctx, c.Caller, c.Role) })
}

// memberRm is henge circle member rm.
type memberRm struct {
	namedCircle
	Caller string `arg:"" help:"The member."`
}

// Run takes somebody out of a circle.
func (c *memberRm) Run(ctx context.Context, g *globals) error {
	return changeCircle(ctx, g, c.Circle, func(ctx context.Context, tx circle.Tx) error { return tx.SetMember(ctx, c.Caller, "") })
}

// publication is what a command shows to everybody, or no longer.
type publication struct {
	namedCircle
	Kind string `arg:"" enum:"table,prefix" help:"What it is: ${enum} (of keys)."`
	Name string `arg:"" help:"Its name."`
}

// circlePublish is henge circle publish.
type circlePublish struct{ publication }

// Run lets everybody read something.
func (c *circlePublish) Run(ctx context.Context, g *globals) error {
	return changeCircle(ctx, g, c.Circle, func(ctx context.Context, tx circle.Tx) error { return tx.Publish(ctx, c.Kind, c.Name) })
}

// circleUnpublish is henge circle unpublish.
type circleUnpublish struct{ publication }

// Run takes that back.
func (c *circleUnpublish) Run(ctx context.Context, g *globals) error {
	return changeCircle(ctx, g, c.Circle, func(ctx context.Context, tx circle.Tx) error { return tx.Unpublish(ctx, c.Kind, c.Name) })
}
