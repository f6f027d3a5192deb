package worker_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
	"github.com/henge-run/henge/host/worker"
)

var swaps = flag.Int("swaps", 2, "how many rounds TestModulesComeAndGoWhileJobsFlow makes; from 100 on all guests are tried as well")

// saying is a module whose jobs give its version.
func saying(t testing.TB, version int) []byte {
	binary := wattest.Compile(t, `(module
		(import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64)))
		(memory (export "memory") 1)
		(data (i32.const 0) "@@@@@@")
		(func (export "henge_run") (result i32)
			(drop (call $output (i32.const 0) (i32.const 6) (i32.const 0) (i32.const 0)))
			(i32.const 0)))`)
	return bytes.Replace(binary, []byte("@@@@@@"), fmt.Appendf(nil, "%06d", version), 1)
}

// yard is a worker that serves a folder, on a Redis of its own.
type yard struct {
	*testing.T
	dir      string
	registry *registry.Registry
	worker   *worker.Worker
	producer *queue.Producer
}

func newYard(t *testing.T, quiet time.Duration) *yard {
	ctx := context.Background()
	t.Cleanup(func() { require.NoError(t, wattest.Close()) })
	y := &yard{T: t, dir: t.TempDir()}
	rt, err := sandbox.New(ctx, sandbox.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(ctx)) })
	y.registry, err = registry.Open(ctx, rt, registry.Options{Watch: true, Quiet: quiet, Folders: []registry.Folder{registry.Dir(y.dir)}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, y.registry.Close(ctx)) })
	rdb := redistest.Client(t, redistest.Server(t, localredis.Options{}))
	q, err := queue.New(rdb, queue.Options{Circles: []string{circle}})
	require.NoError(t, err)
	log := &lockedBuffer{}
	y.worker, err = worker.New(worker.Options{Queue: q, Registry: y.registry, Slots: 8, Log: slog.New(slog.NewTextHandler(log, nil))})
	require.NoError(t, err)
	y.producer, err = queue.NewProducer(rdb, queue.Hero)
	require.NoError(t, err)
	working, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- y.worker.Run(working) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return y
}

func (y *yard) put(name string, content []byte) {
	f, err := os.Create(filepath.Join(y.dir, name))
	require.NoError(y, err)
	for part := range slices.Chunk(content, len(content)/2+1) { // as cp does, but worse
		_, err = f.Write(part)
		require.NoError(y, err)
	}
	require.NoError(y, f.Close())
}

// run runs a job and returns what it gave.
func (y *yard) run(typ string) (string, error) {
	outs, err := y.runMany(typ, 1)
	if err != nil {
		return "", err
	}
	return outs[0], nil
}

// runMany runs jobs that are handed in at once.
func (y *yard) runMany(typ string, n int) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	one := queue.Submission{Job: job.Job{Circle: circle, Caller: circle, Type: typ, Payload: []byte("x")}}
	submitted, err := y.producer.SubmitMany(ctx, slices.Repeat([]queue.Submission{one}, n))
	if err != nil {
		return nil, err
	}
	var outs []string
	for _, s := range submitted {
		if s.Err != nil {
			return nil, s.Err
		}
		r, err := y.producer.Wait(ctx, s.Ref)
		if err != nil {
			return nil, fmt.Errorf("wait for a job of %s: %w", typ, err)
		}
		if r.Fields["end"] != "success" {
			return nil, fmt.Errorf("a job of %s: %v", typ, r.Fields)
		}
		outs = append(outs, r.Fields["output"])
	}
	return outs, nil
}

// until waits for something that becomes true.
func (y *yard) until(what string, holds func() bool) {
	require.Eventually(y, holds, time.Minute, 2*time.Millisecond, what)
}

// refusal returns why what is in a file is not served.
func (y *yard) refusal(name string) string {
	for _, e := range y.registry.Entries() {
		if filepath.Base(e.File) == name && e.Reason != "" {
			return e.Reason
		}
	}
	return ""
}

