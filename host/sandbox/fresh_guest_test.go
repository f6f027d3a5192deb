package sandbox_test

import (
	"encoding/binary"
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

const pageSize = 64 << 10

// freshGuest is a guest that first outputs all the state it has, and then
// does to it what its payload says; see damage.
type freshGuest struct {
	// pages is what its memory starts with, and grows what henge_init adds.
	pages, grows int

	// payloadAt is where it reads its payload to.
	payloadAt int

	globals []freshGlobal

	// table holds the number that a function returns, or -1 for null.
	table []int

	// data are the active segments, and stores what henge_init writes.
	data, stores []placedBytes

	// hides is the kind of state that it has and nobody can put back; empty
	// for none.
	hides string
}

type freshGlobal struct {
	kind string

	// bits are what henge_init gives it, as the type's bits.
	bits uint64
}

type placedBytes struct {
	at    int
	bytes []byte
}

// hidden are the kinds of state that lead to a new instance for each job, and
// what the reason has to name. A guest has to change a table to show that an
// element segment is still there, and that is met first.
var hidden = map[string]string{
	"vector":    "vector or a reference",
	"reference": "vector or a reference",
	"table":     "changes a table",
	"elements":  "changes a table",
	"data":      "drops a data segment",
}

// drawGuest draws a guest that hides that kind of state.
func drawGuest(t *rapid.T, hides string) *freshGuest {
	g := &freshGuest{
		pages: rapid.IntRange(1, 3).Draw(t, "pages"),
		grows: rapid.SampledFrom([]int{0, 0, 1}).Draw(t, "grows"),
		hides: hides,
	}
	g.payloadAt = rapid.IntRange(0, g.pages*pageSize-maxPayload).Draw(t, "payload at")
	kinds := rapid.SampledFrom([]string{"i32", "i64", "f32", "f64"})
	for i := range rapid.IntRange(0, 6).Draw(t, "globals") {
		g.globals = append(g.globals, freshGlobal{kinds.Draw(t, fmt.Sprint("type ", i)), drawBits(t, "bits")})
	}
	switch hides {
	case "vector":
		g.globals = append(g.globals, freshGlobal{"v128", drawBits(t, "lanes")})
	case "reference":
		g.globals = append(g.globals, freshGlobal{"funcref", 0})
	}
	g.table = rapid.SliceOfN(rapid.IntRange(-1, 3), 1, 8).Draw(t, "table")
	piece := rapid.Custom(func(t *rapid.T) placedBytes {
		b := rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "bytes")
		return placedBytes{drawAddress(t, g.pages, len(b)), b}
	})
	g.data = rapid.SliceOfN(piece, 0, 3).Draw(t, "data")
	g.stores = rapid.SliceOfN(piece, 0, 3).Draw(t, "stores")
	return g
}

// drawBits draws a number, often one that is a NaN with a payload as a float.
func drawBits(t *rapid.T, label string) uint64 {
	return rapid.OneOf(
		rapid.Uint64(),
		rapid.Uint64Range(0, 3),
		rapid.Uint64Range(0x7ff0_0000_0000_0001, 0x7fff_ffff_ffff_ffff), // NaN as f64
		rapid.Uint64Range(0xff80_0001, 0xffff_ffff),                     // NaN as f32
	).Draw(t, label)
}

// drawAddress draws where n bytes are to be written, often at the border of a
// page of the memory or of the kernel's.
func drawAddress(t *rapid.T, pages, n int) int {
	last := pages*pageSize - n
	border := rapid.IntRange(0, pages*16).Draw(t, "border") * 4096
	near := border + rapid.IntRange(-n, 1).Draw(t, "beside it")
	return rapid.SampledFrom([]int{
		min(max(near, 0), last),
		rapid.IntRange(0, last).Draw(t, "anywhere"),
	}).Draw(t, "address")
}

// state is what the guest has to find, and so its output if it ends well
// before any damage.
func (g *freshGuest) state() []byte {
	out := make([]byte, (g.pages+g.grows)*pageSize)
	for _, p := range append(append([]placedBytes(nil), g.data...), g.stores...) {
		copy(out[p.at:], p.bytes)
	}
	for _, v := range g.globals {
		var slot [globalSlot]byte
		switch v.kind {
		case "i32", "f32":
			binary.LittleEndian.PutUint32(slot[:], uint32(v.bits))
		case "v128":
			binary.LittleEndian.PutUint64(slot[8:], v.bits)
			fallthrough
		case "i64", "f64":
			binary.LittleEndian.PutUint64(slot[:], v.bits)
		case "funcref":
			slot[0] = 1
		}
		out = append(out, slot[:]...)
	}
	for _, n := range g.table {
		out = binary.LittleEndian.AppendUint32(out, uint32(int32(n)))
	}
	if g.hides == "data" || g.hides == "elements" {
		out = append(out, "passive "...)
	}
	return out
}

