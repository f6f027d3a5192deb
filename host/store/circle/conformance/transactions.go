package conformance

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/store/circle"
)

func takenBack(t *testing.T, s suite) {
	s.script(t, "CREATE TABLE t (a INTEGER)")
	tx := s.begin(t, newJob("j", 1), false)
	exec(t, tx, "INSERT INTO t VALUES (1)")
	require.NoError(t, tx.Set(t.Context(), []byte("k"), []byte("v"), time.Time{}))
	require.NoError(t, tx.SetMember(t.Context(), "bob", "reader"))
	require.NoError(t, tx.Close())

	tx = s.begin(t, newJob("j", 2), false)
	require.Empty(t, query(t, tx, "SELECT * FROM t"))
	_, found, err := tx.Get(t.Context(), []byte("k"))
	require.NoError(t, err)
	require.False(t, found)
	role, err := tx.Role(t.Context(), "bob")
	require.NoError(t, err)
	require.Empty(t, role)
}

func readers(t *testing.T, s suite) {
	s.script(t, "CREATE TABLE t (a INTEGER)")
	writer, reader := s.begin(t, newJob("w", 1), false), s.begin(t, newJob("r", 1), false)
	exec(t, writer, "INSERT INTO t VALUES (1)")
	require.Empty(t, query(t, reader, "SELECT * FROM t"), "what is not committed is not seen")
	commit(t, writer)
	require.Empty(t, query(t, reader, "SELECT * FROM t"), "nor what came since the first read")
	commit(t, reader)
	require.Len(t, query(t, s.begin(t, newJob("r", 2), false), "SELECT * FROM t"), 1)
}

func conflict(t *testing.T, s suite) {
	s.script(t, "CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (1)")
	late, first := s.begin(t, newJob("late", 1), false), s.begin(t, newJob("first", 1), false)
	require.Equal(t, [][]any{{int64(1)}}, query(t, late, "SELECT a FROM t"))
	exec(t, first, "UPDATE t SET a = a + 1")
	commit(t, first)
	_, err := late.Exec(t.Context(), statement(all, "UPDATE t SET a = a + 1"))
	require.ErrorIs(t, err, circle.ErrConflict)
	require.ErrorIs(t, late.Set(t.Context(), []byte("k"), nil, time.Time{}), circle.ErrConflict)
	require.Equal(t, [][]any{{int64(1)}}, query(t, late, "SELECT a FROM t"), "it may go on to read")
	require.NoError(t, late.Close())

	late = s.begin(t, newJob("late", 1), true)
	exec(t, late, "UPDATE t SET a = a + 1")
	commit(t, late)
	require.Equal(t, [][]any{{int64(3)}}, query(t, s.begin(t, newJob("r", 1), false), "SELECT a FROM t"))
}

// turns has many jobs count at once: none is lost, and none waits for ever.
func turns(t *testing.T, s suite) {
	s.script(t, "CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (0)")
	const jobs, each = 8, 5
	ended := make(chan error, jobs)
	for range jobs {
		go func() {
			var failed error
			for range each {
				failed = errors.Join(failed, s.countUp(t.Context()))
			}
			ended <- failed
		}()
	}
	for range jobs {
		require.NoError(t, <-ended)
	}
	require.Equal(t, [][]any{{int64(jobs * each)}}, query(t, s.begin(t, newJob("r", 1), false), "SELECT a FROM t"))
}

// countUp reads and writes, and begins anew under the lock after a conflict.
func (s suite) countUp(ctx context.Context) error {
	for _, lock := range []bool{false, true} {
		tx, err := s.Begin(ctx, newJob("count", 1), lock)
		if err != nil {
			return err
		}
		_, err = tx.Query(ctx, statement(all, "SELECT a FROM t"), 0)
		if err == nil {
			_, err = tx.Exec(ctx, statement(all, "UPDATE t SET a = a + 1"))
		}
		if err == nil {
			err = tx.Commit(ctx, nil)
		}
		if closed := tx.Close(); !errors.Is(err, circle.ErrConflict) {
			return errors.Join(err, closed)
		}
	}
	return errors.New("a conflict under the lock")
}

func waits(t *testing.T, s suite) {
	holder := s.begin(t, newJob("holder", 1), true)
	exec(t, holder, "CREATE TABLE t (a INTEGER)")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := s.Begin(ctx, newJob("j", 1), true)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	began := make(chan error, 1)
	go func() {
		tx, err := s.Begin(t.Context(), newJob("j", 1), true)
		if err == nil {
			err = tx.Close()
		}
		began <- err
	}()
	commit(t, holder)
	require.NoError(t, <-began)
}

func control(t *testing.T, s suite) {
	s.script(t, "CREATE TABLE t (a INTEGER PRIMARY KEY)")
	tx := s.begin(t, newJob("j", 1), false)
	exec(t, tx, "INSERT INTO t VALUES (1)")
	for _, sql := range []string{"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT a", "RELEASE a", "ROLLBACK TO a", "BEGIN IMMEDIATE"} {
		_, err := tx.Exec(t.Context(), statement(all, sql))
		requireCode(t, abi.AccessDenied, err, sql)
	}
	require.NoError(t, tx.Close())
	require.Empty(t, query(t, s.begin(t, newJob("j", 2), false), "SELECT * FROM t"))
}
