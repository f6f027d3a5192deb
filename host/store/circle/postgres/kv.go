package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/henge-run/henge/host/store/circle"
)

// now is the store's clock as it stands in tables, in milliseconds.
func (t *tx) now() int64 { return t.store.opts.Now().UnixMilli() }

// Get implements circle.Tx.
func (t *tx) Get(ctx context.Context, key []byte) (value []byte, found bool, err error) {
	if err := circle.CheckKey(key); err != nil {
		return nil, false, err
	}
	err = t.own(ctx, false, func() error {
		err := t.conn.QueryRow(ctx, at(t.place, "SELECT value FROM {place}.henge_kv WHERE key = $1 AND (expires IS NULL OR expires > $2)"), key, t.now()).Scan(&value)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		found = err == nil
		return err
	})
	return value, found, err
}

const (
	// mostSwept is how many rows that are over go with each that is written, so
	// that they never become many and no job has to wait for a long clean-up.
	mostSwept = 10

	// unmeasured is how many bytes of values are written before the size of the
	// schema is looked at.
	unmeasured = 4 << 20
)

// Set implements circle.Tx.
func (t *tx) Set(ctx context.Context, key, value []byte, expires time.Time) error {
	if err := circle.CheckKey(key); err != nil {
		return err
	}
	if err := circle.CheckValue(value); err != nil {
		return err
	}
	until := any(nil)
	if !expires.IsZero() {
		until = expires.UnixMilli()
	}
	if value == nil {
		value = []byte{}
	}
	return t.own(ctx, true, func() error {
		err := t.exec(ctx, "DELETE FROM {place}.henge_kv WHERE key IN (SELECT key FROM {place}.henge_kv WHERE expires <= $1 ORDER BY expires LIMIT $2)", t.now(), mostSwept)
		if err != nil {
			return err
		}
		err = t.exec(ctx, "INSERT INTO {place}.henge_kv (key, value, expires) VALUES ($1, $2, $3) ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires", key, value, until)
		if t.pending += len(value); err == nil && t.pending > unmeasured {
			err = t.checkSize(ctx)
		}
		return err
	})
}

// Delete implements circle.Tx.
func (t *tx) Delete(ctx context.Context, key []byte) error {
	if err := circle.CheckKey(key); err != nil {
		return err
	}
	return t.own(ctx, true, func() error { return t.exec(ctx, "DELETE FROM {place}.henge_kv WHERE key = $1", key) })
}

// List implements circle.Tx.
func (t *tx) List(ctx context.Context, prefix, after []byte, limit int) (keys [][]byte, more bool, err error) {
	if limit <= 0 || limit > circle.MaxList {
		limit = circle.MaxList
	}
	if after == nil {
		after = []byte{} // nil were NULL
	}
	if prefix == nil {
		prefix = []byte{}
	}
	err = t.own(ctx, false, func() error {
		rows, err := t.conn.Query(ctx, at(t.place, `
			SELECT key FROM {place}.henge_kv WHERE key >= $1 AND substr(key, 1, length($1)) = $1 AND key > $2 AND (expires IS NULL OR expires > $3)
				AND ($5::bytea IS NULL OR key < $5) ORDER BY key LIMIT $4`), prefix, after, t.now(), limit+1, circle.Following(prefix))
		if err != nil {
			return err
		}
		keys, err = pgx.CollectRows(rows, pgx.RowTo[[]byte])
		return err
	})
	if more = len(keys) > limit; more {
		keys = keys[:limit]
	}
	return keys, more, err
}
