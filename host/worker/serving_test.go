package worker_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/worker"
)

// runner is the smallest module: a memory, and a henge_run that returns 0.
const runner = "\x00asm\x01\x00\x00\x00" +
	"\x01\x05\x01\x60\x00\x01\x7f" + "\x03\x02\x01\x00" + "\x05\x03\x01\x00\x01" +
	"\x07\x16\x02\x06memory\x02\x00\x09henge_run\x00\x00" + "\x0a\x06\x01\x04\x00\x41\x00\x0b"

// gated is a runtime that loads the module named slow when it is told to.
type gated struct {
	*sandbox.Runtime
	open chan struct{}
}

// Load implements registry.Loader.
func (g *gated) Load(ctx context.Context, binary []byte, manifest *abi.Manifest, limits job.Limits) (*sandbox.Module, error) {
	if manifest.Name == "slow" {
		select {
		case <-g.open:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return g.Runtime.Load(ctx, binary, manifest, limits)
}

// openFiles begins to load files, name to content.
func openFiles(t *testing.T, files map[string]string) (*registry.Registry, *gated) {
	t.Helper()
	ctx := context.Background()
	rt, err := sandbox.New(ctx, sandbox.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(ctx)) })
	folder := fstest.MapFS{}
	for name, content := range files {
		folder[name] = &fstest.MapFile{Data: []byte(content), Mode: 0o644}
	}
	loader := &gated{rt, make(chan struct{})}
	r, err := registry.Open(ctx, loader, registry.Options{Folders: []registry.Folder{{Name: "f", FS: folder}}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close(ctx)) })
	return r, loader
}

// newWorker returns a worker on a Redis of its own.
func newWorker(t *testing.T, opts worker.Options) (*worker.Worker, *queue.Producer) {
	t.Helper()
	rdb := redistest.Client(t, redistest.Server(t, localredis.Options{}))
	var err error
	opts.Queue, err = queue.New(rdb, queue.Options{Circles: []string{circle}})
	require.NoError(t, err)
	opts.Slots = 1
	w, err := worker.New(opts)
	require.NoError(t, err)
	p, err := queue.NewProducer(rdb, queue.Hero)
	require.NoError(t, err)
	return w, p
}

func TestServesMoreAsModulesGetReady(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("worker", func(t *testing.T) {
		reg, loader := openFiles(t, map[string]string{"slow.wasm": runner, "quick.wasm": runner, "bad.wasm": "text"})
		log := &lockedBuffer{}
		w, producer := newWorker(t, worker.Options{Registry: reg, Log: slog.New(slog.NewTextHandler(log, nil))})
		working, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(working) }()

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		ids := map[string]queue.Ref{}
		for _, typ := range []string{"slow", "quick"} {
			id, err := producer.Submit(ctx, &queue.Submission{Job: job.Job{Circle: circle, Caller: circle, Type: typ}})
			require.NoError(t, err)
			ids[typ] = id
		}
		r, err := producer.Wait(ctx, ids["quick"])
		require.NoError(t, err)
		require.Equal(t, "success", r.Fields["end"], r.Fields)
		require.Equal(t, []string{"quick"}, w.Types())
		r, err = producer.Get(ctx, ids["slow"])
		require.NoError(t, err)
		require.Equal(t, "dispatched", r.Fields["status"], "it was claimed before it could run")
		require.NotContains(t, log.String(), "types=[slow]")

		close(loader.open)
		r, err = producer.Wait(ctx, ids["slow"])
		require.NoError(t, err)
		require.Equal(t, "success", r.Fields["end"], r.Fields)
		require.Equal(t, []string{"quick", "slow"}, w.Types())
		stop()
		require.NoError(t, <-ended)
		require.Contains(t, log.String(), `msg="serving types" types=[quick] module=quick`)
		require.Contains(t, log.String(), `msg="serving types" types=[slow] module=slow`)
	})
	goleak.VerifyNone(t, before)
}

