package worker_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/sql"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localpostgres/postgrestest"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
	storecircle "github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/postgres"
	"github.com/henge-run/henge/host/store/circle/sqlite"
	"github.com/henge-run/henge/host/worker"
)

var commitKills = flag.Int("commit-kills", 8, "how many jobs lose their worker between commit and finish")

const (
	envEffectsRedis  = "HENGE_TEST_EFFECTS_REDIS"
	envEffectsData   = "HENGE_TEST_EFFECTS_DATA"
	envEffectsModule = "HENGE_TEST_EFFECTS_MODULE"
	envEffectsMode   = "HENGE_TEST_EFFECTS_MODE"

	killAfterCommit = "kill after the commit"
	stopBeforeWrite = "stop before the first write"
	unharmed        = "unharmed"

	effectSlots = 8
)

// writesRandomly writes something random to a table, and gives it back. The
// function that makes it is the database's, in a place of 24 bytes.
const writesRandomly = `(module
	(import "henge_sql_v1" "query" (func $query (param i32 i32 i32 i32) (result i64)))
	(import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64)))
	(memory (export "memory") 1)
	(data (i32.const 0) "{\"sql\":\"INSERT INTO effects VALUES (%-24s) RETURNING r\"}")
	(func (export "henge_run") (result i32)
		(local $n i64)
		(local.set $n (call $query (i32.const 0) (i32.const 75) (i32.const 1024) (i32.const 1024)))
		(if (i64.lt_s (local.get $n) (i64.const 0)) (then (return (i32.const 1))))
		(drop (call $output (i32.const 1024) (i32.wrap_i64 (local.get $n)) (i32.const 0) (i32.const 0)))
		(i32.const 0)))`

// harm is a store whose process comes to harm around the commit of a first
// attempt.
type harm struct {
	storecircle.Store
	mode      string
	committed atomic.Int32
}

type harmedTx struct {
	storecircle.Tx
	harm *harm
}

func (h *harm) Begin(ctx context.Context, j *job.Job, lock bool) (storecircle.Tx, error) {
	tx, err := h.Store.Begin(ctx, j, lock)
	if err != nil || j.Attempt > 1 || h.mode == unharmed {
		return tx, err
	}
	if h.mode == stopBeforeWrite {
		// What the lease would tell is left out: the database alone decides.
		j.Confirm = nil
		// To this very thread, so that it goes no further before it stops.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err = unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGSTOP)
		return tx, err
	}
	return harmedTx{tx, h}, nil
}

// Commit commits, and never returns: the process is killed once all slots have
// come so far.
func (t harmedTx) Commit(ctx context.Context, r *job.Result) error {
	if err := t.Tx.Commit(ctx, r); err != nil {
		return err
	}
	_ = t.Tx.Close() // or the others could not write
	if t.harm.committed.Add(1) == effectSlots {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	<-ctx.Done()
	return ctx.Err()
}

// TestHarmedWorker is no test: it is the process that others harm.
func TestHarmedWorker(t *testing.T) {
	url := os.Getenv(envEffectsRedis)
	if url == "" {
		t.Skip("this is what the tests of effects run")
	}
	ctx := context.Background()
	rdb, err := queue.Connect(url)
	require.NoError(t, err)
	q, err := queue.New(rdb, queue.Options{AllCircles: true, Lease: 3 * time.Second, Crashes: 1 << 20})
	require.NoError(t, err)
	circles := openEffects(t, os.Getenv(envEffectsData))
	rt, err := sandbox.New(ctx, sandbox.Options{Capabilities: []capability.Capability{
		sql.New(&harm{Store: circles, mode: os.Getenv(envEffectsMode)}),
	}})
	require.NoError(t, err)
	binary, err := os.ReadFile(os.Getenv(envEffectsModule))
	require.NoError(t, err)
	mods, err := registry.Open(ctx, rt, registry.Options{Folders: []registry.Folder{{Name: "test", FS: fstest.MapFS{"writes.wasm": {Data: binary}}}}})
	require.NoError(t, err)
	w, err := worker.New(worker.Options{Queue: q, Registry: mods, Slots: effectSlots, Results: circles})
	require.NoError(t, err)
	require.NoError(t, w.Run(ctx))
}

// openEffects opens databases, in a folder or in PostgreSQL.
func openEffects(t *testing.T, data string) storecircle.Store {
	var s storecircle.Store
	var err error
	if strings.HasPrefix(data, "postgres://") {
		s, err = postgres.Open(context.Background(), data, postgres.Options{})
	} else {
		s, err = sqlite.Open(data, sqlite.Options{})
	}
	require.NoError(t, err)
	return s
}

// eachEffects runs a test with each kind of database.
func eachEffects(t *testing.T, test func(t *testing.T, e *effects)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newEffects(t, t.TempDir(), "hex(randomblob(16))")) })
	t.Run("postgres", func(t *testing.T) {
		var servers postgrestest.Servers
		t.Cleanup(func() { require.NoError(t, servers.Close()) })
		url, _ := servers.Database(t)
		test(t, newEffects(t, url, "md5(random()::text)"))
	})
}

// effects is a Redis, databases and a module, for workers that come to harm.
type effects struct {
	server   *localredis.Server
	producer *queue.Producer
	data     string
	module   string
}

