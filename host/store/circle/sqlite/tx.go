package sqlite

import (
	"context"
	"errors"

	"github.com/ncruces/go-sqlite3"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/connection"
)

// tx is one transaction. It reads from a snapshot of its first read, and takes
// the lock of writers at its first write.
type tx struct {
	store *Store
	conn  *conn
	path  string
	job   *job.Job

	endTurn func() // not nil: it writes
	altered bool   // tables may have other names
	broken  error  // SQLite has taken the transaction back, or it is over

	committed, closed bool
}

// Begin implements circle.Store.
func (s *Store) Begin(ctx context.Context, j *job.Job, lock bool) (circle.Tx, error) {
	path, err := s.place(ctx, j.Circle)
	if err != nil {
		return nil, err
	}
	t, err := s.begin(ctx, path, j, lock)
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (s *Store) begin(ctx context.Context, path string, j *job.Job, lock bool) (_ *tx, err error) {
	t := &tx{store: s, path: path, job: j}
	if lock {
		// Before a connection is taken, which others could use meanwhile.
		if t.endTurn, err = s.takeTurn(ctx, path); err != nil {
			return nil, err
		}
	}
	if t.conn, err = s.jobs.get(ctx, path); err != nil {
		t.leave()
		return nil, err
	}
	t.conn.SetInterrupt(ctx)
	begin := "BEGIN"
	if lock {
		begin = "BEGIN IMMEDIATE"
	}
	if err := t.conn.Exec(begin); err != nil {
		err = t.explain(ctx, err)
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// leave ends the turn of a transaction that has one.
func (t *tx) leave() {
	if t.endTurn != nil {
		t.endTurn()
		t.endTurn = nil
	}
}

// use makes ready for a call.
func (t *tx) use(ctx context.Context) error {
	if t.broken != nil {
		return t.broken
	}
	t.conn.SetInterrupt(ctx)
	return nil
}

// settled is the end of each call: SQLite takes a transaction back by itself
// after some errors, and where a script says OR ROLLBACK. What would come then
// were no part of it.
func (t *tx) settled(ctx context.Context, err error) error {
	if err != nil {
		err = t.explain(ctx, err)
	}
	switch {
	case t.committed:
		t.broken = refusal(abi.Conflict, "the job's transaction is over")
	case t.broken == nil && (t.conn.Broken() != nil || t.conn.GetAutocommit()):
		why := ""
		if err != nil {
			why = ", since a statement failed: " + text(err)
		}
		t.broken = refusal(abi.Conflict, "the job's transaction was taken back, with all that it had changed%s; end the job", why)
		if err == nil {
			err = t.broken
		}
	}
	return err
}

// write takes the lock of writers, unless the transaction has it.
func (t *tx) write(ctx context.Context) error {
	if t.endTurn != nil {
		return nil
	}
	end, err := t.store.takeTurn(ctx, t.path)
	if err != nil {
		return err
	}
	for {
		// Changes nothing, and can do that only under the lock.
		err = t.conn.Exec("DELETE FROM henge_job WHERE 0")
		// SQLite does not wait where two that have read could wait for each other.
		if !errors.Is(err, sqlite3.BUSY) || errors.Is(err, sqlite3.BUSY_SNAPSHOT) || !connection.Pause(ctx) {
			break
		}
	}
	if err != nil {
		end()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	t.endTurn = end
	return nil
}

// own carries out what henge itself does in the transaction.
func (t *tx) own(ctx context.Context, writes bool, do func() error) error {
	if err := t.use(ctx); err != nil {
		return err
	}
	var err error
	if writes {
		err = t.write(ctx)
	}
	if err == nil {
		err = do()
	}
	return t.settled(ctx, err)
}

// Dirty implements circle.Tx.
func (t *tx) Dirty() bool { return t.endTurn != nil }

// Commit implements circle.Tx.
func (t *tx) Commit(ctx context.Context, r *job.Result) error {
	if t.broken != nil {
		return t.broken
	}
	if t.endTurn == nil {
		return nil // nothing was written
	}
	return t.own(ctx, true, func() error {
		if !t.conn.isCurrent() {
			return refusal(abi.Conflict, "the circle's database was replaced or removed while the job ran")
		}
		if err := t.checkNames(); err != nil {
			return err
		}
		if err := t.keepResult(r); err != nil {
			return err
		}
		if err := t.prune(); err != nil {
			return err
		}
		return t.commit()
	})
}

func (t *tx) commit() error {
	err := t.conn.Exec("COMMIT")
	t.committed = err == nil
	return err
}

// checkNames finds tables that ALTER TABLE has given a name of henge's own,
// which SQLite does not ask the guard about.
func (t *tx) checkNames() error {
	if !t.altered {
		return nil
	}
	n, err := t.conn.Number("SELECT count(*) FROM sqlite_schema WHERE lower(substr(name, 1, 6)) = ?", circle.OwnPrefix)
	if err == nil && n != ownObjects {
		err = denied("names that begin with %s are henge's own and cannot be used", circle.OwnPrefix)
	}
	return err
}

// Close implements circle.Tx.
func (t *tx) Close() error {
	if t.closed {
		return nil
	}
	t.closed = true
	defer t.leave()
	// What interrupts the job must not interrupt this.
	t.conn.SetInterrupt(context.Background())
	err := t.conn.Rollback()
	return errors.Join(err, t.store.jobs.put(t.conn, err == nil))
}
