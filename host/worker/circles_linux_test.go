package worker_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/sql"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
	"github.com/henge-run/henge/host/store/circle/sqlite"
	"github.com/henge-run/henge/host/worker"
)

var manyCircles = flag.Int("circles", 1000, "how many circles TestManyCircles has, each with a database")

// writesRow is a module that writes a row to a table of its circle.
func writesRow() string {
	const request = `[{"sql":"CREATE TABLE IF NOT EXISTS t (a)"},{"sql":"INSERT INTO t VALUES (1)"}]`
	return fmt.Sprintf(`(module
		(import "henge_sql_v1" "exec" (func $exec (param i32 i32 i32 i32) (result i64)))
		(import "henge_job_v1" "take" (func $take (param i32 i32 i32 i32) (result i64)))
		(import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64)))
		(memory (export "memory") 1)
		(data (i32.const 0) %q)
		(func (export "henge_run") (result i32)
			(if (i64.ge_s (call $exec (i32.const 0) (i32.const %d) (i32.const 1024) (i32.const 1024)) (i64.const 0)) (then (return (i32.const 0))))
			(drop (call $output (i32.const 1024) (i32.wrap_i64 (call $take (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 1024))) (i32.const 0) (i32.const 0)))
			(i32.const 1)))`, request, len(request))
}

// holding is what this process holds of the machine, in bytes, and how many
// files of a folder it has open.
type holding struct {
	resident, heap int64
	files          int
}

func (h holding) String() string {
	return fmt.Sprintf("resident %.1f MiB, heap %.1f MiB, %d files of databases", float64(h.resident)/(1<<20), float64(h.heap)/(1<<20), h.files)
}

// nowHolding gives back first what Go keeps for later.
func nowHolding(t *testing.T, dir string) (h holding) {
	t.Helper()
	runtime.GC() // what a sync.Pool keeps goes with the second one
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h.heap = int64(m.HeapAlloc)
	statm, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	var pages int64
	_, err = fmt.Sscan(string(statm), &pages, &h.resident)
	require.NoError(t, err)
	h.resident *= int64(os.Getpagesize())
	h.files = openIn(t, dir)
	return h
}

func openIn(t *testing.T, dir string) (n int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(to, dir) {
			n++
		}
	}
	return n
}

// A worker that serves a thousand circles, each with a database, holds hardly
// more than one that serves ten: files and memory are those of the databases that
// are open, of which there are so many at most, and none when nothing runs.
// go test ./host/worker -v -run TestManyCircles shows the figures.
func TestManyCircles(t *testing.T) {
	const few, mostOpen = 10, 16
	const mostPerCircle = 16 << 10 // of memory that stays; less than 1 KiB does
	dir := t.TempDir()
	s, err := sqlite.Open(dir, sqlite.Options{MaxOpen: mostOpen, Idle: time.Second})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	rt, err := sandbox.New(t.Context(), sandbox.Options{Capabilities: []capability.Capability{sql.New(s)}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
	mods, err := registry.Open(t.Context(), rt, registry.Options{Folders: []registry.Folder{{Name: "test", FS: fstest.MapFS{"writes.wasm": {Data: wattest.Compile(t, writesRow())}}}}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, mods.Close(context.Background())) })
	rdb := redistest.Real(t)
	q, err := queue.New(rdb, queue.Options{AllCircles: true, Dialects: []string{queue.Henge}})
	require.NoError(t, err)
	w, err := worker.New(worker.Options{Queue: q, Registry: mods, Slots: 8, Results: s})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- w.Run(ctx) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-stopped) })
	producer, err := queue.NewProducer(rdb, queue.Henge)
	require.NoError(t, err)

	// serve has a job in each of so many circles, and returns what the worker
	// holds right behind them, and when its databases are closed.
	serve := func(circles int) (busy, idle holding) {
		many := make([]queue.Submission, circles)
		for i := range many {
			name := fmt.Sprint("circle-", i)
			many[i].Job = job.Job{Circle: name, Caller: name, Type: "writes", Timeout: time.Minute}
		}
		submitted, err := producer.SubmitMany(t.Context(), many)
		require.NoError(t, err)
		highest := 0
		for i, one := range submitted {
			require.NoError(t, one.Err)
			r, err := producer.Wait(t.Context(), one.Ref)
			require.NoError(t, err)
			require.Equal(t, "succeeded", r.Status(), r.Fields)
			if i%20 == 0 {
				highest = max(highest, openIn(t, dir))
			}
		}
		busy = nowHolding(t, dir)
		busy.files = max(busy.files, highest)
		require.Eventually(t, func() bool { return openIn(t, dir) == 0 }, time.Minute, 10*time.Millisecond, "idle ones are closed")
		return busy, nowHolding(t, dir)
	}
	serve(few) // what is made once
	fewBusy, fewIdle := serve(few)
	manyBusy, manyIdle := serve(*manyCircles)
	t.Logf("%d circles: busy %s; idle %s", few, fewBusy, fewIdle)
	t.Logf("%d circles: busy %s; idle %s", *manyCircles, manyBusy, manyIdle)
	more := int64(*manyCircles - few)
	resident, heap := (manyIdle.resident-fewIdle.resident)/more, (manyIdle.heap-fewIdle.heap)/more
	t.Logf("each circle more: resident %d bytes, heap %d bytes", resident, heap)
	made, err := s.List(t.Context())
	require.NoError(t, err)
	require.Len(t, made, *manyCircles)
	// Three files for each that is open, those of look-ups among them.
	require.LessOrEqual(t, manyBusy.files, 3*(mostOpen+8))
	require.Less(t, resident, int64(mostPerCircle))
	require.Less(t, heap, int64(mostPerCircle))
	require.Less(t, manyBusy.resident-fewBusy.resident, int64(mostOpen+8)*4<<20, "twice what may be open")
}