// TestModulesComeAndGoWhileJobsFlow changes the folder of a worker again and
// again, well and badly, while jobs of what is in it run. None fails.
func TestModulesComeAndGoWhileJobsFlow(t *testing.T) {
	y := newYard(t, 100*time.Millisecond)
	version := 1
	y.put("steady.wasm", saying(t, version))
	_, err := y.run("steady")
	require.NoError(t, err)

	var flow sync.WaitGroup
	var ran atomic.Int64
	flowing, stop := context.WithCancel(context.Background())
	const atOnce = 100
	failed := make(chan error, 4) // one for each producer
	began := time.Now()
	for range cap(failed) {
		flow.Go(func() {
			for last := ""; flowing.Err() == nil; ran.Add(atOnce) {
				outs, err := y.runMany("steady", atOnce)
				if err == nil && slices.Min(outs) < last {
					err = fmt.Errorf("version %s ran after %s", slices.Min(outs), last)
				}
				if err != nil {
					failed <- err
					return
				}
				last = slices.Max(outs)
			}
		})
	}
	gives := func(version int) func() bool {
		return func() bool {
			now, err := y.run("steady")
			return err == nil && now == fmt.Sprintf("%06d", version)
		}
	}
	var waits []time.Duration
	for round := range *swaps {
		// Good: a new version, and a new type whose job waits for it.
		version++
		since := time.Now()
		y.put("steady.wasm", saying(t, version))
		typ := fmt.Sprintf("new%d", round)
		y.put(typ+".wasm", saying(t, version))
		out, err := y.run(typ)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("%06d", version), out)
		waits = append(waits, time.Since(since))
		y.until("the new version", gives(version))

		// Bad, and then truncated.
		y.put("steady.wasm", []byte("no module"))
		y.until("the bad file", func() bool { return strings.Contains(y.refusal("steady.wasm"), "not WebAssembly") })
		require.True(t, gives(version)())
		whole := saying(t, version+1)
		y.put("steady.wasm", whole[:len(whole)-8])
		y.until("the truncated file", func() bool { return strings.Contains(y.refusal("steady.wasm"), "at byte") })
		require.True(t, gives(version)())

		// Swapped with one that lies elsewhere.
		version++
		y.put(".next", saying(t, version))
		require.NoError(t, os.Rename(filepath.Join(y.dir, ".next"), filepath.Join(y.dir, "steady.wasm")))
		y.until("the file in its place", gives(version))
		require.Empty(t, y.refusal("steady.wasm"))

		require.NoError(t, os.Remove(filepath.Join(y.dir, typ+".wasm")))
		y.until("the end of a type", func() bool { return !slices.Contains(y.worker.Types(), typ) })
	}
	stop()
	flow.Wait()
	close(failed)
	require.NoError(t, <-failed)
	slices.Sort(waits)
	t.Logf("%d rounds, %.0f jobs a second; a new type was served after %s (median), %s at most",
		*swaps, float64(ran.Load())/time.Since(began).Seconds(), waits[len(waits)/2], waits[len(waits)-1])
}

// TestJobsOfWhatIsRemovedWait takes the only module away and brings it back.
func TestJobsOfWhatIsRemovedWait(t *testing.T) {
	y := newYard(t, 20*time.Millisecond)
	y.put("m.wasm", saying(t, 1))
	_, err := y.run("m")
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(y.dir, "m.wasm")))
	y.until("the end of the type", func() bool { return len(y.worker.Types()) == 0 })
	waiting := make(chan error, 1)
	go func() {
		_, err := y.run("m")
		waiting <- err
	}()
	y.put("n.wasm", saying(t, 1))
	_, err = y.run("n")
	require.NoError(t, err)
	require.Empty(t, waiting)
	y.put("m.wasm", saying(t, 2))
	require.NoError(t, <-waiting)
}

// TestHostileModulesInTheFolder drops the guests of the sandbox's suites into
// the folder of a worker that serves. Each is refused with a reason or its jobs
// end with one, and the worker goes on.
func TestHostileModulesInTheFolder(t *testing.T) {
	y := newYard(t, 20*time.Millisecond)
	y.put("steady.wasm", saying(t, 1))
	texts, err := filepath.Glob("../sandbox/testdata/hostile/*.wat")
	require.NoError(t, err)
	require.Greater(t, len(texts), 30)
	if *swaps >= 100 {
		more, err := filepath.Glob("../sandbox/testdata/*.wat")
		require.NoError(t, err)
		texts = append(texts, more...)
	}
	names := map[string]bool{}
	for _, text := range texts {
		name := strings.TrimSuffix(filepath.Base(text), ".wat") + ".wasm"
		names[name] = true
		y.put(name, wattest.CompileFile(t, text))
	}
	y.until("an answer to each", func() bool {
		settled := 0
		for _, e := range y.registry.Entries() {
			if names[filepath.Base(e.File)] && e.State != registry.Pending {
				require.True(t, e.State == registry.Serving || e.Reason != "", e.File)
				settled++
			}
		}
		return settled == len(names)
	})

	refs := map[string]queue.Ref{}
	for _, typ := range y.registry.Types() {
		ref, err := y.producer.Submit(t.Context(), &queue.Submission{Job: job.Job{Circle: circle, Caller: circle, Type: typ, Timeout: 500 * time.Millisecond}})
		require.NoError(t, err)
		refs[typ] = ref
	}
	ends := map[string]int{}
	for typ, ref := range refs {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		r, err := y.producer.Wait(ctx, ref)
		cancel()
		require.NoError(t, err, typ)
		require.NotEmpty(t, r.Fields["end"], typ)
		require.True(t, r.Fields["end"] == "success" || r.Fields["error"] != "", "%s: %v", typ, r.Fields)
		ends[r.Fields["end"]]++
	}
	t.Logf("%d guests, %d served, ends %v", len(names), len(refs), ends)
	require.Greater(t, len(ends), 3)
	out, err := y.run("steady")
	require.NoError(t, err)
	require.Equal(t, "000001", out)
}
