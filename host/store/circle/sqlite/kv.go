package sqlite

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

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
		return t.conn.each(func(row *sqlite.Stmt) { value, found = column(row, 0), true },
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
		err := t.conn.exec("DELETE FROM henge_kv WHERE rowid IN (SELECT rowid FROM henge_kv WHERE expires <= ? ORDER BY expires LIMIT ?)", t.now(), mostSwept)
		if err != nil {
			return err
		}
		if value == nil {
			value = []byte{}
		}
		return t.conn.exec("INSERT INTO henge_kv (key, value, expires) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires", key, value, until)
	})
}

// Delete implements circle.Tx.
func (t *tx) Delete(ctx context.Context, key []byte) error {
	if err := circle.CheckKey(key); err != nil {
		return err
	}
	return t.own(ctx, true, func() error { return t.conn.exec("DELETE FROM henge_kv WHERE key = ?", key) })
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
	query := "SELECT key FROM henge_kv WHERE key >= :prefix AND key > :after AND (expires IS NULL OR expires > :now)"
	args := map[string]any{":prefix": prefix, ":after": after, ":now": t.now(), ":limit": limit + 1}
	if end := circle.Following(prefix); end != nil {
		query += " AND key < :end"
		args[":end"] = end
	}
	err = t.own(ctx, false, func() error {
		return sqlitex.Execute(t.conn.Conn, query+" ORDER BY key LIMIT :limit", &sqlitex.ExecOptions{Named: args, ResultFunc: func(row *sqlite.Stmt) error {
			if len(keys) == limit {
				more = true
				return nil
			}
			keys = append(keys, column(row, 0))
			return nil
		}})
	})
	return keys, more, err
}
