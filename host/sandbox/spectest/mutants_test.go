package spectest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/wasm"
)

// TestMutantsAreJudgedAlike damages the specification's modules. What the
// runtime refuses must not become acceptable by being rewritten, nor the other
// way round, and what henge's own reader lets through must not bring down the
// runtime.
func TestMutantsAreJudgedAlike(t *testing.T) {
	ctx := t.Context()
	paths, err := filepath.Glob(filepath.Join(specFolder(t), "v2", "testdata", "*.wasm"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	runtime := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCoreFeatures(api.CoreFeaturesV2))
	t.Cleanup(func() { require.NoError(t, runtime.Close(context.WithoutCancel(ctx))) })
	var m meter
	var f freezer
	all := []rewriting{encoded(), m.metered(), f.restored()}

	rapid.Check(t, func(t *rapid.T) {
		binary := mutant(t, paths)
		if _, err := wasm.Decode(binary); err != nil {
			t.Skip("the runtime may not even see it: false lengths make it reserve gigabytes")
		}
		direct := compile(ctx, runtime, binary)
		if says(direct, []string{"custom"}) {
			t.Skip("the runtime also refuses custom sections that are right, or are to be ignored")
		}
		for _, rw := range all {
			out, err := rw.rewrite(binary)
			if err != nil {
				continue
			}
			err = compile(ctx, runtime, out.binary)
			if _, panics := errors.AsType[*panicked](err); panics {
				t.Fatalf("%s: %v\n%x", rw.name, err, binary)
			}
			if err == nil && direct != nil && !says(direct, rw.mends) {
				t.Fatalf("%s makes a module acceptable which is not: %v\n%x", rw.name, direct, binary)
			}
			if err != nil && direct == nil {
				t.Fatalf("%s breaks a module: %v\n%x", rw.name, err, binary)
			}
		}
	})
}

// mutant draws a module and damages it.
func mutant(t *rapid.T, paths []string) []byte {
	binary, err := os.ReadFile(rapid.SampledFrom(paths).Draw(t, "module"))
	require.NoError(t, err)
	const header, large = 8, 4 << 10
	if len(binary) <= header || len(binary) > large {
		t.Skip("empty, or slow to compile")
	}
	for range rapid.IntRange(0, 3).Draw(t, "damages") {
		at := rapid.IntRange(header, len(binary)-1).Draw(t, "at")
		binary[at] = rapid.Byte().Draw(t, "byte")
	}
	return binary
}

func says(err error, any []string) bool {
	return err != nil && slices.ContainsFunc(any, func(s string) bool { return strings.Contains(err.Error(), s) })
}

// panicked is what went wrong within the runtime.
type panicked struct{ value any }

func (p *panicked) Error() string { return fmt.Sprintf("the runtime panicked: %v", p.value) }

func compile(ctx context.Context, runtime wazero.Runtime, binary []byte) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{v}
		}
	}()
	compiled, err := runtime.CompileModule(ctx, binary)
	if err != nil {
		return err
	}
	return compiled.Close(ctx)
}
