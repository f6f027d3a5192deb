package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/filename"
)

// Import implements circle.Keeper. What is in the file is done in the circle's
// own role, as if one of its scripts did it, and so a forged one can do no more.
// It is all done or nothing.
func (s *Store) Import(ctx context.Context, name, file string, replace bool) error {
	err := s.importFrom(ctx, name, file, replace)
	s.forget(name)
	if errors.Is(err, context.DeadlineExceeded) {
		err = circle.ErrInUse
	}
	if err != nil {
		return fmt.Errorf("import circle %s from %s: %w", name, file, err)
	}
	return nil
}

func (s *Store) importFrom(ctx context.Context, name, file string, replace bool) error {
	name, err := filename.Canonical(name)
	if err != nil {
		return err
	}
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	return s.jobs.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		return pgx.BeginFunc(ctx, c.Conn(), func(inside pgx.Tx) error {
			if replace {
				if err := remove(ctx, inside, name); err != nil {
					return err
				}
			}
			place, made, err := s.make(ctx, inside, name)
			if err != nil {
				return err
			}
			if !made {
				return circle.ErrExists
			}
			t := &tx{store: s, conn: c, place: place, job: &job.Job{Circle: name}, seen: true, writes: true}
			if err := t.simple(ctx, at(place, "SET LOCAL search_path = {place}")); err != nil {
				return err
			}
			i := &importer{tx: t}
			if err := readLines(in, func(l line) error { return i.take(ctx, l) }); err != nil {
				return explain(ctx, err, nil)
			}
			if err := i.views(ctx); err != nil {
				return explain(ctx, err, nil)
			}
			return t.checkSize(ctx)
		})
	})
}

// importer carries out the lines of a file.
type importer struct {
	*tx
	later []string
}

func (i *importer) take(ctx context.Context, l line) error {
	switch {
	case l.Do != "":
		return i.do(ctx, l.Do)
	case l.Later != "":
		i.later = append(i.later, l.Later)
	case l.Rows != nil:
		return i.rows(ctx, l.Rows)
	case l.Counter != nil:
		return i.count(ctx, l.Counter)
	case l.KV != nil:
		if err := errors.Join(circle.CheckKey(l.KV.Key), circle.CheckValue(l.KV.Value)); err != nil {
			return err
		}
		if l.KV.Value == nil {
			l.KV.Value = []byte{}
		}
		return i.exec(ctx, "INSERT INTO {place}.henge_kv (key, value, expires) VALUES ($1, $2, $3)", l.KV.Key, l.KV.Value, l.KV.Expires)
	case l.Member != nil:
		return i.SetMember(ctx, l.Member.Caller, l.Member.Role)
	case l.Publication != nil:
		return i.Publish(ctx, l.Publication.Kind, l.Publication.Name)
	case l.Job != nil:
		j := l.Job
		return i.exec(ctx, "INSERT INTO {place}.henge_job (key, dialect, queue, id, run, begun, attempt, done, output, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
			j.Key, j.Dialect, j.Queue, j.ID, j.Run, j.Begun, j.Attempt, j.Done, j.Output, j.At)
	}
	return nil
}

// do carries out a statement as a script's.
func (i *importer) do(ctx context.Context, sql string) error {
	_, err := i.Exec(ctx, circle.Statement{SQL: sql, Access: circle.Access{Read: true, Write: true}})
	if err != nil {
		return fmt.Errorf("%.200s: %w", sql, err)
	}
	return nil
}

// as does something in the circle's role.
func (i *importer) as(ctx context.Context, do func() error) error {
	if err := i.simple(ctx, at(i.place, "SET LOCAL ROLE {place}")); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return i.simple(ctx, "SET LOCAL ROLE NONE")
}

func (i *importer) rows(ctx context.Context, r *rowsOf) error {
	for _, name := range append([]string{r.Table}, r.Columns...) {
		if err := checkName(name); err != nil {
			return err
		}
	}
	return i.as(ctx, func() error {
		_, err := i.raw().CopyFrom(ctx, bytes.NewReader(r.Data), "COPY "+quote(r.Table)+" ("+quoteAll(r.Columns)+") FROM STDIN")
		return err
	})
}

func (i *importer) count(ctx context.Context, c *counter) error {
	return i.as(ctx, func() error {
		_, err := i.conn.Exec(ctx, "SELECT setval(coalesce(pg_get_serial_sequence(quote_ident(nullif($1, '')), nullif($2, ''))::regclass, quote_ident($3)::regclass), $4, $5)",
			c.Table, c.Column, c.Sequence, c.Last, c.Called)
		return err
	})
}

// views makes views, of which some need others: one that does not work is tried
// again as long as another one does.
func (i *importer) views(ctx context.Context) error {
	for {
		var left []string
		var failed error
		for _, sql := range i.later {
			if err := i.do(ctx, sql); err != nil {
				left, failed = append(left, sql), err
			}
		}
		if len(left) == len(i.later) {
			return failed
		}
		i.later = left
	}
}
