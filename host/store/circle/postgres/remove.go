package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/filename"
)

// gone takes a circle away. What it owns is all in its schema, and ours there
// goes with it. The state is locked first: jobs that have begun hold it, and
// others wait and then begin with an empty database.
const gone = `
LOCK TABLE {place}.henge_state IN ACCESS EXCLUSIVE MODE;
DROP SCHEMA {place} CASCADE;
DROP ROLE {place};
`

// Remove implements circle.Keeper.
func (s *Store) Remove(ctx context.Context, name string) error {
	name, err := filename.Canonical(name)
	if err == nil {
		err = s.looks.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
			return pgx.BeginFunc(ctx, c.Conn(), func(tx pgx.Tx) error { return remove(ctx, tx, name) })
		})
		s.forget(name)
	}
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			err = circle.ErrInUse
		}
		return fmt.Errorf("remove circle %s: %w", name, err)
	}
	return nil
}

// remove is Remove in a transaction.
func remove(ctx context.Context, tx pgx.Tx, name string) error {
	var place string
	err := tx.QueryRow(ctx, "DELETE FROM henge.circle WHERE name = $1 RETURNING place", name).Scan(&place)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = tx.Conn().PgConn().Exec(ctx, at(place, gone)).ReadAll()
	return err
}
