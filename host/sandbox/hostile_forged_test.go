package sandbox_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

// Whatever names something by a number names one too many. What a host adds to
// a module gets the next number, so a guest that may write there writes to the
// host's own counters.
func TestHostileIndices(t *testing.T) {
	const before = `(type $t (func)) (type $h (func ` + host + `)) (import "henge_job_v1" "input" (func (type $h))) (table 1 funcref) (global $g (mut i64) (i64.const 0)) (global i64 (i64.const 0)) (data $d "abc") (elem $e func $f) (func $f)` + memory + entry
	texts := map[string]string{
		"global.set, one beyond":     `(func (global.set 2 (i64.const 0x7fffffffffffffff)))`,
		"global.set, two beyond":     `(func (global.set 3 (i64.const 0x7fffffffffffffff)))`,
		"global.set, far beyond":     `(func (global.set 0xffffffff (i64.const 0)))`,
		"global.get, one beyond":     `(func (drop (global.get 2)))`,
		"global.set in dead code":    `(func (unreachable) (global.set 2 (i64.const 0)))`,
		"call, one beyond":           `(func (call 4))`,
		"call, far beyond":           `(func (call 0xffffffff))`,
		"call_indirect, type":        `(func (call_indirect (type 9) (i32.const 0)))`,
		"call_indirect, table":       `(func (call_indirect 1 (type $t) (i32.const 0)))`,
		"ref.func, one beyond":       `(func (drop (ref.func 4)))`,
		"local.get, one beyond":      `(func (param i32) (local i32) (drop (local.get 2)))`,
		"local.set, one beyond":      `(func (param i32) (local i32) (local.set 2 (i32.const 0)))`,
		"local.tee, far beyond":      `(func (param i32) (drop (local.tee 0xffffffff (i32.const 0))))`,
		"br, one beyond":             `(func (block (br 2)))`,
		"br_if, far beyond":          `(func (br_if 0xffffffff (i32.const 0)))`,
		"br_table, one target":       `(func (block (br_table 0 1 2 0 (i32.const 0))))`,
		"br_table, the default":      `(func (block (br_table 0 0 2 (i32.const 0))))`,
		"type of a function":         `(func (type 9))`,
		"type of a block":            `(func (block (type 9)))`,
		"memory.init, segment":       `(func (memory.init 1 (i32.const 0) (i32.const 0) (i32.const 0)))`,
		"data.drop, segment":         `(func (data.drop 1))`,
		"table.init, segment":        `(func (table.init 0 1 (i32.const 0) (i32.const 0) (i32.const 0)))`,
		"table.init, table":          `(func (table.init 1 0 (i32.const 0) (i32.const 0) (i32.const 0)))`,
		"elem.drop, segment":         `(func (elem.drop 1))`,
		"table.get":                  `(func (drop (table.get 1 (i32.const 0))))`,
		"table.set":                  `(func (table.set 1 (i32.const 0) (ref.null func)))`,
		"table.grow":                 `(func (drop (table.grow 1 (ref.null func) (i32.const 0))))`,
		"table.size":                 `(func (drop (table.size 1)))`,
		"table.fill":                 `(func (table.fill 1 (i32.const 0) (ref.null func) (i32.const 0)))`,
		"table.copy":                 `(func (table.copy 0 1 (i32.const 0) (i32.const 0) (i32.const 0)))`,
		"memory.copy":                `(func (memory.copy 0 1 (i32.const 0) (i32.const 0) (i32.const 0)))`,
		"memory.fill":                `(func (memory.fill 1 (i32.const 0) (i32.const 0) (i32.const 0)))`,
		"i32.load":                   `(func (drop (i32.load 1 (i32.const 0))))`,
		"start function":             `(start 4)`,
		"export of a function":       `(export "f" (func 4))`,
		"export of a global":         `(export "g" (global 2))`,
		"export of a memory":         `(export "m" (memory 1))`,
		"export of a table":          `(export "t" (table 1))`,
		"element":                    `(elem (i32.const 0) func 4)`,
		"element's table":            `(elem (table 1) (i32.const 0) func 0)`,
		"element's expression":       `(elem (i32.const 0) funcref (ref.func 4))`,
		"data segment's memory":      `(data (memory 1) (i32.const 0) "x")`,
		"data segment's global":      `(data (offset (global.get 2)) "x")`,
		"global made of a later one": `(global i64 (global.get 3))`,
		"lane of a vector":           `(func (drop (i8x16.extract_lane_s 16 (v128.const i64x2 0 0))))`,
	}
	faults := map[string]fault{}
	for name, text := range texts {
		// A lane is part of an instruction's type, and names nothing of the module's.
		faults[name] = fault{module: wattest.Compile(t, `(module `+before+text+`)`), typed: name == "lane of a vector"}
	}
	refuseAll(t, faults)
}

