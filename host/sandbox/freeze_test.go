package sandbox_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/henge-run/henge/host/sandbox/wattest"
	"github.com/henge-run/henge/host/wasm"
)

// TestFrozenIsTheSame brings modules up twice: by instantiation, as they are,
// and frozen, with the host placing the data and calling the start. Both have
// the same memory and globals. What a function then answers is the same too,
// and so it is in an instance that was given the state in place of its own.
func TestFrozenIsTheSame(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":            ``,
		"data":               `(memory 1) (data (i32.const 8) "eight") (data (i32.const 65526) "at the end")`,
		"overlapping":        `(memory 1) (data (i32.const 0) "abcdef") (data (i32.const 2) "XY") (data (i32.const 3) "z") (data (i32.const 0) "")`,
		"nothing at the end": `(memory 1) (data (i32.const 65536) "")`,
		"extended":           `(memory 1) (data (i32.add (i32.const 7) (i32.mul (i32.const 2) (i32.sub (i32.const 50) (i32.const -6)))) "sum")`,
		"around 2^32":        `(memory 1) (data (i32.add (i32.const -1) (i32.const 5)) "wraps") (data (i32.mul (i32.const 65536) (i32.const 65536)) "zero")`,
		"passive": `(memory 1) (data $p "passive") (data (i32.const 0) "active") (data $q "other")
			(func (export "f") (result i64)
				(memory.init $p (i32.const 100) (i32.const 1) (i32.const 3))
				(memory.init $q (i32.const 103) (i32.const 0) (i32.const 5))
				(i64.load (i32.const 100)))`,
		"active is used up": `(memory 1) (data $a (i32.const 0) "active")
			(func (export "f") (result i64)
				(memory.init $a (i32.const 50) (i32.const 0) (i32.const 0))
				(i64.load (i32.const 0)))`,
		"globals": `(memory 1)
			(global $i (mut i32) (i32.const -5)) (global $l (mut i64) (i64.const -6)) (global $k i64 (i64.const 3))
			(global $f (mut f32) (f32.const nan:0x200001)) (global $d (mut f64) (f64.const -0.0))
			(global $v v128 (v128.const i64x2 1 2)) (global $r funcref (ref.null func)) (global $e externref (ref.null extern))
			(func $start
				(global.set $i (i32.add (global.get $i) (i32.const 1)))
				(global.set $l (i64.mul (global.get $l) (global.get $k)))
				(global.set $d (f64.neg (global.get $d))))
			(start $start)
			(func (export "f") (result i64)
				(global.set $i (i32.add (global.get $i) (i32.const 1)))
				(i64.add (i64.extend_i32_s (global.get $i))
					(i64.xor (global.get $l)
						(i64.xor (i64.extend_i32_u (i32.reinterpret_f32 (global.get $f)))
							(i64.xor (i64.reinterpret_f64 (global.get $d)) (i64x2.extract_lane 1 (global.get $v)))))))`,
		"start that sees the data": `(memory 1 4) (data (i32.const 0) "\05\00\00\00") (global $g (mut i32) (i32.const 0))
			(func $start
				(global.set $g (i32.load (i32.const 0)))
				(drop (memory.grow (i32.const 2)))
				(i32.store (i32.const 131072) (i32.const 77)))
			(start $start)
			(func (export "f") (result i64)
				(i64.add (i64.extend_i32_u (memory.size)) (i64.extend_i32_u (i32.mul (global.get $g) (i32.load (i32.const 131072))))))`,
		"tables": `(memory 1) (table 4 funcref) (elem (i32.const 1) $one $two) (elem $p func $two) (elem declare func $one)
			(type $t (func (result i64)))
			(func $one (result i64) (i64.const 1)) (func $two (result i64) (i64.const 2))
			(func (export "f") (result i64)
				(i64.sub (call_indirect (type $t) (i32.const 2)) (call_indirect (type $t) (i32.const 1))))`,
	} {
		t.Run(name, func(t *testing.T) {
			binary := wattest.Compile(t, "(module "+text+")")
			m := opened(t, binary)
			m.ExportStart()
			state, reason := m.Freeze()
			require.Empty(t, reason)
			frozenBinary := m.Encode()

			m = opened(t, binary)
			for i, g := range m.Globals {
				if g.Mutable {
					m.Exports = append(m.Exports, wasm.Export{Name: fmt.Sprintf("henge.global.%d", i), Kind: wasm.KindGlobal, Index: uint32(i)})
				}
			}
			plain := newFreezeGuest(t, m.Encode())
			want := plain.state(state.Globals)

			frozen := newFreezeGuest(t, frozenBinary)
			for _, d := range state.Data {
				require.True(t, frozen.ExportedMemory("m").Write(d.Offset, d.Bytes))
			}
			if start := frozen.ExportedFunction(wasm.StartExport); start != nil {
				_, err := start.Call(t.Context())
				require.NoError(t, err)
			}
			require.Equal(t, want, frozen.state(state.Globals))

			laid := newFreezeGuest(t, frozenBinary)
			laid.lay(t, state.Globals, want)
			require.Equal(t, want, laid.state(state.Globals))

			answer := plain.ask(t)
			after := plain.state(state.Globals)
			for _, guest := range []freezeGuest{frozen, laid} {
				require.Equal(t, answer, guest.ask(t))
				require.Equal(t, after, guest.state(state.Globals))
			}
		})
	}
}

