package sandbox

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/tetratelabs/wazero"
	"golang.org/x/sys/cpu"

	"github.com/henge-run/henge/host/sandbox/linear"
)

// Diagnosis is what a Runtime would find on this machine.
type Diagnosis struct {
	// Interpreted says why modules are interpreted; nil where they are turned
	// into machine code, which is tens of times faster.
	Interpreted error

	// Ways are all ways of putting instances back, the cheapest first.
	Ways []WayReport
}

// WayReport is one way of putting instances back.
type WayReport struct {
	Way linear.Way

	// Missing says why it does not work here; nil where it does.
	Missing error

	// InUse marks the way that a Runtime takes by itself.
	InUse bool

	// Cost is what it was seen to take to run nothing in an instance, write to
	// eight pages of its 4 MiB, and put it back: the middle of many times.
	// Zero where it does not work.
	Cost time.Duration
}

// Diagnose looks at the machine, and tries what it can do, in some tens of
// milliseconds. It is safe for concurrent use.
func Diagnose(ctx context.Context) (*Diagnosis, error) {
	d := &Diagnosis{Interpreted: compiles(ctx)}
	system := linear.Probe()
	for _, way := range linear.Ways() {
		report := WayReport{Way: way, Missing: system.Check(way), InUse: way == system.Best()}
		if report.Missing == nil {
			var err error
			if report.Cost, err = measure(system, way); err != nil {
				return nil, fmt.Errorf("reset memory by %s: %w", way, err)
			}
		}
		d.Ways = append(d.Ways, report)
	}
	return d, nil
}

// oneFunction is a module with a function that does nothing.
const oneFunction = "\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0a\x04\x01\x02\x00\x0b"

// compiles returns nil where the runtime's compiler works. It is tried, since
// a system can also refuse memory for code; the runtime then interprets
// without a word.
func compiles(ctx context.Context) (err error) {
	if runtime.GOARCH == "amd64" && !cpu.X86.HasSSE41 {
		return errors.New("the processor has no SSE4.1")
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("no code can be made for %s/%s: %v", runtime.GOOS, runtime.GOARCH, r)
		}
	}()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler())
	defer rt.Close(ctx)
	_, err = rt.CompileModule(ctx, []byte(oneFunction))
	return err
}

// measure returns what it costs to put a memory back.
func measure(system *linear.System, way linear.Way) (cost time.Duration, err error) {
	const (
		page     = 4096
		size     = 64 * linear.WasmPage
		mostTime = 5 * time.Millisecond
		rounds   = 200
	)
	snapshot := make([]byte, size)
	for i := range size / 4 {
		snapshot[i] = byte(i) // the rest stays zero, as an engine's heap does
	}
	image, err := system.NewImage(way, snapshot, size)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, image.Close()) }()
	memory, err := image.NewMemory()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, memory.Close()) }()
	bytes := memory.Reallocate(size)
	var times []time.Duration
	for begun := time.Now(); len(times) < rounds && time.Since(begun) < mostTime || len(times) < 3; {
		start := time.Now()
		memory.Begin()
		for _, at := range []int{0, 1, 2, 100, 101, 400, 401, 800} {
			bytes[at*page]++
		}
		memory.End()
		if err := memory.Reset(); err != nil {
			return 0, err
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

// Way is how this runtime's instances are put back; never linear.Auto.
func (rt *Runtime) Way() linear.Way {
	if rt.way == linear.Auto {
		return rt.system.Best()
	}
	return rt.way
}

// SnapshotSize is the memory with which each job starts, in bytes; 0 where
// instances are not put back.
func (m *Module) SnapshotSize() int64 {
	if m.snapshot == nil {
		return 0
	}
	return m.snapshot.image.Size()
}
