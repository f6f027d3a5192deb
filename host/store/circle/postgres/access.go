package postgres

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
)

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// look does something with a circle's database outside of any job, and leaves
// one alone that is not there.
func (s *Store) look(ctx context.Context, name string, do func(place string) error) error {
	place, found, err := s.place(ctx, name)
	if err != nil || !found {
		return err
	}
	err = do(place)
	if missing(err) { // it was removed
		s.forget(name)
		return nil
	}
	return explain(ctx, err, nil)
}

// Role implements circle.Store.
func (s *Store) Role(ctx context.Context, name, caller string) (role string, err error) {
	err = s.look(ctx, name, func(place string) error {
		role, err = roleIn(ctx, s.looks, place, caller)
		return err
	})
	return role, err
}

// Published implements circle.Store.
func (s *Store) Published(ctx context.Context, name, kind string) (names []string, err error) {
	err = s.look(ctx, name, func(place string) error {
		names, err = publishedIn(ctx, s.looks, place, kind)
		return err
	})
	return names, err
}

// Role implements circle.Tx.
func (t *tx) Role(ctx context.Context, caller string) (role string, err error) {
	err = t.own(ctx, false, func() error {
		role, err = roleIn(ctx, t.conn, t.place, caller)
		return err
	})
	return role, err
}

// Published implements circle.Tx.
func (t *tx) Published(ctx context.Context, kind string) (names []string, err error) {
	err = t.own(ctx, false, func() error {
		names, err = publishedIn(ctx, t.conn, t.place, kind)
		return err
	})
	return names, err
}

func roleIn(ctx context.Context, q querier, place, caller string) (string, error) {
	if !utf8.ValidString(caller) || strings.ContainsRune(caller, 0) {
		return "", nil // nobody can be a member under such a name
	}
	rows, err := q.Query(ctx, at(place, "SELECT role FROM {place}.henge_member WHERE caller = $1"), circle.Member(caller))
	if err != nil {
		return "", err
	}
	role, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return role, err
}

func publishedIn(ctx context.Context, q querier, place, kind string) ([]string, error) {
	rows, err := q.Query(ctx, at(place, "SELECT name FROM {place}.henge_publication WHERE kind = $1 ORDER BY name"), kind)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Publish implements circle.Tx.
func (t *tx) Publish(ctx context.Context, kind, name string) error {
	if err := circle.CheckPublication(kind, name); err != nil {
		return err
	}
	return t.own(ctx, true, func() error {
		if err := t.room(ctx, "names are published", "SELECT count(*) FROM {place}.henge_publication WHERE kind = $1", kind); err != nil {
			return err
		}
		return t.exec(ctx, "INSERT INTO {place}.henge_publication (kind, name) VALUES ($1, $2) ON CONFLICT DO NOTHING", kind, name)
	})
}

// Unpublish implements circle.Tx.
func (t *tx) Unpublish(ctx context.Context, kind, name string) error {
	if err := circle.CheckPublication(kind, name); err != nil {
		return err
	}
	return t.own(ctx, true, func() error {
		return t.exec(ctx, "DELETE FROM {place}.henge_publication WHERE kind = $1 AND name = $2", kind, name)
	})
}

// Members implements circle.Tx.
func (t *tx) Members(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	err := t.own(ctx, false, func() error {
		rows, err := t.conn.Query(ctx, at(t.place, "SELECT caller, role FROM {place}.henge_member"))
		if err != nil {
			return err
		}
		var caller, role string
		_, err = pgx.ForEachRow(rows, []any{&caller, &role}, func() error {
			all[caller] = role
			return nil
		})
		return err
	})
	return all, err
}

// SetMember implements circle.Tx.
func (t *tx) SetMember(ctx context.Context, caller, role string) error {
	name, err := job.ParseCircle(caller)
	if err != nil {
		return refusal(abi.InvalidArgument, "a member is named like a circle: %v", err)
	}
	return t.own(ctx, true, func() error {
		if role == "" {
			return t.exec(ctx, "DELETE FROM {place}.henge_member WHERE caller = $1", name)
		}
		if err := t.room(ctx, "members are there", "SELECT count(*) FROM {place}.henge_member"); err != nil {
			return err
		}
		return t.exec(ctx, "INSERT INTO {place}.henge_member (caller, role) VALUES ($1, $2) ON CONFLICT (caller) DO UPDATE SET role = excluded.role", name, role)
	})
}

// room says whether one more can be added to what a statement counts.
func (t *tx) room(ctx context.Context, what, count string, args ...any) error {
	var n int64
	err := t.conn.QueryRow(ctx, at(t.place, count), args...).Scan(&n)
	if err == nil && n >= circle.MaxEntries {
		err = refusal(abi.TooLarge, "%d %s already, and more cannot be", circle.MaxEntries, what)
	}
	return err
}
