package conformance_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

// engine is a language under test.
type engine struct {
	name   string // of the module, and of its scripts
	folder string // where it is built to

	// target of modules/build.sh that builds it, where engines does not: its
	// tests are left out where it is not built.
	target string

	// comment begins a comment that goes to the end of the line.
	comment string

	// place is how messages say where an error is: the line, and the column
	// where the language knows it.
	place string

	// displays says that values are shown in the language's own way, and not
	// as JSON. Where that differs, a section "NAME output" has it.
	displays bool

	// lacks are cases that the language has no such thing as, and why.
	lacks map[string]string

	// without are functions that it has its own for.
	without []string

	// spelled is how a function is called in a script; name( where nil.
	spelled func(name string) string
}

// at is how a message says a place.
func (e engine) at(line, column int) string {
	place := []any{line, column}
	return fmt.Sprintf(e.place, place[:strings.Count(e.place, "%d")]...)
}

// built is where modules/build.sh engines puts what it builds.
const built = "../../bin/modules"

// engines are all that there are. One that is not built fails the tests, but for
// one with a target of its own.
func engines() []engine {
	return []engine{
		{
			name: "rhai", folder: "../built", comment: "//", displays: true,
			place: "(line %d, position %d)",
			lacks: map[string]string{
				"clock/now": "Rhai has no calendar",
			},
		},
		heroscript(),
		{name: "javascript", folder: built, comment: "//", place: "(line %d, column %d)"},
		{name: "starlark", folder: built, comment: "#", place: "script:%d:%d: "},
		{
			name: "lua", folder: built, comment: "--",
			place: "script:%d: ", // gopher-lua keeps the lines alone
			lacks: map[string]string{
				"value/large":          "a number of Lua 5.1 is a float",
				"value/nothing inside": "a table of Lua has no nil",
				"errors/unknown name":  "a name that nobody has set is nil",
			},
		},
		{name: "python", folder: built, target: "python", comment: "#", place: "(line %d, column %d)"},
	}
}

// skipUnlessBuilt leaves out a test of an engine that is not always built.
func (e engine) skipUnlessBuilt(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(e.folder + "/" + e.name + ".wasm"); err != nil && e.target != "" {
		t.Skipf("%s is not built: run make %s", e.name, e.target)
	}
}

// script is what a language has for a case.
type script struct {
	text         string
	line, column int     // of the mark; 0 where there is none
	shown        *string // the output, where the language shows it in a way of its own
}

// mark is where an error has to be.
const mark = "«"

// scripts reads what testdata has for the engine. The last line end of a script
// is not part of it.
func (e engine) scripts(t *testing.T) map[string]script {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/" + e.name + ".txtar")
	require.NoError(t, err)
	all := map[string]script{}
	for _, f := range archive.Files {
		text := strings.TrimSuffix(string(f.Data), "\n")
		if name, ok := strings.CutSuffix(f.Name, " output"); ok {
			s, there := all[name]
			require.True(t, there, "%s: the script %q has to stand before its output", e.name, name)
			s.shown = &text
			all[name] = s
			continue
		}
		require.NotContains(t, all, f.Name, "%s: there are two of this name", e.name)
		s := script{text: text}
		if before, after, marked := strings.Cut(text, mark); marked {
			s.text = before + after
			s.line = 1 + strings.Count(before, "\n")
			s.column = len(before) - strings.LastIndex(before, "\n")
		}
		all[f.Name] = s
	}
	return all
}

// documented are the functions that a README lists.
func documented(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var names []string
	for _, m := range regexp.MustCompile("`(\\w+)\\(").FindAllStringSubmatch(string(text), -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}
