package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
)

// tx is one transaction. It reads from a snapshot of its first read, and takes
// the lock of writers at its first write.
type tx struct {
	store *Store
	conn  *pgxpool.Conn
	place string
	job   *job.Job

	seen    bool  // it has read something, and so has its snapshot
	writes  bool  // it has the lock of writers
	models  int64 // how often tables had been changed when it first read
	altered bool  // it changes tables
	before  int64 // the size of the schema when it got it
	pending int   // bytes that were written since the size was looked at
	broken  error // the server has taken the transaction back, or it is over

	closed bool
}

// Begin implements circle.Store.
func (s *Store) Begin(ctx context.Context, j *job.Job, lock bool) (circle.Tx, error) {
	t, err := s.begin(ctx, j, lock)
	var lost *pgconn.ConnectError
	if errors.As(err, &lost) && ctx.Err() == nil {
		s.opts.Log.Error("the server of the circles' databases does not answer", "circle", j.Circle, "err", err)
		return nil, refusal(abi.Unavailable, "the server of the circle's database does not answer")
	}
	if err != nil {
		return nil, explain(ctx, err, nil)
	}
	return t, nil
}

func (s *Store) begin(ctx context.Context, j *job.Job, lock bool) (*tx, error) {
	// Nothing has been done yet, so all may be tried again: once where the circle
	// was removed since it was looked for, and with each connection of the pool
	// that the server has ended, as it does when it is started anew.
	for removed, cut := false, 0; ; {
		place, found, err := s.place(ctx, j.Circle)
		if err == nil && !found {
			place, err = s.ensure(ctx, j.Circle)
		}
		if err != nil {
			return nil, err
		}
		t, err := s.beginIn(ctx, place, j, lock)
		switch {
		case !removed && missing(err):
			removed = true
			s.forget(j.Circle)
		case errors.Is(err, errCut) && cut < s.opts.MaxOpen:
			cut++
		default:
			return t, err
		}
	}
}

// errCut says that a transaction could not begin on a connection of the pool.
var errCut = errors.New("the server has ended the connection to the circles' databases")

