// Package conformance is the one suite that every store of circles' databases
// passes. It is for tests only, and no other code may import it.
package conformance

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
)

// Noon is what the clock of a store shows at first.
var Noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Clock is the clock of a store, which a test moves.
type Clock struct{ at time.Time }

// Now returns what the clock shows.
func (c *Clock) Now() time.Time {
	if c.at.IsZero() {
		return Noon
	}
	return c.at
}

// Move lets time pass.
func (c *Clock) Move(d time.Duration) { c.at = c.Now().Add(d) }

// Keep is how long a store of the suite keeps results.
const Keep = time.Hour

// suite is a store and its clock.
type suite struct {
	circle.Store
	clock *Clock
}

// Run runs the suite. open makes a store in an empty place, which keeps results
// for Keep.
func Run(t *testing.T, open func(t *testing.T, clock *Clock) circle.Store) {
	for name, test := range map[string]func(*testing.T, suite){
		"values come back":                values,
		"parameters are bound":            parameters,
		"bounds of a query":               bounds,
		"errors are for the author":       mistakes,
		"nothing to do is no error":       idle,
		"what is not committed is gone":   takenBack,
		"readers do not wait":             readers,
		"who writes after a read of old":  conflict,
		"writers take turns":              turns,
		"a lock is waited for":            waits,
		"time ends a statement":           deadline,
		"small values":                    small,
		"small values in order":           listed,
		"circles are apart":               apart,
		"roles and publications":          members,
		"strangers read what is public":   strangers,
		"readers change nothing":          reading,
		"henge's own tables are nobody's": own,
		"transactions are not a script's": control,
		"a result is kept":                kept,
		"a later attempt wins":            later,
		"results go":                      forgotten,
	} {
		t.Run(name, func(t *testing.T) {
			clock := &Clock{}
			test(t, suite{open(t, clock), clock})
		})
	}
}

// all is what a writer may do.
var all = circle.Access{Read: true, Write: true}

// newJob returns an attempt at a job from a queue.
func newJob(id string, attempt int64) *job.Job {
	return &job.Job{ID: id, Circle: "acme", Dialect: "hero", Queue: "q", Run: 1, Attempt: attempt}
}

// begin begins a transaction that the test closes.
func (s suite) begin(t *testing.T, j *job.Job, lock bool) circle.Tx {
	t.Helper()
	tx, err := s.Begin(t.Context(), j, lock)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tx.Close()) })
	return tx
}

// script carries out statements in a transaction of their own.
func (s suite) script(t *testing.T, statements ...string) {
	t.Helper()
	tx := s.begin(t, newJob("script", 1), false)
	for _, one := range statements {
		exec(t, tx, one)
	}
	commit(t, tx)
}

func exec(t *testing.T, tx circle.Tx, sql string, args ...any) abi.Changes {
	t.Helper()
	changes, err := tx.Exec(t.Context(), statement(all, sql, args...))
	require.NoError(t, err, sql)
	return changes
}

func statement(access circle.Access, sql string, args ...any) circle.Statement {
	s := circle.Statement{SQL: sql, Access: access}
	if args != nil {
		s.Args.V = args
	}
	return s
}

// query returns the rows of a statement that anybody may read.
func query(t *testing.T, tx circle.Tx, sql string, args ...any) [][]any {
	t.Helper()
	rows, err := tx.Query(t.Context(), statement(all, sql, args...), 0)
	require.NoError(t, err, sql)
	return plain(rows)
}

func plain(rows abi.Rows) [][]any {
	out := [][]any{}
	for _, row := range rows.Rows {
		values := []any{}
		for _, v := range row {
			values = append(values, v.V)
		}
		out = append(out, values)
	}
	return out
}

// commit ends a transaction of a job that has a result.
func commit(t *testing.T, tx circle.Tx) {
	t.Helper()
	require.NoError(t, tx.Commit(t.Context(), nil))
	require.NoError(t, tx.Close())
}

// requireCode fails the test unless err is for the author of a script.
func requireCode(t *testing.T, code abi.Code, err error, about ...any) {
	t.Helper()
	var e *abi.Error
	require.ErrorAs(t, err, &e, about...)
	require.Equal(t, code.String(), e.Code.String(), e.Message)
	require.NotEmpty(t, e.Message)
}
