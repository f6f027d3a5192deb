// Package sandbox makes a WebAssembly module ready to run jobs and runs each
// one in an instance that nobody has used before it. It is the one place that
// knows the runtime, wazero; it knows no queue and no circle's data.
//
// A Runtime offers capabilities, Load turns bytes into a Module, and
// Module.Run carries out one attempt at a job.
package sandbox

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/clock"
	capjob "github.com/henge-run/henge/host/capability/job"
	caplog "github.com/henge-run/henge/host/capability/log"
)

// Options say how a Runtime is made. The zero value works.
type Options struct {
	// CacheDir keeps compiled code between processes. Compiled code is run as
	// it is, so nobody else may write there. Empty keeps it in memory only.
	CacheDir string

	// Capabilities are offered beside job, log, clock and WASI, which every
	// runtime has.
	Capabilities []capability.Capability

	// LoadTimeout bounds the trial start of a module, so that one whose start
	// never ends is refused and does not hold up the worker. 0 means 10 s.
	LoadTimeout time.Duration

	// Log gets what an operator should know. Nil discards it.
	Log *slog.Logger
}

// Runtime compiles and instantiates modules. It is safe for concurrent use.
type Runtime struct {
	wazero  wazero.Runtime
	cache   wazero.CompilationCache
	offered offer
	log     *slog.Logger

	loadTimeout time.Duration
}

const defaultLoadTimeout = 10 * time.Second

// New returns a Runtime. Close it when its modules are no longer needed.
func New(ctx context.Context, opts Options) (*Runtime, error) {
	rt := &Runtime{log: opts.Log, offered: offer{}, loadTimeout: opts.LoadTimeout}
	if rt.log == nil {
		rt.log = slog.New(slog.DiscardHandler)
	}
	if rt.loadTimeout <= 0 {
		rt.loadTimeout = defaultLoadTimeout
	}
	var err error
	if rt.cache, err = newCache(opts.CacheDir); err != nil {
		return nil, err
	}
	rt.wazero = wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().
		WithCompilationCache(rt.cache).
		WithCoreFeatures(api.CoreFeaturesV2).
		WithCloseOnContextDone(true))
	caps := append([]capability.Capability{capjob.New(), caplog.New(), clock.New()}, opts.Capabilities...)
	if err := rt.offer(ctx, caps); err != nil {
		return nil, fmt.Errorf("offer capabilities: %w", closeAfter(ctx, rt, err))
	}
	return rt, nil
}

// Close ends the runtime and all its modules. No job may be running.
func (rt *Runtime) Close(ctx context.Context) error {
	err := rt.wazero.Close(ctx)
	if cacheErr := rt.cache.Close(ctx); err == nil {
		err = cacheErr
	}
	return err
}

func newCache(dir string) (wazero.CompilationCache, error) {
	if dir == "" {
		return wazero.NewCompilationCache(), nil
	}
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open the cache of compiled modules: %w", err)
	}
	return cache, nil
}

// offer instantiates what guests may import.
func (rt *Runtime) offer(ctx context.Context, caps []capability.Capability) error {
	for _, c := range caps {
		if _, twice := rt.offered[c.Name]; twice {
			return fmt.Errorf("capability %s is offered twice", c.Name)
		}
		b := rt.wazero.NewHostModuleBuilder(c.Name)
		for _, f := range hostFunctions(c) {
			b.NewFunctionBuilder().WithGoModuleFunction(f.body, hostParams, hostResults).Export(f.name)
			rt.offered.add(c.Name, f.name, hostSignature)
		}
		if _, err := b.Instantiate(ctx); err != nil {
			return err
		}
	}
	wasi, err := wasi_snapshot_preview1.NewBuilder(rt.wazero).Compile(ctx)
	if err != nil {
		return err
	}
	for name, def := range wasi.ExportedFunctions() {
		rt.offered.add(abi.WASI, name, signature(def))
	}
	_, err = rt.wazero.InstantiateModule(ctx, wasi, wazero.NewModuleConfig())
	return err
}

// closeAfter closes c because of err, which is the one worth reporting.
func closeAfter(ctx context.Context, c interface{ Close(context.Context) error }, err error) error {
	_ = c.Close(ctx)
	return err
}
