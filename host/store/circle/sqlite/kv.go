package sqlite

import (
	"context"
	"time"

	"github.com/ncruces/go-sqlite3"

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
		return t.conn.Each(func(row *sqlite3.Stmt) { value, found = column(row, 0), true },
			"SELECT value FROM henge_kv WHERE key = ? AND (expires IS NULL OR expires > ?)", key, t.now())
	})
	return value, found, err
}

// mostSwept is how many rows that are over go with each that is written, so
// that they never become many and no job has to wait for a long clean-up.
const mostSwept = 10

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
	return t.own(ctx, true, func() error {
		err := t.conn.Exec("DELETE FROM henge_kv WHERE rowid IN (SELECT rowid FROM henge_kv WHERE expires <= ? ORDER BY expires LIMIT ?)", t.now(), mostSwept)
		if err != nil {
			return err
		}
		if value == nil {
			value = []byte{}
		}
		return t.conn.Exec("INSERT INTO henge_kv (key, value, expires) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires", key, value, until)
	})
}

// Delete implements circle.Tx.
func (t *tx) Delete(ctx context.Context, key []byte) error {
	if err := circle.CheckKey(key); err != nil {
		return err
	}
	return t.own(ctx, true, func() error { return t.conn.Exec("DELETE FROM henge_kv WHERE key = ?", key) })
}

// List implements circle.Tx.
func (t *tx) List(ctx context.Context, prefix, after []byte, limit int) (keys [][]byte, more bool, err error) {
	if limit <= 0 || limit > circle.MaxList {
		limit = circle.MaxList
	}
	if prefix == nil {
		prefix = []byte{} // nil were NULL, which is less than nothing
	}
	if after == nil {
		after = []byte{}
	}
	query := "SELECT key FROM henge_kv WHERE key >= ?1 AND key > ?2 AND (expires IS NULL OR expires > ?3)"
	args := []any{prefix, after, t.now(), limit + 1}
	if end := circle.Following(prefix); end != nil {
		query += " AND key < ?5"
		args = append(args, end)
	}
	err = t.own(ctx, false, func() error {
		return t.conn.Each(func(row *sqlite3.Stmt) {
			if len(keys) == limit {
				more = true
				return
			}
			keys = append(keys, column(row, 0))
		}, query+" ORDER BY key LIMIT ?4", args...)
	})
	return keys, more, err
}