func newEffects(t *testing.T, data, random string) *effects {
	e := &effects{server: redistest.Server(t, localredis.Options{}), data: data}
	var err error
	e.producer, err = queue.NewProducer(redistest.Client(t, e.server), queue.Hero)
	require.NoError(t, err)
	e.module = t.TempDir() + "/writes.wasm"
	require.NoError(t, os.WriteFile(e.module, wattest.Compile(t, fmt.Sprintf(writesRandomly, random)), 0o600))
	e.sql(t, "CREATE TABLE effects (r TEXT)")
	return e
}

func (e *effects) start(t *testing.T, mode string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^TestHarmedWorker$")
	cmd.Env = append(os.Environ(), envEffectsRedis+"="+e.server.URL(), envEffectsData+"="+e.data, envEffectsModule+"="+e.module, envEffectsMode+"="+mode)
	require.NoError(t, cmd.Start())
	return cmd
}

// sql carries out a statement in the circle's database, and returns its rows.
func (e *effects) sql(t *testing.T, text string) []string {
	s := openEffects(t, e.data)
	defer s.Close()
	tx, err := s.Begin(t.Context(), &job.Job{Circle: circle}, true)
	require.NoError(t, err)
	defer tx.Close()
	rows, err := tx.Query(t.Context(), storecircle.Statement{SQL: text, Access: storecircle.Access{Read: true, Write: true}}, 0)
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context(), nil))
	var out []string
	for _, row := range rows.Rows {
		out = append(out, row[0].V.(string))
	}
	return out
}

func (e *effects) submit(t *testing.T, n int) []queue.Ref {
	many := make([]queue.Submission, n)
	for i := range many {
		many[i].Job = job.Job{Circle: circle, Caller: circle, Type: "writes", Timeout: 10 * time.Minute}
	}
	submitted, err := e.producer.SubmitMany(t.Context(), many)
	require.NoError(t, err)
	refs := make([]queue.Ref, n)
	for i, s := range submitted {
		require.NoError(t, s.Err)
		refs[i] = s.Ref
	}
	return refs
}

// result waits for a job and returns what it says to have written.
func (e *effects) result(t *testing.T, ref queue.Ref) string {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r, err := e.producer.Wait(ctx, ref)
	require.NoError(t, err)
	require.Equal(t, "finished", r.Status(), r.Fields)
	var rows abi.Rows
	require.NoError(t, json.Unmarshal([]byte(r.Fields["output"]), &rows))
	require.Len(t, rows.Rows, 1)
	return rows.Rows[0][0].V.(string)
}

// Workers are killed between the commit of their jobs and the word to the
// queue: each effect is there once, and the result is the one that was kept.
func TestKilledAfterTheCommit(t *testing.T) { eachEffects(t, killedAfterTheCommit) }

func killedAfterTheCommit(t *testing.T, e *effects) {
	var want []string
	for range (*commitKills + effectSlots - 1) / effectSlots {
		refs := e.submit(t, effectSlots)
		harmed := e.start(t, killAfterCommit)
		late := time.AfterFunc(time.Minute, func() { _ = harmed.Process.Kill() })
		state, err := harmed.Process.Wait()
		require.NoError(t, err)
		require.True(t, late.Stop(), "not all of its jobs were committed within a minute")
		require.Equal(t, syscall.SIGKILL, state.Sys().(syscall.WaitStatus).Signal(), "it was to be killed")
		for _, ref := range refs {
			r, err := e.producer.Get(t.Context(), ref)
			require.NoError(t, err)
			require.Equal(t, "started", r.Status())
		}
		next := e.start(t, unharmed)
		for _, ref := range refs {
			want = append(want, e.result(t, ref))
		}
		killChild(t, next)
	}
	require.ElementsMatch(t, want, e.sql(t, "SELECT r FROM effects"))
	t.Logf("%d jobs lost their worker after the commit, and each took effect once", len(want))
}

// A worker is stopped before its job writes, for longer than its lease, and
// goes on when a later attempt has ended: it can commit nothing.
func TestStoppedBeforeTheCommit(t *testing.T) { eachEffects(t, stoppedBeforeTheCommit) }

func stoppedBeforeTheCommit(t *testing.T, e *effects) {
	ref := e.submit(t, 1)[0]
	first := e.start(t, stopBeforeWrite)
	defer killChild(t, first)
	require.Eventually(t, func() bool { return stopped(first.Process.Pid) }, time.Minute, 5*time.Millisecond)

	second := e.start(t, unharmed)
	want := e.result(t, ref)
	killChild(t, second)
	require.NoError(t, first.Process.Signal(syscall.SIGCONT))
	// It is back when it has ended another job; the first attempt at that is
	// stopped too, and goes on at once.
	other := e.submit(t, 1)[0]
	require.Eventually(t, func() bool { return stopped(first.Process.Pid) }, time.Minute, 5*time.Millisecond)
	require.NoError(t, first.Process.Signal(syscall.SIGCONT))
	also := e.result(t, other)
	require.ElementsMatch(t, []string{want, also}, e.sql(t, "SELECT r FROM effects"))
	require.Equal(t, want, e.result(t, ref))
}

// stopped says whether a process is stopped.
func stopped(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	var id int
	var name, state string
	_, err = fmt.Sscan(string(stat), &id, &name, &state)
	return err == nil && state == "T"
}
