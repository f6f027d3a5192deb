package bench

import (
	"slices"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/wasm"
)

// guest is a module whose job is to do one thing as often as its payload says,
// in 8 bytes. What is behind them is the request of each call.
type guest struct {
	name string

	// calls are the module and name of the host function that it calls each
	// time; without one, it only counts.
	module, function string
}

func guests() []guest {
	return []guest{
		{name: "counting loop"},
		{"host call", nothing.Name, nothing.Functions[0].Name},
		{"clock call", abi.ClockV1, "now"},
	}
}

// encode writes the guest in the binary format.
func (g guest) encode() []byte {
	const (
		hostFunction = iota // (i32, i32, i32, i32) -> (i64)
		entry               // () -> (i32)
	)
	imports := []wasm.Import{{Module: abi.JobV1, Name: "input", Type: hostFunction}}
	if g.function != "" {
		imports = append(imports, wasm.Import{Module: g.module, Name: g.function, Type: hostFunction})
	}
	m := wasm.Module{
		Types: []wasm.FuncType{
			hostFunction: {Params: []wasm.ValueType{wasm.I32, wasm.I32, wasm.I32, wasm.I32}, Results: []wasm.ValueType{wasm.I64}},
			entry:        {Results: []wasm.ValueType{wasm.I32}},
		},
		Imports:   imports,
		Functions: []wasm.Function{{Type: entry, Locals: []wasm.Locals{{Count: 1, Type: wasm.I64}, {Count: 1, Type: wasm.I32}}, Code: g.code()}},
		Memories:  []wasm.Limits{{Min: 1}},
		Exports: []wasm.Export{
			{Name: abi.ExportMemory, Kind: wasm.KindMemory},
			{Name: abi.ExportRun, Kind: wasm.KindFunction, Index: uint32(len(imports))},
		},
	}
	return m.Encode()
}

// code is the body of henge_run. Numbers below 64 are written as themselves.
func (g guest) code() []byte {
	// The payload lies at 0, the reply behind it, and each has room for 4096
	// bytes: an i32.const.
	room := []byte{0x41, 0x80, 0x20}
	var each []byte
	if g.function != "" {
		each = slices.Concat(
			[]byte{0x41, 8, 0x20, 1}, // i32.const 8, local.get $length: the request
			room, room,               // where the reply goes
			[]byte{0x10, 1},             // call the host function
			[]byte{0x42, 0, 0x53},       // i64.const 0, i64.lt_s: an error
			[]byte{0x04, 0x40},          // if
			[]byte{0x41, 1, 0x0f, 0x0b}, // i32.const 1, return, end
		)
	}
	return slices.Concat(
		[]byte{0x41, 0, 0x41, 0, 0x41, 0}, room, // i32.const 0, three times
		[]byte{0x10, 0},       // call input
		[]byte{0xa7},          // i32.wrap_i64
		[]byte{0x41, 8, 0x6b}, // i32.const 8, i32.sub
		[]byte{0x21, 1},       // local.set $length
		[]byte{0x41, 0},       // i32.const 0
		[]byte{0x29, 3, 0},    // i64.load
		[]byte{0x21, 0},       // local.set $times
		[]byte{0x03, 0x40},    // loop
		each,                  //   the host function
		[]byte{0x20, 0},       //   local.get $times
		[]byte{0x42, 1},       //   i64.const 1
		[]byte{0x7d},          //   i64.sub
		[]byte{0x22, 0},       //   local.tee $times
		[]byte{0x42, 0},       //   i64.const 0
		[]byte{0x55},          //   i64.gt_s
		[]byte{0x0d, 0},       //   br_if to the loop
		[]byte{0x0b},          // end of the loop
		[]byte{0x41, 0},       // i32.const 0: success
		[]byte{0x0b},          // end of the function
	)
}
