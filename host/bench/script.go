package bench

import (
	"strings"

	"github.com/henge-run/henge/modules/samples"
)

// Script is a payload with its result.
type Script struct {
	// Name is the same for the same program of every engine.
	Name string

	// Source is the payload of a job, and Want its output.
	Source, Want string

	// Overhead says that the script does hardly anything, and so shows what a
	// job costs that does.
	Overhead bool
}

// Scripts returns the scripts that there are for an engine or a runner; many
// have none. It is safe for concurrent use.
func Scripts(engine string) []Script {
	var scripts []Script
	switch engine {
	case "rhai":
		scripts = overhead("40 + 2", "let sum = 0; for i in 0..1000 { sum += i; } sum")
	case "javascript":
		scripts = overhead("40 + 2", "var sum = 0; for (let i = 0; i < 1000; i++) sum += i; sum")
	case "lua":
		scripts = overhead("return 40 + 2", "local sum = 0; for i = 0, 999 do sum = sum + i end; return sum")
	case "starlark":
		scripts = overhead("result = 40 + 2", "def total():\n  sum = 0\n  for i in range(1000):\n    sum += i\n  return sum\nresult = total()")
	case "heroscript":
		// It computes nothing: the shortest script, and a hundred actions.
		scripts = []Script{
			{Name: "echo", Source: "!!echo 42", Want: "42", Overhead: true},
			{Name: "echo100", Source: strings.Repeat("!!echo text:'some text'\n", 99) + "!!echo 42", Want: "42", Overhead: true},
		}
	case "template":
		scripts = []Script{{Name: "fill", Source: `{"template":"Hello, {{ name }}!","data":{"name":"Ada"}}`, Want: "Hello, Ada!", Overhead: true}}
	}
	for _, s := range samples.Scripts(engine) {
		scripts = append(scripts, Script{Name: s.Name, Source: s.Source, Want: s.Want})
	}
	return scripts
}

// overhead names the shortest script, and one of a thousand iterations.
func overhead(answer, loop string) []Script {
	return []Script{
		{Name: "40+2", Source: answer, Want: "42", Overhead: true},
		{Name: "loop1000", Source: loop, Want: "499500", Overhead: true},
	}
}
