// Package samples has scripts for measurements: the same programs for each
// engine, with the result that each must give. In a folder of its own it has
// sum, a runner of a few kilobytes. It imports nothing of ours.
package samples

import (
	"embed"
	"path"
)

//go:embed scripts
var files embed.FS

// Script is a program in the language of one engine.
type Script struct {
	// Name is the same for the same program of every engine.
	Name string

	// Source is the payload of a job.
	Source string

	// Want is the job's output.
	Want string
}

// Scripts returns the programs of an engine, which is rhai, javascript, lua or starlark,
// in an order that never changes, and nothing for any other name. Each takes some
// milliseconds in the sandbox and no more memory than the engine starts with.
// It is safe for concurrent use.
func Scripts(engine string) []Script {
	var scripts []Script
	for _, p := range programs {
		source, err := files.ReadFile(path.Join("scripts", engine, p.name+ending(engine)))
		if err != nil {
			return nil // there is no such engine: a test sees to it that no file is missing
		}
		scripts = append(scripts, Script{Name: p.name, Source: string(source), Want: p.want()})
	}
	return scripts
}

// ending is what the files of an engine's language end in.
func ending(engine string) string {
	switch engine {
	case "javascript":
		return ".js"
	case "starlark":
		return ".star"
	}
	return "." + engine
}
