package spectest

import (
	"context"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/henge-run/henge/host/wasm"
)

// rewriting is what is done to a module between its file and the runtime.
type rewriting struct {
	name string

	// rewrite refuses a module, or returns what runs in its place.
	rewrite func(binary []byte) (rewritten, error)

	// offer instantiates what rewritten modules import. Nil means nothing.
	offer func(context.Context, wazero.Runtime) error

	// exhausted is the error of calls that nest too deeply; empty for that of
	// the runtime.
	exhausted string

	// deviates lists what is known not to go as the scripts say.
	deviates []deviation

	// mends are the runtime's objections that it removes, for the same
	// reasons.
	mends []string
}

// rewritten is a module to run, with what the host does for its instances.
type rewritten struct {
	binary []byte

	// ready completes an instance; its error is that of an instantiation that
	// fails. Nil where the runtime has done all.
	ready func(context.Context, api.Module) error

	// restore gives a fresh instance the state of another, which it replaces
	// from one call to the next. Nil means that an instance stays.
	restore func(from, to api.Module) error

	// before is called with the instance before each call from outside, into
	// whichever instance that goes. Nil means that there is nothing to do.
	before func(api.Module)
}

// unchanged runs modules as they are. What fails here is the runtime's doing
// or ours, and not that of a rewriting.
func unchanged() rewriting {
	return rewriting{
		name:     "unchanged",
		deviates: ofRuntime(),
		rewrite:  func(binary []byte) (rewritten, error) { return rewritten{binary: binary}, nil },
	}
}

// encoded runs what henge's own reader has understood of a module.
func encoded() rewriting {
	return rewriting{name: "encoded", rewrite: func(binary []byte) (rewritten, error) {
		m, err := wasm.Decode(binary)
		if err != nil {
			return rewritten{}, err
		}
		return rewritten{binary: m.Encode()}, nil
	}}
}

// bounded runs modules whose tables cannot grow far, which they can see.
func bounded() rewriting {
	return rewriting{name: "bounded", rewrite: func(binary []byte) (rewritten, error) {
		m, err := decodeBounded(binary)
		if err != nil {
			return rewritten{}, err
		}
		return rewritten{binary: m.Encode()}, nil
	}}
}

func decodeBounded(binary []byte) (*wasm.Module, error) {
	m, err := wasm.Decode(binary)
	if err != nil {
		return nil, err
	}
	const maxTable = 1 << 20
	return m, m.BoundTables(maxTable)
}
