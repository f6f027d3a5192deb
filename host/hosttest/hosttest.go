// Package hosttest runs modules in tests: in the real sandbox with the real
// limits, in a circle that is only there for the test. Its clock and its
// randomness are fixed, each call of a host function is recorded, and calls can
// be expected, answered, made to fail, and replayed from a file.
//
// New is for tests in Go; the package casefile below does the same from text
// files. It is for tests and for henge module test: nothing that serves jobs
// may import it.
package hosttest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
)

// Circle is the circle of a job that names none.
const Circle = "acme"

// Options say how a Host is made. The zero value works.
type Options struct {
	// Capabilities are offered beside those of the contract, or in place of
	// one of these that has the same name.
	Capabilities []capability.Capability

	// Policy says which capabilities a module may use. Nil grants all.
	Policy capability.Policy

	// Start is when each job begins by its own clock; the zero value is
	// DefaultStart. Tick is how far that clock goes on with each look at it; 0
	// lets it stand still.
	Start time.Time
	Tick  time.Duration

	// Seed chooses the random bytes, which are the same in each job.
	Seed uint64

	// CacheDir keeps compiled modules between runs; see sandbox.Options. Empty
	// keeps them in memory.
	CacheDir string

	// Log gets what an operator would be told. Nil discards it.
	Log *slog.Logger
}

// Host runs one job after another and keeps what they asked of it. Its methods
// may be called by several goroutines, one of which waits for the other.
type Host struct {
	runtime *sandbox.Runtime
	opts    Options
	real    *real

	// mu is held while a job runs: the watch below it then belongs to the job.
	mu sync.Mutex
	watch
	modules []*sandbox.Module
}

// Open returns a Host, in which nothing is expected and nothing fails. Close
// it in the end.
func Open(ctx context.Context, opts Options) (*Host, error) {
	real, err := newReal(opts.start)
	if err != nil {
		return nil, err
	}
	h := &Host{opts: opts, real: real}
	h.runtime, err = sandbox.New(ctx, sandbox.Options{
		CacheDir:     opts.CacheDir,
		Capabilities: real.capabilities(opts.Capabilities),
		Policy:       opts.Policy,
		Wrap:         h.wrap,
		Fixed:        opts.fixed,
		Log:          opts.Log,
	})
	if err != nil {
		return nil, errors.Join(err, real.close())
	}
	return h, nil
}

// Runtime is what a registry loads modules with for this Host. They have to be
// closed before the Host.
func (h *Host) Runtime() *sandbox.Runtime { return h.runtime }

// Load makes a module ready and closes it with the Host. Without a manifest it
// is named "test".
func (h *Host) Load(ctx context.Context, binary []byte, manifest *abi.Manifest, limits job.Limits) (*sandbox.Module, error) {
	if manifest == nil {
		manifest = &abi.Manifest{Name: "test"}
	}
	m, err := h.runtime.Load(ctx, binary, manifest, limits)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.modules = append(h.modules, m)
	return m, nil
}

// LoadFile is Load of a .wasm file, with the manifest that it has or that lies
// beside it.
func (h *Host) LoadFile(ctx context.Context, file string, limits job.Limits) (*sandbox.Module, error) {
	dir := filepath.Dir(file)
	binary, manifest, err := registry.Folder{Name: dir, FS: os.DirFS(dir)}.Read(filepath.Base(file))
	if err == nil {
		var m *sandbox.Module
		if m, err = h.Load(ctx, binary, manifest, limits); err == nil {
			return m, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", file, err)
}

// Run carries out a job as sandbox.Module.Run does. What of j is empty is
// filled in: a job named "test" in Circle, in its first attempt. An empty
// caller stays one: that is a stranger.
func (h *Host) Run(ctx context.Context, m *sandbox.Module, j *job.Job) *job.Result {
	filled := *j
	if filled.ID == "" {
		filled.ID = "test"
	}
	if filled.Circle == "" {
		filled.Circle = Circle
	}
	if filled.Type == "" {
		filled.Type = m.Manifest.Name
	}
	if filled.Dialect == "" {
		filled.Dialect = "local"
	}
	filled.Attempt = max(filled.Attempt, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.begin()
	return m.Run(ctx, &filled)
}

// Calls returns the calls that were made so far, of the functions named or of
// all: "redis.do". They are not to be changed.
func (h *Host) Calls(functions ...string) []Call {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(functions) == 0 {
		return slices.Clone(h.calls)
	}
	return slices.DeleteFunc(slices.Clone(h.calls), func(c Call) bool { return !slices.Contains(functions, c.Function) })
}

// Problems returns what went otherwise than was expected, in words for the
// test's author, and what was expected and did not come.
func (h *Host) Problems() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.watch.complaints()
}

// Reset forgets calls, expectations, faults and problems. What jobs have left
// stays; see Empty.
func (h *Host) Reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watch = watch{}
}

// Close frees the modules and what the Host had. No job may be running.
func (h *Host) Close(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var failed error
	for _, m := range h.modules {
		failed = errors.Join(failed, m.Close(ctx))
	}
	h.modules = nil
	if err := errors.Join(failed, h.runtime.Close(ctx), h.real.close()); err != nil {
		return fmt.Errorf("close the test host: %w", err)
	}
	return nil
}