// TestFrozenFollowsTheSpecification shows what the runtime by itself does
// otherwise, so that there is nothing to compare with.
func TestFrozenFollowsTheSpecification(t *testing.T) {
	const base = 100
	for name, c := range map[string]struct {
		text, want string
		placed     map[uint32]string
	}{
		"places made of globals": {
			`(memory 1) (global $base i32 (i32.const 100)) (data (global.get $base) "base")
			(data (i32.sub (i32.mul (global.get $base) (i32.const 3)) (i32.const -7)) "product")`,
			"there is no f",
			map[uint32]string{base: "base", 3*base + 7: "product"},
		},
		"an active segment is used up": {
			`(memory 1) (data $a (i32.const 0) "active")
			(func (export "f") (memory.init $a (i32.const 50) (i32.const 0) (i32.const 1)))`,
			"wasm error: out of bounds memory access",
			map[uint32]string{0: "active"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := opened(t, wattest.Compile(t, "(module "+c.text+")"))
			state, reason := m.Freeze()
			require.Empty(t, reason)
			placed := map[uint32]string{}
			for _, d := range state.Data {
				placed[d.Offset] = string(d.Bytes)
			}
			require.Equal(t, c.placed, placed)
			require.Equal(t, c.want, newFreezeGuest(t, m.Encode()).ask(t))
		})
	}
}

// opened reads a module and exports its memory, if it has one, as m.
func opened(t *testing.T, binary []byte) *wasm.Module {
	t.Helper()
	m, err := wasm.Decode(binary)
	require.NoError(t, err)
	if len(m.Memories) > 0 {
		m.Exports = append(m.Exports, wasm.Export{Name: "m", Kind: wasm.KindMemory})
	}
	return m
}

// freezeGuest is an instance whose state can be seen.
type freezeGuest struct{ api.Module }

func newFreezeGuest(t *testing.T, binary []byte) freezeGuest {
	t.Helper()
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesExtendedConst))
	t.Cleanup(func() { require.NoError(t, rt.Close(ctx)) })
	guest, err := rt.Instantiate(ctx, binary)
	require.NoError(t, err)
	return freezeGuest{guest}
}

// freezeState is all of an instance's state that can change.
type freezeState struct {
	memory  []byte
	globals []uint64
}

func (g freezeGuest) state(globals []string) freezeState {
	var s freezeState
	if memory := g.ExportedMemory("m"); memory != nil {
		b, _ := memory.Read(0, memory.Size())
		s.memory = bytes.Clone(b)
	}
	for _, name := range globals {
		s.globals = append(s.globals, g.ExportedGlobal(name).Get())
	}
	return s
}

// lay gives a new instance a state.
func (g freezeGuest) lay(t *testing.T, globals []string, s freezeState) {
	t.Helper()
	if memory := g.ExportedMemory("m"); memory != nil {
		_, ok := memory.Grow((uint32(len(s.memory)) - memory.Size()) / 65536)
		require.True(t, ok)
		require.True(t, memory.Write(0, s.memory))
	}
	for i, name := range globals {
		g.ExportedGlobal(name).(api.MutableGlobal).Set(s.globals[i])
	}
}

// ask calls f, where there is one, and returns its answer or how it ended.
func (g freezeGuest) ask(t *testing.T) string {
	t.Helper()
	f := g.ExportedFunction("f")
	if f == nil {
		return "there is no f"
	}
	results, err := f.Call(t.Context())
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return first
	}
	return fmt.Sprint(results)
}
