package postgres

import (
	"context"

	"github.com/henge-run/henge/abi"
)

// mostRelations bounds the tables, views and indexes of a circle: the catalogs
// and the server's locks are shared by all.
const mostRelations = 500

// size returns how large the circle's schema is.
func (t *tx) size(ctx context.Context) (bytes int64, err error) {
	var relations int64
	err = t.conn.QueryRow(ctx, `
		SELECT coalesce(sum(pg_total_relation_size(oid)) FILTER (WHERE relkind IN ('r', 'm') AND relname <> 'henge_job'), 0)::bigint, count(*)
		FROM pg_catalog.pg_class WHERE relnamespace = to_regnamespace($1)`, t.place).Scan(&bytes, &relations)
	if err == nil && relations > mostRelations {
		err = refusal(abi.TooLarge, "the circle's database has %d tables, views and indexes, and may have %d", relations, mostRelations)
	}
	t.pending = 0
	return bytes, err
}

// checkSize refuses to let a schema grow that is too large. One that is may
// still shrink.
func (t *tx) checkSize(ctx context.Context) error {
	now, err := t.size(ctx)
	if err == nil && now > t.store.opts.MaxBytes && now > t.before {
		err = t.full()
	}
	return err
}

func (t *tx) full() error {
	return refusal(abi.TooLarge, "the circle's database is full: its limit is %d bytes; delete data, or ask the operator to raise it", t.store.opts.MaxBytes)
}