func (s *Store) beginIn(ctx context.Context, place string, j *job.Job, lock bool) (_ *tx, err error) {
	conn, err := s.jobs.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	t := &tx{store: s, conn: conn, place: place, job: j}
	defer func() {
		if err != nil {
			if t.raw().IsClosed() && ctx.Err() == nil {
				err = fmt.Errorf("%w: %w", errCut, err)
			}
			err = errors.Join(err, t.Close())
		}
	}()
	// LOCK takes no snapshot, so what is read first is what was committed last.
	// That the state is there says that the circle is, and keeps it there.
	begin := "BEGIN ISOLATION LEVEL REPEATABLE READ; " + patience(ctx) + "SET LOCAL search_path = {place}; LOCK TABLE {place}.henge_state IN ACCESS SHARE MODE"
	if err := t.simple(ctx, at(place, begin)); err != nil {
		return nil, err
	}
	if lock {
		if err := t.write(ctx); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// patience has the server end by itself what we could not, because we were
// stopped or cut off: a statement, and a transaction that would keep others
// waiting.
func patience(ctx context.Context) string {
	wait := 10 * time.Minute
	if until, ok := ctx.Deadline(); ok {
		wait = max(time.Until(until), 0) + 5*time.Second
	}
	return fmt.Sprintf("SET LOCAL statement_timeout = %d; SET LOCAL idle_in_transaction_session_timeout = %d; ", wait.Milliseconds(), wait.Milliseconds())
}

// simple carries out statements of our own that have no parameters and whose
// rows nobody wants.
func (t *tx) simple(ctx context.Context, sql string) error {
	_, err := t.raw().Exec(ctx, sql).ReadAll()
	return err
}

func (t *tx) raw() *pgconn.PgConn { return t.conn.Conn().PgConn() }

const (
	savepoint = "SAVEPOINT henge_statement"
	undo      = "ROLLBACK TO SAVEPOINT henge_statement; RELEASE SAVEPOINT henge_statement"
	keep      = "RELEASE SAVEPOINT henge_statement"
)

// write takes the lock of writers, unless the transaction has it. One that has
// read already does not wait for it: whoever has the lock may wait for what was
// read, to change a table, and both would wait for each other.
func (t *tx) write(ctx context.Context) error {
	if t.writes {
		return nil
	}
	wait := ""
	if t.seen {
		wait = " NOWAIT"
	}
	// The second statement fails where somebody has committed since the snapshot.
	err := t.simple(ctx, at(t.place, savepoint+"; LOCK TABLE {place}.henge_state IN EXCLUSIVE MODE"+wait+"; UPDATE {place}.henge_state SET writes = writes + 1; "+keep))
	if err != nil {
		if t.raw().IsClosed() {
			return err
		}
		return errors.Join(explain(ctx, err, nil), t.simple(ctx, undo))
	}
	t.writes, t.seen = true, true
	t.before, err = t.size(ctx)
	return err
}

// settled is the end of each call: what the server has taken back has ended for
// the job too.
func (t *tx) settled(ctx context.Context, err error, access *circle.Access) error {
	err = explain(ctx, err, access)
	if t.broken == nil && (t.raw().IsClosed() || t.raw().TxStatus() != 'T') {
		if ctx.Err() != nil {
			t.broken = context.Cause(ctx)
			return err
		}
		why := ""
		if err != nil {
			why = ", since something failed: " + err.Error()
		}
		t.broken = refusal(abi.Conflict, "the job's transaction was taken back, with all that it had changed%s; end the job", why)
		if err == nil {
			err = t.broken
		}
	}
	return err
}

// own carries out what henge itself does in the transaction.
func (t *tx) own(ctx context.Context, writes bool, do func() error) error {
	if t.broken != nil {
		return t.broken
	}
	var err error
	if writes {
		err = t.write(ctx)
	}
	if err == nil {
		err = t.look(ctx)
	}
	if err == nil {
		err = do()
	}
	return t.settled(ctx, err, nil)
}

// look takes the snapshot, unless there is one. How often tables were changed is
// told by a sequence, since what it says is not held back by snapshots.
func (t *tx) look(ctx context.Context) error {
	if t.seen {
		return nil
	}
	t.seen = true
	return t.conn.QueryRow(ctx, at(t.place, "SELECT last_value FROM {place}.henge_models")).Scan(&t.models)
}

// unchanged says whether tables are as they were at the first read. ALTER TABLE,
// TRUNCATE and DROP do not wait for those who have read, and a snapshot does not
// keep what they take away: who reads on would see an empty table.
func (t *tx) unchanged(ctx context.Context) error {
	if t.writes {
		return nil // nobody else can
	}
	var now int64
	err := t.conn.QueryRow(ctx, at(t.place, "SELECT last_value FROM {place}.henge_models")).Scan(&now)
	if err == nil && now != t.models {
		err = circle.ErrConflict
	}
	return err
}

// exec carries out a statement of henge's own.
func (t *tx) exec(ctx context.Context, sql string, args ...any) error {
	_, err := t.conn.Exec(ctx, at(t.place, sql), args...)
	return err
}

// Dirty implements circle.Tx.
func (t *tx) Dirty() bool { return t.writes }

// Commit implements circle.Tx.
func (t *tx) Commit(ctx context.Context, r *job.Result) error {
	if t.broken != nil {
		return t.broken
	}
	if !t.writes {
		return nil // nothing was written
	}
	err := t.own(ctx, true, func() error {
		if t.pending > 0 {
			if err := t.checkSize(ctx); err != nil {
				return err
			}
		}
		if err := t.keepResult(ctx, r); err != nil {
			return err
		}
		if err := t.prune(ctx); err != nil {
			return err
		}
		return t.commit(ctx)
	})
	return err
}

// commit ends the transaction. The server answers with ROLLBACK, and no error,
// where there was one before.
func (t *tx) commit(ctx context.Context) error {
	if t.altered { // as late as can be, while others still wait for the tables
		if err := t.exec(ctx, "SELECT nextval('{place}.henge_models')"); err != nil {
			return err
		}
	}
	done, err := t.conn.Exec(ctx, "COMMIT")
	if err == nil && done.String() != "COMMIT" {
		err = refusal(abi.Conflict, "the job's transaction was taken back")
	}
	if err == nil {
		t.broken = refusal(abi.Conflict, "the job's transaction is over")
	}
	return err
}

// Close implements circle.Tx.
func (t *tx) Close() error {
	if t.closed {
		return nil
	}
	t.closed = true
	if raw := t.raw(); !raw.IsClosed() {
		// What has ended the job must not end this.
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := t.reset(ctx); err != nil {
			_ = raw.Close(ctx) // the server takes back what was not committed
		}
	}
	t.conn.Release()
	return nil
}

// reset makes the connection as good as new for the next circle: nothing of the
// transaction stays, and of the session no setting, lock or temporary table. No
// script should get to leave one there, and then it would not matter.
func (t *tx) reset(ctx context.Context) error {
	if t.raw().TxStatus() != 'I' {
		if err := t.simple(ctx, "ROLLBACK"); err != nil {
			return err
		}
	}
	return t.simple(ctx, "DISCARD ALL")
}
