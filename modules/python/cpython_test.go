package python_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
)

// shared are files that others import, in the order in which they import each other.
var shared = []string{"seq_tests", "list_tests", "mapping_tests"}

// TestCPythonsOwnTests runs what CPython 3.13 tests the language with, where that
// needs no file, no other process and nothing of the interpreter in C. A test that
// is not among those that fail has to pass, and one that is has to fail.
func TestCPythonsOwnTests(t *testing.T) {
	dir := os.Getenv("HENGE_PYTHON_TESTS")
	if dir == "" {
		t.Skip("set HENGE_PYTHON_TESTS to the folder lib/python3.13/test of a CPython")
	}
	m := load(t)
	prelude, err := os.ReadFile("testdata/cpython.py")
	require.NoError(t, err)
	text := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name+".py"))
		require.NoError(t, err)
		return string(b)
	}
	var others [][2]string
	for _, name := range shared {
		others = append(others, [2]string{"test." + name, text(name)})
	}
	for name, failing := range cpythonTests {
		t.Run(name, func(t *testing.T) {
			var script strings.Builder
			for _, v := range []struct {
				name  string
				value any
			}{{"NAME", name}, {"TEXT", text(name)}, {"SHARED", others}} {
				b, err := json.Marshal(v.value)
				require.NoError(t, err)
				script.WriteString(v.name + " = " + string(b) + "\n")
			}
			script.Write(prelude)
			r := run(m, script.String())
			require.Equal(t, job.Success, r.End, r.Error)
			var came map[string]string
			require.NoError(t, json.Unmarshal(r.Output, &came))
			var passed int
			failed := map[string]bool{}
			for test, what := range came {
				if what == "passed" {
					passed++
					continue
				}
				failed[test] = true
				if !strings.Contains(" "+failing+" ", " "+test+" ") {
					t.Errorf("%s: %s", test, what)
				}
			}
			for _, test := range strings.Fields(failing) {
				if !failed[test] {
					t.Errorf("%s does not fail", test)
				}
			}
			t.Logf("%d of %d pass", passed, len(came))
			require.NotZero(t, passed)
		})
	}
}
