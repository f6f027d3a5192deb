package conformance

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
)

// succeed is an attempt that writes and is committed.
func (s suite) succeed(t *testing.T, j *job.Job, output string) error {
	t.Helper()
	tx := s.begin(t, j, false)
	exec(t, tx, "UPDATE t SET a = a + 1")
	err := tx.Commit(t.Context(), &job.Result{End: job.Success, Output: []byte(output)})
	require.NoError(t, tx.Close())
	return err
}

func (s suite) recall(t *testing.T, j *job.Job) *job.Result {
	t.Helper()
	r, err := s.Recall(t.Context(), j)
	require.NoError(t, err)
	return r
}

func (s suite) count(t *testing.T) any {
	t.Helper()
	tx := s.begin(t, newJob("count", 1), false)
	n := query(t, tx, "SELECT a FROM t")[0][0]
	require.NoError(t, tx.Close())
	return n
}

func kept(t *testing.T, s suite) {
	require.Nil(t, s.recall(t, newJob("j", 2)), "of a circle that has nothing")
	s.script(t, "CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (0)")
	require.NoError(t, s.succeed(t, newJob("j", 1), "the \x00 result"))

	for range 2 {
		r := s.recall(t, newJob("j", 2))
		require.NotNil(t, r)
		require.Equal(t, job.Success, r.End)
		require.Equal(t, "the \x00 result", string(r.Output))
		require.Len(t, r.Log, 1)
	}
	for name, change := range map[string]func(*job.Job){
		"another id":      func(j *job.Job) { j.ID = "k" },
		"another queue":   func(j *job.Job) { j.Queue = "q2" },
		"another dialect": func(j *job.Job) { j.Dialect = "henge" },
		"another run":     func(j *job.Job) { j.Run = 2 },
		"the same id":     func(j *job.Job) { j.Begun++ },
		"no queue's":      func(j *job.Job) { j.Run = 0 },
	} {
		other := newJob("j", 2)
		change(other)
		require.Nil(t, s.recall(t, other), name)
	}

	// A job that no queue knows leaves no result, and is not refused.
	local := newJob("local", 1)
	local.Run = 0
	require.NoError(t, s.succeed(t, local, "a"))
	require.NoError(t, s.succeed(t, local, "b"))
	require.EqualValues(t, 3, s.count(t))

	// One that only read leaves none either.
	tx := s.begin(t, newJob("read", 1), false)
	query(t, tx, "SELECT a FROM t")
	require.NoError(t, tx.Commit(t.Context(), &job.Result{End: job.Success, Output: []byte("x")}))
	require.NoError(t, tx.Close())
	require.Nil(t, s.recall(t, newJob("read", 2)))
}

func later(t *testing.T, s suite) {
	s.script(t, "CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (0)")

	// The later one was begun, whatever becomes of it.
	early := s.begin(t, newJob("begun", 1), false)
	require.Nil(t, s.recall(t, newJob("begun", 2)))
	exec(t, early, "UPDATE t SET a = a + 1")
	require.ErrorIs(t, early.Commit(t.Context(), &job.Result{End: job.Success}), job.ErrLeaseLost)
	require.NoError(t, early.Close())
	require.EqualValues(t, 0, s.count(t))
	require.NoError(t, s.succeed(t, newJob("begun", 2), "second"))
	require.ErrorIs(t, s.succeed(t, newJob("begun", 1), "first"), job.ErrLeaseLost)
	require.Equal(t, "second", string(s.recall(t, newJob("begun", 3)).Output))
	require.EqualValues(t, 1, s.count(t))

	// The later one has ended, and nobody asked before it.
	require.NoError(t, s.succeed(t, newJob("ended", 3), "third"))
	require.ErrorIs(t, s.succeed(t, newJob("ended", 1), "first"), job.ErrLeaseLost)
	require.ErrorIs(t, s.succeed(t, newJob("ended", 3), "third again"), job.ErrLeaseLost)
	require.EqualValues(t, 2, s.count(t))

	// One that comes too late to begin.
	require.Nil(t, s.recall(t, newJob("late", 3)))
	_, err := s.Recall(t.Context(), newJob("late", 2))
	require.ErrorIs(t, err, job.ErrLeaseLost)
}

func forgotten(t *testing.T, s suite) {
	s.script(t, "CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (0)")
	require.NoError(t, s.succeed(t, newJob("old", 1), "old"))
	s.clock.Move(Keep / 2)
	require.NoError(t, s.succeed(t, newJob("new", 1), "new"))
	s.clock.Move(Keep / 2)
	require.NoError(t, s.succeed(t, newJob("other", 1), ""))
	require.Nil(t, s.recall(t, newJob("old", 2)))
	require.Equal(t, "new", string(s.recall(t, newJob("new", 2)).Output))
}
