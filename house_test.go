// Package henge_test holds the rules of the whole repository as tests: what a
// reviewer would otherwise have to look for in every change.
package henge_test

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const modulePath = "github.com/henge-run/henge"

// source is one Go file of the repository.
type source struct {
	path   string // with slashes, from the root
	text   []byte
	parsed *ast.File
}

func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	files := token.NewFileSet()
	require.NoError(t, filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && name != "." || d.Name() == "target") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(files, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		all = append(all, source{filepath.ToSlash(name), text, parsed})
		return nil
	}))
	require.NotEmpty(t, all)
	return all
}

func TestFilesAreFormatted(t *testing.T) {
	for _, s := range sources(t) {
		want, err := format.Source(s.text)
		require.NoError(t, err, s.path)
		require.True(t, bytes.Equal(want, s.text), "%s is not gofmt-ed", s.path)
	}
}

func TestEachPackageSaysItsJob(t *testing.T) {
	says, seen := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		dir := path.Dir(s.path)
		seen[dir] = true
		if doc := s.parsed.Doc.Text(); doc != "" {
			says[dir] = true
			name := s.parsed.Name.Name
			opening := "Package " + name + " "
			if name == "main" {
				opening = "Command "
			}
			require.True(t, strings.HasPrefix(doc, opening), "%s: the doc comment begins with %q", s.path, opening)
		}
	}
	for dir := range seen {
		require.True(t, says[dir], "package %s has no doc comment", dir)
	}
}

// mayImport says who may import whom, by folder. Tests may import more, since
// they join rooms.
func mayImport(from, to string) bool {
	within := func(dir string, roots ...string) bool {
		return slices.ContainsFunc(roots, func(root string) bool {
			return dir == root || strings.HasPrefix(dir, root+"/")
		})
	}
	switch {
	case from == to:
		return true
	case within(from, "cmd"):
		return true
	case from == ".":
		return within(to, "host/job", "host/queue")
	case within(from, "guest/go"):
		return within(to, "guest/go")
	case within(from, "modules/goengine", "modules/starlark", "modules/lua"):
		return within(to, "guest/go", "modules/goengine")
	case within(from, "host/localredis"):
		return within(to, "host/localredis")
	case within(from, "host/localpostgres"):
		return within(to, "host/localpostgres")
	case within(from, "host/capability"):
		return within(to, "abi", "host/job", "host/capability") || to == "host/store/circle"
	case within(from, "host/sandbox"):
		return within(to, "abi", "host/job", "host/wasm", "host/capability", "host/sandbox")
	case within(from, "host/bench/traffic"):
		return within(to, "host/bench", "host/job", "host/queue", "host/worker")
	case within(from, "host/bench/chaos"):
		return within(to, "host/job", "host/queue", "host/registry", "host/worker", "host/localredis")
	case within(from, "host/bench"):
		return within(to, "abi", "host/job", "host/wasm", "host/capability", "host/sandbox", "modules/samples") || to == "host/store/circle"
	case within(from, "host/queue"):
		return within(to, "host/job", "host/queue", "host/schedule")
	case within(from, "host/hosttest"):
		return within(to, "abi", "host/job", "host/capability", "host/sandbox", "host/registry", "host/localredis", "host/store", "host/hosttest")
	case within(from, "host/policy"):
		return within(to, "abi", "host/job", "host/capability")
	case within(from, "host/registry"):
		return within(to, "abi", "host/job", "host/wasm", "host/sandbox", "host/registry")
	case within(from, "host/store"):
		return within(to, "abi", "host/job", "host/store")
	case within(from, "host/metrics"):
		return within(to, "host/job", "host/queue", "host/worker")
	case within(from, "host/worker"):
		return within(to, "host/capability/queue", "host/job", "host/queue", "host/registry", "host/sandbox")
	}
	return false
}

// reserved are libraries that one room alone knows.
var reserved = map[string]string{
	"github.com/tetratelabs/wazero": "host/sandbox",
	"github.com/alecthomas/kong":    "cmd/henge",
	"github.com/robfig/cron/v3":     "host/schedule",
	"github.com/lmittmann/tint":     "cmd/henge",
	"github.com/ncruces/go-sqlite3": "host/store",
	"github.com/pelletier/go-toml":  "host/policy",

	"github.com/prometheus/client_golang": "host/metrics",

	"github.com/santhosh-tekuri/jsonschema/v6": "host/sandbox/arguments",
}

func TestDataGoesOneWay(t *testing.T) {
	for _, s := range sources(t) {
		from := path.Dir(s.path)
		for _, spec := range s.parsed.Imports {
			to := strings.Trim(spec.Path.Value, `"`)
			for library, room := range reserved {
				if to == library || strings.HasPrefix(to, library+"/") {
					require.True(t, from == room || strings.HasPrefix(from, room+"/"), "%s imports %s, which only %s may", s.path, to, room)
				}
			}
			inside, ours := strings.CutPrefix(to, modulePath+"/")
			if ours && !s.isTest() {
				require.True(t, mayImport(from, inside), "%s imports %s, which its room may not", s.path, inside)
			}
		}
	}
}

func TestNothingSleepsInTests(t *testing.T) {
	for _, s := range sources(t) {
		if !s.isTest() {
			continue
		}
		ast.Inspect(s.parsed, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Sleep" {
				if pkg, ok := sel.X.(*ast.Ident); ok {
					require.NotEqual(t, "time", pkg.Name, "%s waits with time.Sleep: wait for what it waits for", s.path)
				}
			}
			return true
		})
	}
}

func TestNothingRunsAtLoad(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				require.NotEqual(t, "init", f.Name.Name, "%s has an init function", s.path)
			}
		}
	}
}

func TestNoReplaceInGoMod(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		require.False(t, strings.HasPrefix(strings.TrimSpace(line), "replace"), "go.mod: %s", line)
	}
}
