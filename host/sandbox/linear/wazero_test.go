package linear_test

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/henge-run/henge/host/sandbox/linear"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

var _ experimental.LinearMemory = (*linear.Memory)(nil)

func TestMain(m *testing.M) {
	code := m.Run()
	if wattest.Close() != nil && code == 0 {
		code = 1
	}
	os.Exit(code)
}

// guest begins with one page and, once it has run, has two: its instances
// write their data over the snapshot when they are made.
const guest = `(module
	(memory (export "memory") 1 4)
	(data (i32.const 70) "data")
	(func (export "start") (result i32)
		(memory.grow (i32.const 1))
		(i32.store8 (i32.const 71) (i32.const 0xff))
		(i32.store8 (i32.const 131071) (i32.const 7)))
	(func (export "add") (param i32) (result i32)
		(i32.store8 (local.get 0) (i32.add (i32.load8_u (local.get 0)) (i32.const 1)))
		(i32.load8_u (local.get 0)))
	(func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`

// An instance of the runtime starts from the snapshot of another and is put
// back to it.
func TestInstanceOfTheRuntime(t *testing.T) {
	ctx := context.Background()
	rt := wazero.NewRuntime(ctx)
	t.Cleanup(func() { require.NoError(t, rt.Close(ctx)) })
	code, err := rt.CompileModule(ctx, wattest.Compile(t, guest))
	require.NoError(t, err)
	instantiate := func(m *linear.Memory) api.Module {
		allocator := experimental.MemoryAllocatorFunc(func(_, _ uint64) experimental.LinearMemory { return m })
		instance, err := rt.InstantiateModule(experimental.WithMemoryAllocator(ctx, allocator), code, wazero.NewModuleConfig().WithName(""))
		require.NoError(t, err)
		return instance
	}
	call := func(instance api.Module, name string, args ...uint64) int32 {
		results, err := instance.ExportedFunction(name).Call(ctx, args...)
		require.NoError(t, err)
		return int32(results[0])
	}
	const limit = 3 * linear.WasmPage

	first, err := linear.NewMemory(limit)
	require.NoError(t, err)
	started := instantiate(first)
	require.Equal(t, int32(1), call(started, "start"))
	view, ok := started.Memory().Read(0, started.Memory().Size())
	require.True(t, ok)
	snapshot := bytes.Clone(view)
	require.Len(t, snapshot, 2*linear.WasmPage)
	require.NoError(t, started.Close(ctx))
	require.NoError(t, first.Close())

	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		im, err := system.NewImage(way, snapshot, limit)
		require.NoError(t, err)
		m, err := im.NewMemory()
		require.NoError(t, err)
		instance := instantiate(m)
		require.Equal(t, uint32(len(snapshot)), instance.Memory().Size(), "nothing needs to grow")
		require.ErrorContains(t, m.Verify(), "byte 71", "the module's data is written over the snapshot")
		require.NoError(t, m.Reset())
		require.NoError(t, m.Verify())

		for range 3 {
			m.Begin()
			for _, at := range []uint64{0, 71, 90_000, 131_071} {
				require.Equal(t, int32(snapshot[at]+1), call(instance, "add", at))
			}
			require.Equal(t, int32(-1), call(instance, "grow", 2))
			require.True(t, m.Refused())
			m.End()
			require.NoError(t, m.Reset())
			require.NoError(t, m.Verify())
		}

		m.Begin()
		require.Equal(t, int32(2), call(instance, "grow", 1))
		require.Equal(t, int32(1), call(instance, "add", 131_072), "what was grown into is zero")
		m.End()
		require.ErrorIs(t, m.Reset(), linear.ErrGrown)
		require.Equal(t, int64(limit), m.Peak())
		require.NoError(t, instance.Close(ctx))
		require.NoError(t, m.Close())
		require.NoError(t, im.Close())
	})
}