// A list of herojobs holds jobs of all types: one whose module is still being
// loaded waits for it, and is handed back when the worker stops before.
func TestWaitsForTheModuleOfAJob(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		t.Run(fmt.Sprintf("stopped=%t", stopped), func(t *testing.T) {
			reg, loader := openFiles(t, map[string]string{
				"slow.wasm": runner, "slow.json": `{"name": "slow", "types": ["heroscript"]}`,
				"quick.wasm": runner, "quick.json": `{"name": "quick", "types": ["rhaiscript"]}`,
			})
			rdb := redistest.Client(t, redistest.Server(t, localredis.Options{}))
			q, err := queue.New(rdb, queue.Options{Circles: []string{circle}, Dialects: []string{queue.HeroJobs}})
			require.NoError(t, err)
			w, err := worker.New(worker.Options{Queue: q, Registry: reg, Slots: 2, Grace: time.Millisecond})
			require.NoError(t, err)
			producer, err := queue.NewProducer(rdb, queue.HeroJobs)
			require.NoError(t, err)
			refs := map[string]queue.Ref{}
			for _, typ := range []string{"heroscript", "rhaiscript"} {
				refs[typ], err = producer.Submit(t.Context(), &queue.Submission{Job: job.Job{Circle: circle, Type: typ}})
				require.NoError(t, err)
			}
			working, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- w.Run(working) }()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			r, err := producer.Wait(ctx, refs["rhaiscript"])
			require.NoError(t, err)
			require.Equal(t, "success", r.Fields["end"], r.Fields)
			require.Eventually(t, func() bool {
				r, err = producer.Get(ctx, refs["heroscript"])
				return err == nil && r.Fields["status"] == "active"
			}, time.Minute, time.Millisecond)
			if !stopped {
				close(loader.open)
				r, err = producer.Wait(ctx, refs["heroscript"])
				require.NoError(t, err)
				require.Equal(t, "success", r.Fields["end"], r.Fields)
			}
			stop()
			require.NoError(t, <-ended)
			if stopped {
				r, err = producer.Get(ctx, refs["heroscript"])
				require.NoError(t, err)
				require.Equal(t, "new", r.Fields["status"], r.Fields)
			}
		})
	}
}

func TestStopsWhileNothingIsReady(t *testing.T) {
	reg, _ := openFiles(t, map[string]string{"slow.wasm": runner})
	log := &lockedBuffer{}
	w, _ := newWorker(t, worker.Options{Registry: reg, Log: slog.New(slog.NewTextHandler(log, nil))})
	working, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(working) }()
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "waiting for the first module") }, time.Minute, time.Millisecond)
	stop()
	require.NoError(t, <-ended)
}

func TestTypesThatCannotBeServed(t *testing.T) {
	// What is wrong with the second only shows when it is loaded.
	files := map[string]string{"good.wasm": runner, "bad.wasm": runner + "\xff"}
	files["bad.json"] = `{"name": "bad"}`
	for name, c := range map[string]struct {
		types  []string
		served []string
		err    string
	}{
		"all that are there":    {nil, []string{"good"}, ""},
		"one of two":            {[]string{" GOOD", "bad"}, []string{"good"}, ""},
		"only what is refused":  {[]string{"bad"}, nil, "module ls"},
		"what no module claims": {[]string{"good", "other"}, nil, `no module serves the type "other"; there are modules for bad, good`},
	} {
		t.Run(name, func(t *testing.T) {
			reg, _ := openFiles(t, files)
			log := &lockedBuffer{}
			opts := worker.Options{Registry: reg, Types: c.types, Slots: 1, Log: slog.New(slog.NewTextHandler(log, nil))}
			if _, err := worker.New(opts); err != nil {
				require.NotEmpty(t, c.err)
				require.ErrorContains(t, err, c.err)
				return
			}
			w, producer := newWorker(t, opts)
			working, stop := context.WithCancel(t.Context())
			defer stop()
			ended := make(chan error, 1)
			go func() { ended <- w.Run(working) }()
			if c.err != "" {
				require.ErrorContains(t, <-ended, c.err)
				return
			}
			require.NoError(t, reg.Wait(t.Context()))
			id, err := producer.Submit(t.Context(), &queue.Submission{Job: job.Job{Circle: circle, Caller: circle, Type: "good"}})
			require.NoError(t, err)
			_, err = producer.Wait(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, c.served, w.Types())
			stop()
			require.NoError(t, <-ended)
			said := strings.Contains(log.String(), `msg="type not served: no module for it could be loaded" type=bad`)
			require.Equal(t, len(c.types) > 0, said, log.String())
		})
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	empty, _ := openFiles(t, nil)
	_, err := worker.New(worker.Options{Registry: empty, Slots: 1})
	require.ErrorContains(t, err, "make build")
	_, err = worker.New(worker.Options{Registry: empty})
	require.ErrorContains(t, err, "at least 1 slot")
}
