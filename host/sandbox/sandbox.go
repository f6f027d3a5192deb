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
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/clock"
	capjob "github.com/henge-run/henge/host/capability/job"
	caplog "github.com/henge-run/henge/host/capability/log"
	"github.com/henge-run/henge/host/sandbox/linear"
)

// Options say how a Runtime is made. The zero value works.
type Options struct {
	// CacheDir keeps compiled code and metered modules between processes. They
	// are run as they are, so nobody else may write there; a file that was
	// damaged by accident is removed. Empty keeps code in memory only.
	CacheDir string

	// Capabilities are offered beside job, log, clock and WASI, which every
	// runtime has. Those of the contract that are not among them are offered
	// all the same, and answer Unsupported.
	// At most 55 that are not of the contract.
	Capabilities []capability.Capability

	// Policy says which of these a module may use in a circle. Nil grants all.
	Policy capability.Policy

	// LoadTimeout bounds the trial start of a module, so that one whose start
	// never ends is refused and does not hold up the worker. 0 means 10 s.
	LoadTimeout time.Duration

	// Way is how instances are put back after a job. The zero value takes the
	// cheapest that this machine's kernel offers, found by trying.
	Way linear.Way

	// VerifyReset compares the whole state of an instance with the snapshot
	// after each job, and throws away one that differs. It costs milliseconds.
	VerifyReset bool

	// Baseline is for benchmarks alone; see there.
	Baseline Baseline

	// Log gets what an operator should know. Nil discards it.
	Log *slog.Logger
}

// Runtime compiles and instantiates modules. It is safe for concurrent use.
type Runtime struct {
	wazero  wazero.Runtime
	cache   *codeCache
	offered offer
	policy  capability.Policy
	log     *slog.Logger

	loadTimeout time.Duration
	system      *linear.System
	way         linear.Way
	verifyReset bool
	baseline    Baseline
	slice       int64
}

const defaultLoadTimeout = 10 * time.Second

// ownCapabilities is how many capabilities every runtime has, mostCapabilities
// how many there can be: a run keeps a bit for each.
const ownCapabilities, mostCapabilities = 3, 64

// New returns a Runtime. Close it when its modules are no longer needed.
func New(ctx context.Context, opts Options) (*Runtime, error) {
	rt := &Runtime{
		log: opts.Log, offered: offer{}, policy: opts.Policy, loadTimeout: opts.LoadTimeout,
		system: linear.Probe(), way: opts.Way, verifyReset: opts.VerifyReset, baseline: opts.Baseline, slice: defaultSlice,
	}
	if rt.log == nil {
		rt.log = slog.New(slog.DiscardHandler)
	}
	if rt.loadTimeout <= 0 {
		rt.loadTimeout = defaultLoadTimeout
	}
	if err := rt.system.Check(opts.Way); err != nil {
		return nil, fmt.Errorf("instances cannot be reset by %s here: %w", opts.Way, err)
	}
	var err error
	if rt.cache, err = openCache(opts.CacheDir, rt.log); err != nil {
		return nil, err
	}
	rt.wazero = wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().
		WithCompilationCache(rt.cache.CompilationCache).
		WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesExtendedConst).
		WithCloseOnContextDone(rt.closesOnContext()))
	caps := append([]capability.Capability{capjob.New(), caplog.New(), clock.New()}, opts.Capabilities...)
	caps = append(caps, unserved(caps)...)
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

// offer instantiates what guests may import.
func (rt *Runtime) offer(ctx context.Context, caps []capability.Capability) error {
	if len(caps) > mostCapabilities {
		return fmt.Errorf("%d capabilities are too many: at most %d can be offered", len(caps), mostCapabilities)
	}
	for number, c := range caps {
		if _, twice := rt.offered[c.Name]; twice {
			return fmt.Errorf("capability %s is offered twice", c.Name)
		}
		b := rt.wazero.NewHostModuleBuilder(c.Name)
		for _, f := range hostFunctions(c, number) {
			b.NewFunctionBuilder().WithGoModuleFunction(f.body, hostParams, hostResults).Export(f.name)
			rt.offered.add(c.Name, f.name, hostSignature)
		}
		if _, err := b.Instantiate(ctx); err != nil {
			return err
		}
	}
	if err := rt.offerMeter(ctx); err != nil {
		return err
	}
	b := rt.wazero.NewHostModuleBuilder(abi.WASI)
	wasi_snapshot_preview1.NewFunctionExporter().ExportFunctions(b)
	overrideWASI(b)
	wasi, err := b.Compile(ctx)
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
