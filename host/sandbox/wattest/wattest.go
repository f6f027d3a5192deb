// Package wattest assembles WebAssembly text in tests, so that a guest that
// shows one thing is a few readable lines. The assembler is a module of its
// own, run in a sandbox: tests need no tool beside Go once it is built.
//
// It is for tests only, and no other code may import it.
package wattest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// Compile returns the binary of a module written as text, and fails the test
// with the assembler's own message where it does not assemble. The same text
// is assembled once per process. It is safe for concurrent use; the result is
// shared and must not be changed.
func Compile(t testing.TB, text string) []byte {
	t.Helper()
	b, err := shared.compile(text)
	if err != nil {
		t.Fatalf("assemble: %v", err)
	}
	return b
}

// CompileFile is Compile of a file, by convention one in testdata.
func CompileFile(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := shared.compile(string(text))
	if err != nil {
		t.Fatalf("assemble %s: %v", path, err)
	}
	return b
}

// Close frees the assembler. TestMain calls it when all tests are done; a
// later Compile starts another.
func Close() error { return shared.close() }

// shared is one assembler for all tests of a process: loading it takes longer
// than most of them.
var shared assembler

type assembler struct {
	mu      sync.Mutex
	runtime *sandbox.Runtime
	module  *sandbox.Module
	done    map[string][]byte
}

func (a *assembler) compile(text string) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if b, ok := a.done[text]; ok {
		return b, nil
	}
	if err := a.start(); err != nil {
		return nil, err
	}
	r := a.module.Run(context.Background(), &job.Job{ID: "wat", Circle: "test", Type: "wat", Payload: []byte(text), Attempt: 1})
	if r.End != job.Success {
		return nil, errors.New(r.Error)
	}
	if a.done == nil {
		a.done = map[string][]byte{}
	}
	a.done[text] = r.Output
	return r.Output, nil
}

func (a *assembler) start() error {
	if a.module != nil {
		return nil
	}
	binary, err := find("bin/wat.wasm")
	if err != nil {
		return err
	}
	ctx := context.Background()
	rt, err := sandbox.New(ctx, sandbox.Options{})
	if err != nil {
		return err
	}
	module, err := rt.Load(ctx, binary, &abi.Manifest{Name: "wat"}, job.Limits{})
	if err != nil {
		_ = rt.Close(ctx)
		return err
	}
	a.runtime, a.module = rt, module
	return nil
}

func (a *assembler) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.runtime == nil {
		return nil
	}
	err := a.runtime.Close(context.Background())
	a.runtime, a.module = nil, nil
	return err
}

// find reads a file of the repository, whose top is the nearest folder above
// with a go.mod: a test runs in its package's folder.
func find(path string) ([]byte, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			return nil, errors.New("there is no go.mod above the test")
		}
		dir = up
	}
	b, err := os.ReadFile(filepath.Join(dir, path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s; run: make modules", path)
	}
	return b, err
}