// globalSlot is the room for one global in the output.
const globalSlot = 16

// text is the guest as WebAssembly text.
func (g *freshGuest) text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line(`(module`)
	for _, name := range []string{"output", "input", "fail"} {
		line(`(import "henge_job_v1" %q (func $%s (param i32 i32 i32 i32) (result i64)))`, name, name)
	}
	for _, name := range []string{"echo", "boom", "full", "wait"} {
		line(`(import "test_v1" %q (func $%s (param i32 i32 i32 i32) (result i64)))`, name, name)
	}
	line(`(import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))`)
	line(`(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))`)
	line(`(memory (export "memory") %d %d)`, g.pages, g.pages+g.grows+1)
	line(`(type $number (func (result i32)))`)
	for n := range 4 {
		line(`(func $f%d (type $number) (i32.const %d))`, n, n)
	}
	line(`(table $t %d funcref) (elem declare func $f0 $f1 $f2 $f3)`, len(g.table))
	for i, n := range g.table {
		if n >= 0 {
			line(`(elem (table $t) (i32.const %d) func $f%d)`, i, n)
		}
	}
	line(`(elem $e func $f0) (data $p "passive ")`)
	for _, p := range g.data {
		line(`(data (i32.const %d) "%s")`, p.at, escaped(p.bytes))
	}
	for i, v := range g.globals {
		zero := v.kind + ".const 0"
		switch v.kind {
		case "v128":
			zero = "v128.const i64x2 0 0"
		case "funcref":
			zero = "ref.null func"
		}
		line(`(global $g%d (mut %s) (%s))`, i, v.kind, zero)
	}
	g.writeInit(line)
	g.writeReport(line)
	g.writeRun(line)
	line(`)`)
	return b.String()
}

func escaped(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		fmt.Fprintf(&s, `\%02x`, c)
	}
	return s.String()
}

func (g *freshGuest) writeInit(line func(string, ...any)) {
	line(`(func $set (param $k i32) (param $v i64)`)
	for i, v := range g.globals {
		value := map[string]string{
			"i32":     `(i32.wrap_i64 (local.get $v))`,
			"i64":     `(local.get $v)`,
			"f32":     `(f32.reinterpret_i32 (i32.wrap_i64 (local.get $v)))`,
			"f64":     `(f64.reinterpret_i64 (local.get $v))`,
			"v128":    `(i64x2.splat (local.get $v))`,
			"funcref": `(select (result funcref) (ref.func $f1) (ref.null func) (i32.wrap_i64 (local.get $v)))`,
		}[v.kind]
		line(`(if (i32.eq (local.get $k) (i32.const %d)) (then (global.set $g%d %s)))`, i, i, value)
	}
	line(`)`)
	line(`(func (export "henge_init")`)
	for i, v := range g.globals {
		line(`(call $set (i32.const %d) (i64.const %d))`, i, int64(v.bits))
	}
	for _, p := range g.stores {
		for i, c := range p.bytes {
			line(`(i32.store8 (i32.const %d) (i32.const %d))`, p.at+i, c)
		}
	}
	line(`(drop (memory.grow (i32.const %d))))`, g.grows)
}

// writeReport outputs the memory before it puts anything else there.
func (g *freshGuest) writeReport(line func(string, ...any)) {
	output := func(from, n string) {
		line(`(drop (call $output %s %s (i32.const 0) (i32.const 0)))`, from, n)
	}
	line(`(func $report`)
	output(`(i32.const 0)`, `(i32.mul (memory.size) (i32.const 65536))`)
	line(`(memory.fill (i32.const 0) (i32.const 0) (i32.const 1024))`)
	for i, v := range g.globals {
		at := i * globalSlot
		if v.kind == "funcref" {
			line(`(i32.store (i32.const %d) (ref.is_null (global.get $g%d)))`, at, i)
		} else {
			line(`(%s.store (i32.const %d) (global.get $g%d))`, v.kind, at, i)
		}
	}
	output(`(i32.const 0)`, fmt.Sprintf(`(i32.const %d)`, len(g.globals)*globalSlot))
	for i := range g.table {
		line(`(i32.store (i32.const %d) (i32.const -1))`, 4*i)
		line(`(if (i32.eqz (ref.is_null (table.get $t (i32.const %d))))`, i)
		line(`(then (i32.store (i32.const %d) (call_indirect $t (type $number) (i32.const %d)))))`, 4*i, i)
	}
	output(`(i32.const 0)`, fmt.Sprintf(`(i32.const %d)`, 4*len(g.table)))
	if g.hides == "data" || g.hides == "elements" {
		// Each traps where its segment is gone.
		line(`(memory.init $p (i32.const 0) (i32.const 0) (i32.const 8))`)
		if g.hides == "elements" {
			line(`(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))`)
		}
		output(`(i32.const 0)`, `(i32.const 8)`)
	}
	line(`)`)
}
