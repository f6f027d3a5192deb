package sql_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/sql"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
	"github.com/henge-run/henge/host/store/circle/sqlite"
)

func TestMain(m *testing.M) {
	defer wattest.Close()
	m.Run()
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

// A job that stays in the database is stopped at its deadline, and leaves
// neither a lock nor anything that it wrote.
func TestDeadline(t *testing.T) {
	s, err := sqlite.Open(t.TempDir(), sqlite.Options{MaxOpen: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	rt, err := sandbox.New(t.Context(), sandbox.Options{Capabilities: []capability.Capability{sql.New(s)}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
	m, err := rt.Load(t.Context(), wattest.Compile(t, exec), &abi.Manifest{Name: "exec"}, job.Limits{})
	require.NoError(t, err)
	run := func(timeout time.Duration, statements ...string) *job.Result {
		list := []abi.Statement{}
		for _, one := range statements {
			list = append(list, abi.Statement{SQL: one})
		}
		payload, err := json.Marshal(list)
		require.NoError(t, err)
		return m.Run(t.Context(), &job.Job{ID: "j", Circle: "acme", Caller: "acme", Dialect: "local", Payload: payload, Timeout: timeout})
	}
	require.Equal(t, job.Success, run(time.Minute, "CREATE TABLE t (a)").End)
	const timeout = 200 * time.Millisecond
	for name, endless := range map[string]string{
		"a recursion":         "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
		"random bytes":        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE length(randomblob(1000000)) = 1",
		"rows without an end": "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
	} {
		t.Run(name, func(t *testing.T) {
			r := run(timeout, "INSERT INTO t VALUES (1)", endless)
			require.Equal(t, job.Deadline, r.End, r.Error)
			t.Logf("%s over its deadline", r.Cost.Wall-timeout)
			require.Less(t, r.Cost.Wall, 10*time.Second)
			r = run(time.Minute, "UPDATE t SET a = 2")
			require.Equal(t, job.Success, r.End, r.Error)
			require.Equal(t, `[{"changes":0,"last_id":0}]`, string(r.Output))
		})
	}
}
