package hosttest

import (
	"context"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// TB is what New needs of a *testing.T.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Test is a Host whose mistakes and problems fail a test.
type Test struct {
	*Host
	t TB
}

// New returns a Host for a test. It is closed at the end of the test, which
// fails for each problem that there is by then.
func New(t TB, opts Options) *Test {
	t.Helper()
	h, err := Open(context.Background(), opts)
	if err != nil {
		t.Fatalf("open a test host: %v", err)
	}
	t.Cleanup(func() {
		for _, problem := range h.Problems() {
			t.Errorf("%s", problem)
		}
		if err := h.Close(context.Background()); err != nil {
			t.Errorf("%v", err)
		}
	})
	return &Test{h, t}
}

// Load makes a module ready.
func (t *Test) Load(binary []byte) *sandbox.Module {
	t.t.Helper()
	m, err := t.Host.Load(context.Background(), binary, nil, job.Limits{})
	if err != nil {
		t.t.Fatalf("load the module: %v", err)
	}
	return m
}

// LoadFile makes the module of a .wasm file ready, with its manifest.
func (t *Test) LoadFile(file string) *sandbox.Module {
	t.t.Helper()
	m, err := t.Host.LoadFile(context.Background(), file, job.Limits{})
	if err != nil {
		t.t.Fatalf("load the module: %v", err)
	}
	return m
}

// Run carries out a job; see Host.Run.
func (t *Test) Run(m *sandbox.Module, j *job.Job) *job.Result {
	t.t.Helper()
	return t.Host.Run(context.Background(), m, j)
}
