package sql_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/sql"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localpostgres/postgrestest"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/postgres"
	"github.com/henge-run/henge/host/store/circle/sqlite"
)

// servers is the one PostgreSQL of this package's tests.
var servers postgrestest.Servers

func TestMain(m *testing.M) {
	code := m.Run()
	for _, close := range []func() error{wattest.Close, servers.Close} {
		if err := close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// exec carries out its payload, and gives back the reply.
const exec = `(module
	(import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
	(import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64)))
	(import "henge_sql_v1" "exec" (func $exec (param i32 i32 i32 i32) (result i64)))
	(memory (export "memory") 2)
	(func (export "henge_run") (result i32)
		(local $n i64)
		(local.set $n (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 65536)))
		(local.set $n (call $exec (i32.const 0) (i32.wrap_i64 (local.get $n)) (i32.const 65536) (i32.const 65536)))
		(if (i64.lt_s (local.get $n) (i64.const 0)) (then (return (i32.const 1))))
		(drop (call $output (i32.const 65536) (i32.wrap_i64 (local.get $n)) (i32.const 0) (i32.const 0)))
		(i32.const 0)))`

// runner runs statements as one job in a sandbox.
type runner func(timeout time.Duration, statements ...string) *job.Result

func runnerOver(t *testing.T, s circle.Store) runner {
	rt, err := sandbox.New(t.Context(), sandbox.Options{Capabilities: []capability.Capability{sql.New(s)}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
	m, err := rt.Load(t.Context(), wattest.Compile(t, exec), &abi.Manifest{Name: "exec"}, job.Limits{})
	require.NoError(t, err)
	return func(timeout time.Duration, statements ...string) *job.Result {
		list := []abi.Statement{}
		for _, one := range statements {
			list = append(list, abi.Statement{SQL: one})
		}
		payload, err := json.Marshal(list)
		require.NoError(t, err)
		return m.Run(t.Context(), &job.Job{ID: "j", Circle: "acme", Caller: "acme", Dialect: "local", Payload: payload, Timeout: timeout})
	}
}

// endsInTime runs statements that would never end, some times, of which one at
// least must be over soon after its deadline: this machine may be busy.
func (run runner) endsInTime(t *testing.T, statements ...string) {
	t.Helper()
	const timeout, soon = 200 * time.Millisecond, 100 * time.Millisecond
	least := time.Hour
	for range 5 {
		r := run(timeout, statements...)
		require.Equal(t, job.Deadline, r.End, r.Error)
		require.Less(t, r.Cost.Wall, 10*time.Second)
		if least = min(least, r.Cost.Wall-timeout); least < soon {
			break
		}
	}
	t.Logf("%s over its deadline", least)
	require.Less(t, least, soon)
}

// A job that stays in the database is stopped at its deadline, and leaves
// neither a lock nor anything that it wrote.
func TestDeadline(t *testing.T) {
	s, err := sqlite.Open(t.TempDir(), sqlite.Options{MaxOpen: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	run := runnerOver(t, s)
	require.Equal(t, job.Success, run(time.Minute, "CREATE TABLE t (a)").End)
	for name, endless := range map[string]string{
		"a recursion":         "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
		"random bytes":        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE length(randomblob(1000000)) = 1",
		"rows without an end": "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
	} {
		t.Run(name, func(t *testing.T) {
			run.endsInTime(t, "INSERT INTO t VALUES (1)", endless)
			r := run(time.Minute, "UPDATE t SET a = 2")
			require.Equal(t, job.Success, r.End, r.Error)
			require.Equal(t, `[{"changes":0,"last_id":0}]`, string(r.Output))
		})
	}
}

// The same in PostgreSQL, where the statement must end on the server as well, and
// long before its own clock, which is for workers that are gone. There is one
// connection, so that the next job waits for it to be given back.
func TestDeadlineInPostgres(t *testing.T) {
	url, admin := servers.Database(t)
	s, err := postgres.Open(t.Context(), url, postgres.Options{MaxOpen: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	superuser := func() *pgx.Conn {
		conn, err := pgx.Connect(t.Context(), admin)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
		return conn
	}
	root, locker := superuser(), superuser()
	run := runnerOver(t, s)
	require.Equal(t, job.Success, run(time.Minute, "CREATE TABLE t (a int)").End)
	working := func() (n int) {
		require.NoError(t, root.QueryRow(t.Context(), `
			SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'henge' AND xact_start IS NOT NULL`).Scan(&n))
		return n
	}
	ended := func(t *testing.T) {
		t.Helper()
		since := time.Now()
		require.Eventually(t, func() bool { return working() == 0 }, 4*time.Second, time.Millisecond, "the server works on")
		t.Logf("ended on the server %s later", time.Since(since))
		r := run(time.Minute, "UPDATE t SET a = 2")
		require.Equal(t, job.Success, r.End, r.Error)
		require.Equal(t, `[{"changes":0,"last_id":0}]`, string(r.Output))
	}
	for name, endless := range map[string]string{
		"a recursion":         "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT (i + 1) % 1000000000 FROM n) SELECT count(*) FROM n",
		"a long series":       "SELECT count(*) FROM generate_series(1, 1000000000000)",
		"a product of tables": "SELECT sum(a * b * c) FROM generate_series(1, 100000) a, generate_series(1, 100000) b, generate_series(1, 100000) c",
		"rows without an end": "INSERT INTO t SELECT i % 10 FROM generate_series(1, 1000000000000) i",
		"a hard expression":   "SELECT count(*) FROM generate_series(1, 1000000000) i WHERE repeat('a', 5000) ~ ('(a|aa)*(a|aa)*b' || i::text)",
	} {
		t.Run(name, func(t *testing.T) {
			run.endsInTime(t, "INSERT INTO t VALUES (1)", endless)
			ended(t)
		})
	}
	t.Run("the lock of writers", func(t *testing.T) {
		var place string
		require.NoError(t, root.QueryRow(t.Context(), "SELECT place FROM henge.circle WHERE name = 'acme'").Scan(&place))
		other, err := locker.Begin(t.Context())
		require.NoError(t, err)
		_, err = other.Exec(t.Context(), "LOCK TABLE "+place+".henge_state IN EXCLUSIVE MODE")
		require.NoError(t, err)
		run.endsInTime(t, "INSERT INTO t VALUES (1)")
		require.Eventually(t, func() bool { return working() == 0 }, 4*time.Second, time.Millisecond, "the server waits on")
		require.NoError(t, other.Rollback(t.Context()))
		ended(t)
	})
	t.Run("to sleep", func(t *testing.T) {
		r := run(time.Minute, "SELECT pg_sleep(1000)")
		require.Equal(t, job.ExitCode, r.End, "the function cannot be used at all")
		require.Less(t, r.Cost.Wall, 10*time.Second)
		ended(t)
	})
}
