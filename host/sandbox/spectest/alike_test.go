package spectest

import (
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero/api"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/wasm"
)

// TestMutantsRunAlike damages the specification's modules a little and calls
// all functions of those that are still valid: as they are, and with all that
// is done to a guest. So the code that is compared is not only what somebody
// has thought of.
func TestMutantsRunAlike(t *testing.T) {
	ctx := t.Context()
	dir := filepath.Join(specFolder(t), "v2", "testdata")
	paths, err := filepath.Glob(filepath.Join(dir, "*.wasm"))
	require.NoError(t, err)
	seed := maphash.MakeSeed()

	rapid.Check(t, func(t *rapid.T) {
		binary := mutant(t, paths)
		module, err := wasm.Decode(binary)
		if err != nil || len(module.Memories) > 0 && module.Memories[0].Min > 100 {
			t.Skip("invalid, or all about its size")
		}
		words := rapid.SliceOfN(rapid.Uint64(), 32, 32).Draw(t, "arguments")
		run := func(rw rewriting) []string {
			r, err := newRunner(ctx, &script{dir: dir}, rw, api.CoreFeaturesV2)
			require.NoError(t, err)
			defer func() { require.NoError(t, r.runtime.Close(context.WithoutCancel(ctx))) }()
			return r.behaviour(ctx, binary, words, seed)
		}
		// The metered one goes first: it is the one that ends.
		f := freezer{meter: meter{most: 20_000}}
		got := run(f.restored())
		if len(got) == 0 {
			t.Skip("it is refused, or shows nothing")
		}
		for _, outcome := range got {
			if endedByHost(outcome) != "" {
				t.Skip("it does not end by itself")
			}
		}
		require.Equal(t, run(bounded()), got, "%x", binary)
	})
}

// behaviour instantiates a module, calls its functions in the order of their
// names, and says all that can be seen of it.
func (r *runner) behaviour(ctx context.Context, binary []byte, words []uint64, seed maphash.Seed) []string {
	compiled, rewritten, err := r.compile(ctx, binary)
	if err != nil {
		return nil // whether it is valid is not the question here
	}
	instance, err := r.instantiate(ctx, compiled, rewritten)
	if err != nil {
		return []string{"no instance" + endedByHost(err.Error())}
	}
	var out []string
	functions := compiled.ExportedFunctions()
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		if strings.HasPrefix(name, wasm.ReservedExport) {
			continue
		}
		if instance, err = r.renew(ctx, instance); err != nil {
			return []string{"not renewed: " + err.Error()}
		}
		r.surface()
		params := arguments(functions[name].ParamTypes(), words)
		results, err := instance.ExportedFunction(name).Call(ctx, params...)
		hide(functions[name].ResultTypes(), results)
		out = append(out, fmt.Sprintf("%q gives %x, %s", name, results, trapIn(instance, err)))
	}
	if len(compiled.ExportedMemories()) > 0 {
		memory := instance.Memory()
		bytes, _ := memory.Read(0, memory.Size())
		out = append(out, fmt.Sprintf("memory of %d bytes, %x", memory.Size(), maphash.Bytes(seed, bytes)))
	}
	return out
}

// arguments takes values from words, as wide as their types are. References
// are null: the runtime would follow any other.
func arguments(types []api.ValueType, words []uint64) []uint64 {
	var out []uint64
	for i, t := range types {
		word := words[i%len(words)]
		switch t := wasm.ValueType(t); {
		case t.IsRef():
			out = append(out, 0)
		case t == wasm.I32 || t == wasm.F32:
			out = append(out, uint64(uint32(word)))
		case t == wasm.V128:
			out = append(out, word, ^word)
		default:
			out = append(out, word)
		}
	}
	return out
}

// hide leaves of a reference whether it is null: what else it is differs from
// instance to instance.
func hide(types []api.ValueType, results []uint64) {
	at := 0
	for _, t := range types {
		if at < len(results) && wasm.ValueType(t).IsRef() {
			results[at] = min(results[at], 1)
		}
		at++
		if wasm.ValueType(t) == wasm.V128 {
			at++
		}
	}
}

// trapIn gives the runtime's name for a trap, without the stack.
func trapIn(guest api.Module, err error) string {
	if err == nil {
		return "no trap"
	}
	if nestedTooDeep(guest) {
		return errTooDeep.Error()
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}

// endedByHost gives the reason for which the host ended a guest, if it did.
func endedByHost(outcome string) string {
	for _, end := range []error{errSpent, errTooDeep} {
		if strings.Contains(outcome, end.Error()) {
			return ": " + end.Error()
		}
	}
	return ""
}
