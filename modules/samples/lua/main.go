//go:build wasip1

// Command lua is a Lua engine as a henge module: the payload of a job is a
// script, its result is the text of the value that the script returns. It
// shows that an interpreter written in Go can be an engine, and is built with
// nothing but Go.
package main

import (
	"runtime"
	"runtime/debug"
)

const (
	// heapRoom is the free memory that jobs start with, in bytes: an ordinary
	// one then does not grow memory.
	heapRoom = 16 << 20

	// heapLimit is where the collector begins to run as often as it takes, in
	// bytes: the heap may otherwise become twice what the script still uses,
	// and the instance has 64 MiB.
	heapLimit = 56 << 20
)

// engine is made before the first job, and is what each job starts from.
// Exported functions can be handed nothing, so a variable holds it.
var engine *interpreter

//go:wasmexport henge_init
func initialize() {
	debug.SetMemoryLimit(heapLimit)
	engine = newInterpreter()
	// What a script of our own returns is of no interest.
	_, _ = engine.eval([]byte(warmUpScript))
	freeHeap(heapRoom)
}

// freeHeap makes the heap grow by n bytes and frees them again. It takes them
// in small pieces, and lets the collector run as they pile up, so that the
// runtime's own records of so many are there as well. The pieces are not
// written, so they cost nothing until a job uses them.
func freeHeap(n int) {
	const piece = 8 << 10
	pieces := make([][]byte, 0, n/piece)
	for range n / piece {
		pieces = append(pieces, make([]byte, piece))
	}
	runtime.KeepAlive(pieces)
	runtime.GC()
}

//go:wasmexport henge_run
func run() int32 {
	script, err := input()
	if err != nil {
		return fail(err)
	}
	text, err := engine.eval(script)
	if err != nil {
		return fail(err)
	}
	if err := output(text); err != nil {
		return fail(err)
	}
	return 0
}

// main is not called: the exports are the entries.
func main() {}
