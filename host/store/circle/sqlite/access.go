package sqlite

import (
	"context"

	"github.com/ncruces/go-sqlite3"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
)

// look does something with a circle's database outside of any job, and leaves
// one alone that is not there.
func (s *Store) look(ctx context.Context, name string, do func(*conn) error) error {
	path, err := s.Path(name)
	if err != nil || !exists(path) {
		return err
	}
	c, err := s.looks.get(ctx, path)
	if err != nil {
		return err
	}
	c.SetInterrupt(ctx)
	err = do(c)
	c.SetInterrupt(context.Background())
	if closed := s.looks.put(c, err == nil); err == nil {
		err = closed
	}
	return err
}

// Role implements circle.Store.
func (s *Store) Role(ctx context.Context, name, caller string) (role string, err error) {
	err = s.look(ctx, name, func(c *conn) error {
		role, err = c.role(caller)
		return err
	})
	return role, err
}

// Published implements circle.Store.
func (s *Store) Published(ctx context.Context, name, kind string) (names []string, err error) {
	err = s.look(ctx, name, func(c *conn) error {
		names, err = c.published(kind)
		return err
	})
	return names, err
}

// Role implements circle.Tx.
func (t *tx) Role(ctx context.Context, caller string) (role string, err error) {
	err = t.own(ctx, false, func() error {
		role, err = t.conn.role(caller)
		return err
	})
	return role, err
}

// Published implements circle.Tx.
func (t *tx) Published(ctx context.Context, kind string) (names []string, err error) {
	err = t.own(ctx, false, func() error {
		names, err = t.conn.published(kind)
		return err
	})
	return names, err
}

func (c *conn) role(caller string) (role string, err error) {
	err = c.Each(func(row *sqlite3.Stmt) { role = row.ColumnText(0) }, "SELECT role FROM henge_member WHERE caller = ?", circle.Member(caller))
	return role, err
}

func (c *conn) published(kind string) (names []string, err error) {
	err = c.Each(func(row *sqlite3.Stmt) { names = append(names, row.ColumnText(0)) }, "SELECT name FROM henge_publication WHERE kind = ? ORDER BY name", kind)
	return names, err
}

// Publish implements circle.Tx.
func (t *tx) Publish(ctx context.Context, kind, name string) error {
	if err := circle.CheckPublication(kind, name); err != nil {
		return err
	}
	return t.own(ctx, true, func() error {
		n, err := t.conn.Number("SELECT count(*) FROM henge_publication WHERE kind = ?", kind)
		if err != nil {
			return err
		}
		if n >= circle.MaxEntries {
			return tooMany("names are published")
		}
		return t.conn.Exec("INSERT INTO henge_publication (kind, name) VALUES (?, ?) ON CONFLICT DO NOTHING", kind, name)
	})
}

// Unpublish implements circle.Tx.
func (t *tx) Unpublish(ctx context.Context, kind, name string) error {
	if err := circle.CheckPublication(kind, name); err != nil {
		return err
	}
	return t.own(ctx, true, func() error {
		return t.conn.Exec("DELETE FROM henge_publication WHERE kind = ? AND name = ?", kind, name)
	})
}

// Members implements circle.Tx.
func (t *tx) Members(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	err := t.own(ctx, false, func() error {
		return t.conn.Each(func(row *sqlite3.Stmt) { all[row.ColumnText(0)] = row.ColumnText(1) }, "SELECT caller, role FROM henge_member")
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
			return t.conn.Exec("DELETE FROM henge_member WHERE caller = ?", name)
		}
		n, err := t.conn.Number("SELECT count(*) FROM henge_member")
		if err != nil {
			return err
		}
		if n >= circle.MaxEntries {
			return tooMany("members are there")
		}
		return t.conn.Exec("INSERT INTO henge_member (caller, role) VALUES (?, ?) ON CONFLICT (caller) DO UPDATE SET role = excluded.role", name, role)
	})
}

func tooMany(what string) error {
	return refusal(abi.TooLarge, "%d %s already, and more cannot be", circle.MaxEntries, what)
}
