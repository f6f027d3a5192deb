// Command lua is the Lua language, in its version 5.1, as a henge module: the
// payload of a job is a script, its result the value that the script returns.
package main

import "github.com/henge-run/henge/modules/goengine"

// engine is made before the first job, and is what each job starts from.
// Exported functions can be handed nothing, so a variable holds it.
var engine *interpreter

//go:wasmexport henge_init
func initialize() {
	engine = newInterpreter()
	goengine.Prepare(func() {
		// What a script of our own returns is of no interest.
		_, _ = engine.eval(&goengine.Job{Script: rehearsal})
	})
}

//go:wasmexport henge_run
func run() int32 { return engine.host.Run(engine.eval) }

// main is not called: the exports are the entries.
func main() {}
