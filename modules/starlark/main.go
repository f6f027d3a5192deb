// Command starlark is the Starlark language as a henge module: the payload of a
// job is a script, its result the global named result. It is the worked example
// of modules/README.md.
package main

import "github.com/henge-run/henge/modules/goengine"

// engine is made before the first job, and is what each job starts from.
// Exported functions can be handed nothing, so a variable holds it.
var engine *interpreter

//go:wasmexport henge_init
func initialize() {
	engine = newInterpreter()
	goengine.Prepare(func() {
		// What a script of our own leaves is of no interest.
		_, _ = engine.eval(&goengine.Job{Script: rehearsal})
	})
}

//go:wasmexport henge_run
func run() int32 { return engine.host.Run(engine.eval) }

// main is not called: the exports are the entries.
func main() {}
