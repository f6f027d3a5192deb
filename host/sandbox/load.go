package sandbox

import (
	"context"
	"fmt"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox/arguments"
	"github.com/henge-run/henge/host/sandbox/linear"
	"github.com/henge-run/henge/host/wasm"
)

const (
	// maxTable is how many entries all tables of a module may come to have.
	// The host holds them, eight bytes each, outside of the module's memory.
	maxTable = 1 << 20

	// maxMemory is what 32-bit addresses reach.
	maxMemory = 4 << 30
)

// Load makes a module ready to run jobs: verified, metered, compiled,
// initialised and, where that can be done, frozen. limits are lowered to what
// the manifest asks for, and job.DefaultLimits fill what limits leaves open.
//
// The error of a module that cannot be run is for its author: it says what
// was found and what is expected. Load is safe for concurrent use.
func (rt *Runtime) Load(ctx context.Context, binary []byte, manifest *abi.Manifest, limits job.Limits) (*Module, error) {
	decoded, err := wasm.Decode(binary)
	if err != nil {
		return nil, err
	}
	m := &Module{
		Manifest: *manifest,
		Limits:   job.Limits{Memory: manifest.MemoryMax}.Within(limits.Or(job.DefaultLimits)),
		Size:     len(binary),
		rt:       rt,
	}
	m.pool.module = m
	if err := m.verify(decoded); err != nil {
		return nil, err
	}
	if len(manifest.Arguments) > 0 {
		if m.arguments, err = arguments.Compile(manifest.Arguments); err != nil {
			return nil, fmt.Errorf("arguments in its manifest: %w", err)
		}
	}
	if err := m.rewrite(decoded); err != nil {
		return nil, err
	}
	if m.compiled, err = rt.compile(ctx, m.encode(decoded)); err != nil {
		return nil, err
	}
	if err := m.start(ctx); err != nil {
		return nil, closeAfter(ctx, m.compiled, err)
	}
	return m, nil
}

// rewrite makes the module one that can be stopped, bounded and put back.
func (m *Module) rewrite(decoded *wasm.Module) error {
	if err := decoded.BoundTables(maxTable); err != nil {
		return err
	}
	decoded.ExportStart()
	// Its own maximum is kept by the memory that it is given: what the runtime
	// refuses by itself, nobody hears of.
	for i := range decoded.Memories {
		decoded.Memories[i].HasMax = false
	}
	switch {
	case m.Manifest.Fresh == abi.FreshInstance:
		m.NotReset = "its manifest asks for a new instance for each job"
	case m.rt.baseline == NewInstance:
		m.NotReset = "a benchmark asked for it"
	default:
		m.state, m.NotReset = decoded.Freeze()
	}
	return nil
}

// encode returns the rewritten module's binary. Metering comes last: it is
// what the cache can spare.
func (m *Module) encode(decoded *wasm.Module) []byte {
	if m.metered = m.rt.meters(); m.metered {
		return m.rt.cache.metered(decoded)
	}
	return decoded.Encode()
}

// verify checks what can be known without running the module.
func (m *Module) verify(decoded *wasm.Module) error {
	imported, err := m.rt.offered.check(decoded)
	if err != nil {
		return err
	}
	m.Imports = imported
	if err := decoded.CheckElements(); err != nil {
		return err
	}
	if err := m.Manifest.MatchImports(imported); err != nil {
		return err
	}
	memory, ok := exportedMemory(decoded)
	if !ok {
		return fmt.Errorf("it exports no memory named %q", abi.ExportMemory)
	}
	m.MemoryMin = int64(memory.Min) * linear.WasmPage
	if m.MemoryMin > m.Limits.Memory {
		return fmt.Errorf("its memory starts at %d bytes, which is more than its limit of %d", m.MemoryMin, m.Limits.Memory)
	}
	m.memoryMax = min(m.Limits.Memory, maxMemory)
	if memory.HasMax {
		m.memoryMax = min(m.memoryMax, int64(memory.Max)*linear.WasmPage)
	}
	return m.findEntry(decoded)
}

// exportedMemory returns the memory that is exported under its name.
func exportedMemory(decoded *wasm.Module) (wasm.Limits, bool) {
	for _, e := range decoded.Exports {
		if e.Name == abi.ExportMemory && e.Kind == wasm.KindMemory && len(decoded.Memories) > 0 {
			return decoded.Memories[0], true
		}
	}
	return wasm.Limits{}, false
}

// findEntry decides how a job is started.
func (m *Module) findEntry(decoded *wasm.Module) error {
	exports := map[string]string{}
	for _, e := range decoded.Exports {
		if e.Kind == wasm.KindFunction {
			exports[e.Name] = decoded.FunctionType(e.Index).String()
		}
	}
	entry, want := abi.ExportRun, "() -> (i32)"
	if exports[entry] == "" {
		entry, want = abi.ExportStart, "() -> ()"
	}
	if exports[entry] == "" {
		return fmt.Errorf("it exports neither %q (an engine or a runner) nor %q (a WASI command)", abi.ExportRun, abi.ExportStart)
	}
	if got := exports[entry]; got != want {
		return fmt.Errorf("it exports %q as %s, and it should be %s", entry, got, want)
	}
	for _, name := range []string{abi.ExportInitialize, abi.ExportInit} {
		if got := exports[name]; got != "" && got != "() -> ()" {
			return fmt.Errorf("it exports %q as %s, and it should be () -> ()", name, got)
		}
	}
	m.Entry = entry
	return nil
}