// What is not of the versions and features that the contract names. Each of
// these would need limits, or stops, of its own.
func TestHostileFeatures(t *testing.T) {
	const own = memory + entry
	b := setup(t, sandbox.Options{})
	other := newBystander(t, b)
	for name, text := range map[string]string{
		"two memories":               own + `(memory 1)`,
		"shared memory":              entry + `(memory (export "memory") 1 2 shared)`,
		"64-bit memory":              entry + `(memory (export "memory") i64 1)`,
		"a page size of one byte":    entry + `(memory (export "memory") 1 (pagesize 1))`,
		"memory.atomic.wait":         own + `(func (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))`,
		"atomic addition":            own + `(func (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 0))))`,
		"tail call":                  own + `(func $f (return_call $f))`,
		"tail call through a table":  own + `(table 1 funcref) (func $f (return_call_indirect (i32.const 0)))`,
		"exceptions":                 own + `(tag $e) (func (throw $e))`,
		"a catch":                    own + `(func (block (try_table (catch_all 0))))`,
		"garbage-collected struct":   own + `(type $s (struct (field i32)))`,
		"typed reference":            own + `(type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0)))`,
		"relaxed vectors":            own + `(func (drop (i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0))))`,
		"wide arithmetic":            own + `(func (i64.mul_wide_u (i64.const 1) (i64.const 1)) (drop) (drop))`,
		"64-bit table":               own + `(table i64 1 funcref)`,
		"memory imported":            `(import "henge_job_v1" "memory" (memory 1)) (export "memory" (memory 0))` + entry,
		"table imported":             `(import "henge_job_v1" "t" (table 1 funcref))` + own,
		"global imported":            `(import "henge_job_v1" "g" (global i64))` + own,
		"a variable imported":        `(import "henge_job_v1" "g" (global (mut i64)))` + own,
		"the host's meter imported":  `(import "henge_meter" "slice" (func))` + own,
		"the host's fuel imported":   `(import "henge_meter" "fuel" (global (mut i64)))` + own,
		"the host's fuel exported":   own + `(global (export "henge.fuel") (mut i64) (i64.const 0x7fffffffffffffff))`,
		"a name of the host's":       own + `(func (export "henge.") (unreachable))`,
		"memory under a host's name": own + `(export "henge.memory" (memory 0))`,
		"memory that is a function":  `(memory 1) (func (export "memory"))` + entry,
		"memory that is a table":     `(memory 1) (table (export "memory") 1 funcref)` + entry,
		"henge_run that is a global": memory + `(global (export "henge_run") i32 (i32.const 0))`,
	} {
		t.Run(name, func(t *testing.T) {
			err := tryLoad(t, b, wattest.Compile(t, `(module `+text+`)`), abi.Manifest{}, job.Limits{})
			require.Error(t, err)
			require.Less(t, len(err.Error()), 400)
			other.check(t)
		})
	}
}

// What is in order and cannot be started: a segment lies outside of what it
// fills, or memory is larger than may be.
func TestHostileSegments(t *testing.T) {
	b := setup(t, sandbox.Options{})
	other := newBystander(t, b)
	for name, c := range map[string]struct{ text, want string }{
		"data behind memory":          {memory + entry + `(data (i32.const 65536) "x")`, ""},
		"data over the end of memory": {memory + entry + `(data (i32.const 65535) "xy")`, ""},
		"data at 4 GiB":               {memory + entry + `(data (i32.const -1) "x")`, ""},
		"element behind the table":    {memory + entry + `(table 2 funcref) (func $f) (elem (i32.const 2) func $f)`, ""},
		"elements over its end":       {memory + entry + `(table 2 funcref) (func $f) (elem (i32.const 1) func $f $f)`, ""},
		"element at 4 billion":        {memory + entry + `(table 2 funcref) (func $f) (elem (i32.const -1) func $f)`, ""},
		"65,536 pages of memory":      {`(memory (export "memory") 65536)` + entry, "its memory starts at 4294967296 bytes"},
		"1 GiB and a maximum":         {`(memory (export "memory") 16384 65536)` + entry, "its memory starts at 1073741824 bytes"},
		"a table of 4 billion":        {`(table 0xffffffff funcref)` + memory + entry, "its tables start with 4294967295 entries"},
		"tables of 2^20+1":            {`(table 1048576 funcref) (table 1 externref)` + memory + entry, "its tables start with 1048577 entries"},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			size := allocated(func() {
				err = tryLoad(t, b, wattest.Compile(t, `(module `+c.text+`)`), abi.Manifest{}, job.Limits{})
			})
			require.ErrorContains(t, err, c.want)
			require.Less(t, size, uint64(16*mib))
			other.check(t)
		})
	}
}

// A maximum is no claim: what a module declares as its largest memory and
// table costs nothing before it is used.
func TestHostileMaximum(t *testing.T) {
	b := setup(t, sandbox.Options{})
	m, err := b.Load(context.Background(), wattest.Compile(t, `(module (table 0 0xffffffff funcref) (memory (export "memory") 0 65536)`+entry+`)`), &abi.Manifest{Name: "guest"}, job.Limits{})
	require.NoError(t, err)
	size := allocated(func() {
		r := m.Run(context.Background(), newJob(nil))
		require.Equal(t, job.Success.String(), r.End.String(), r.Error)
	})
	require.Less(t, size, uint64(16*mib))
}
