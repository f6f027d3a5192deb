package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// riverSystem is River in a schema of its own, fetching as often as it can.
type riverSystem struct {
	pool     *pgxpool.Pool
	schema   string
	client   *river.Client[pgTx]
	postgres io.Closer // a server of our own, or nil
}

var _ system = (*riverSystem)(nil)

// noop are the arguments of a job that does nothing.
type noop struct {
	Script string `json:"script"`
}

func (noop) Kind() string { return "noop" }

type noopWorker struct {
	river.WorkerDefaults[noop]
	started func()
}

func (w noopWorker) Work(context.Context, *river.Job[noop]) error {
	w.started()
	return nil
}

func newRiver(ctx context.Context, url, name string) (r *riverSystem, err error) {
	r = &riverSystem{schema: strings.ReplaceAll(name, "-", "_")}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close(ctx))
		}
	}()
	if url == "" {
		if url, r.postgres, err = startPostgres(ctx); err != nil {
			return r, err
		}
	}
	if r.pool, err = pgxpool.New(ctx, url); err != nil {
		return r, fmt.Errorf("reach PostgreSQL: %w", err)
	}
	if _, err = r.pool.Exec(ctx, "CREATE SCHEMA "+r.schema); err != nil {
		return r, fmt.Errorf("make the schema: %w", err)
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(r.pool), &rivermigrate.Config{Schema: r.schema, Logger: silent()})
	if err != nil {
		return r, err
	}
	if _, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return r, fmt.Errorf("make River's tables: %w", err)
	}
	if r.client, err = river.NewClient(riverpgxv5.New(r.pool), &river.Config{Schema: r.schema, Logger: silent()}); err != nil {
		return r, err
	}
	return r, nil
}

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

func (r *riverSystem) fill(ctx context.Context, n int) error {
	for n > 0 {
		part := make([]river.InsertManyParams, min(n, 1000))
		for i := range part {
			part[i].Args = noop{"40 + 2"}
		}
		if _, err := r.client.InsertManyFast(ctx, part); err != nil {
			return err
		}
		n -= len(part)
	}
	return nil
}

func (r *riverSystem) push(ctx context.Context) error {
	_, err := r.client.Insert(ctx, noop{"40 + 2"}, nil)
	return err
}

func (r *riverSystem) start(ctx context.Context, slots int, started func()) (func(), error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, noopWorker{started: started})
	client, err := river.NewClient(riverpgxv5.New(r.pool), &river.Config{
		Schema: r.schema, Logger: silent(), Workers: workers, FetchCooldown: river.FetchCooldownMin,
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: slots}},
	})
	if err != nil {
		return nil, err
	}
	if err := client.Start(ctx); err != nil {
		return nil, err
	}
	return func() {
		stopping, done := context.WithTimeout(context.Background(), 5*time.Second)
		defer done()
		_ = client.Stop(stopping) // what does not end goes with the process
	}, nil
}

func (r *riverSystem) close(ctx context.Context) error {
	var err error
	if r.pool != nil {
		_, err = r.pool.Exec(ctx, "DROP SCHEMA IF EXISTS "+r.schema+" CASCADE")
		r.pool.Close()
	}
	if r.postgres != nil {
		err = errors.Join(err, r.postgres.Close())
	}
	return err
}
