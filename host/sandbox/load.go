package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/wasm"
)

// maxTable is how many entries all tables of a module may come to have. The
// host holds them, eight bytes each, outside of the module's own memory.
const maxTable = 1 << 20

// maxMemory is what 32-bit addresses reach.
const maxMemory = 4 << 30

// Load makes a module ready to run jobs: checked, compiled and started once
// on trial. limits are lowered to what the manifest asks for, and
// job.DefaultLimits fill what limits leaves open.
//
// The error of a module that cannot be run is for its author: it says what
// was found and what is expected. Load is safe for concurrent use.
func (rt *Runtime) Load(ctx context.Context, binary []byte, manifest *abi.Manifest, limits job.Limits) (*Module, error) {
	compiled, err := rt.compile(ctx, binary)
	if err != nil {
		return nil, err
	}
	return rt.ready(ctx, compiled, len(binary), manifest, limits)
}

// compile turns a module's file into code, whether or not it can run jobs.
func (rt *Runtime) compile(ctx context.Context, binary []byte) (wazero.CompiledModule, error) {
	bounded, err := wasm.BoundTables(binary, maxTable)
	if err != nil {
		return nil, err
	}
	compiled, err := rt.wazero.CompileModule(ctx, bounded)
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	return compiled, nil
}

// ready checks a compiled module and starts it on trial. It closes one that
// cannot run jobs.
func (rt *Runtime) ready(ctx context.Context, compiled wazero.CompiledModule, size int, manifest *abi.Manifest, limits job.Limits) (*Module, error) {
	m := &Module{
		Manifest: *manifest,
		Limits:   job.Limits{Memory: manifest.MemoryMax}.Within(limits.Or(job.DefaultLimits)),
		Size:     size,
		rt:       rt,
		compiled: compiled,
	}
	if err := m.verify(); err != nil {
		return nil, closeAfter(ctx, compiled, err)
	}
	if err := m.try(ctx); err != nil {
		return nil, closeAfter(ctx, compiled, err)
	}
	return m, nil
}

// verify checks what can be known without running the module.
func (m *Module) verify() error {
	imported, err := m.rt.offered.check(m.compiled)
	if err != nil {
		return err
	}
	m.Imports = imported
	if err := m.Manifest.MatchImports(imported); err != nil {
		return err
	}
	memory, ok := m.compiled.ExportedMemories()[abi.ExportMemory]
	if !ok {
		return fmt.Errorf("it exports no memory named %q", abi.ExportMemory)
	}
	if minimum := int64(memory.Min()) * wasmPage; minimum > m.Limits.Memory {
		return fmt.Errorf("its memory starts at %d bytes, which is more than its limit of %d", minimum, m.Limits.Memory)
	}
	m.MemoryMin = int64(memory.Min()) * wasmPage
	m.memoryMax = min(m.Limits.Memory, maxMemory)
	if most, declared := memory.Max(); declared {
		m.memoryMax = min(m.memoryMax, int64(most)*wasmPage)
	}
	return m.findEntry()
}

// findEntry decides how a job is started.
func (m *Module) findEntry() error {
	exports := m.compiled.ExportedFunctions()
	entry := abi.ExportRun
	want := "() -> (i32)"
	if exports[entry] == nil {
		entry, want = abi.ExportStart, "() -> ()"
	}
	if exports[entry] == nil {
		return fmt.Errorf("it exports neither %q (an engine or a runner) nor %q (a WASI command)", abi.ExportRun, abi.ExportStart)
	}
	if got := signature(exports[entry]); got != want {
		return fmt.Errorf("it exports %q as %s, and it should be %s", entry, got, want)
	}
	for _, name := range []string{abi.ExportInitialize, abi.ExportInit} {
		if def := exports[name]; def != nil && signature(def) != "() -> ()" {
			return fmt.Errorf("it exports %q as %s, and it should be () -> ()", name, signature(def))
		}
	}
	m.Entry = entry
	return nil
}

// try starts an instance and throws it away: what only shows when a module is
// started is then known before the first job.
func (m *Module) try(ctx context.Context) error {
	r := newRun(m, time.Now())
	r.session.Deadline = r.session.Start.Add(m.rt.loadTimeout)
	ctx, cancel := context.WithDeadlineCause(ctx, r.session.Deadline, errTimeUp)
	defer cancel()
	defer r.memory.close()
	inst, err := m.instantiate(ctx, r, m.configure(ctx, r))
	if err == nil {
		return inst.Close(ctx)
	}
	if errors.Is(context.Cause(ctx), errTimeUp) {
		return fmt.Errorf("start: it did not come up within %s", m.rt.loadTimeout)
	}
	end, message := r.ended(ctx, err)
	return fmt.Errorf("start: %s: %s", end, message)
}
