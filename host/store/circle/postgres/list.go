package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/filename"
)

// kept lists circles with the sizes of their schemas.
const kept = `
SELECT c.name, c.place, coalesce((SELECT sum(pg_total_relation_size(r.oid)) FROM pg_catalog.pg_class r JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
	WHERE n.nspname = c.place AND r.relkind IN ('r', 'm')), 0)::bigint
FROM henge.circle c WHERE $1 IN ('', c.name) ORDER BY c.name`

func (s *Store) kept(ctx context.Context, name string) ([]circle.Kept, error) {
	rows, err := s.looks.Query(ctx, kept, name)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (k circle.Kept, err error) {
		err = row.Scan(&k.Circle, &k.Place, &k.Size)
		return k, err
	})
}

// List implements circle.Keeper.
func (s *Store) List(ctx context.Context) ([]circle.Kept, error) {
	all, err := s.kept(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("list circles: %w", err)
	}
	return all, nil
}

// Find implements circle.Keeper.
func (s *Store) Find(ctx context.Context, name string) (circle.Kept, bool, error) {
	name, err := filename.Canonical(name)
	if err != nil {
		return circle.Kept{}, false, err
	}
	all, err := s.kept(ctx, name)
	if err != nil || len(all) == 0 {
		return circle.Kept{}, false, err
	}
	return all[0], true, nil
}

// Tables implements circle.Keeper.
func (s *Store) Tables(ctx context.Context, name string) (names []string, err error) {
	err = s.look(ctx, name, func(place string) error {
		rows, err := s.looks.Query(ctx, `
			SELECT relname FROM pg_catalog.pg_class WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'p', 'v') AND NOT relname ^@ 'henge_' ORDER BY relname COLLATE "C"`, place)
		if err != nil {
			return err
		}
		names, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return names, err
}
