package starter_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/modules"
	"github.com/henge-run/henge/modules/starter"
)

// TestFromNothingToAServedModule makes a module in each language, builds it and
// runs its cases with the one command that there is for that, and then has it
// serve a job.
func TestFromNothingToAServedModule(t *testing.T) {
	henge := filepath.Join(t.TempDir(), "henge")
	run(t, "", "go", "build", "-o", henge, "../../cmd/henge")
	for _, language := range starter.Languages() {
		t.Run(language, func(t *testing.T) {
			if why := missing(language); why != "" {
				t.Skip(why)
			}
			t.Setenv("HENGE", henge)
			t.Setenv("HENGE_DATA", t.TempDir())
			dir := filepath.Join(t.TempDir(), "my.module-1")
			run(t, "", henge, "module", "new", "--lang", language, dir)
			require.Contains(t, run(t, "", filepath.Join(dir, "build.sh")), "ok    hello\n")

			out := filepath.Join(dir, "out")
			payload := filepath.Join(t.TempDir(), "payload")
			require.NoError(t, os.WriteFile(payload, []byte("Grace"), 0o600))
			require.Equal(t, "Hello, Grace! You are number 1.", run(t, "", henge, "run", "--modules", out, "--type", "my.module-1", payload))

			// The cases do see what the module does.
			name := filepath.Join(dir, "cases", "hello.txtar")
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(name, []byte(strings.Replace(string(text), "number 2", "number 3", 1)), 0o600))
			again := exec.Command(filepath.Join(dir, "build.sh"))
			said, err := again.Output()
			require.Error(t, err)
			require.Equal(t, 3, again.ProcessState.ExitCode())
			require.Contains(t, string(said), "FAIL  hello\n")
		})
	}
}

// missing says what the machine lacks for a language.
func missing(language string) string {
	switch language {
	case "rust":
		root, err := exec.Command("rustc", "--print", "sysroot").Output()
		if err != nil {
			return "there is no rustc"
		}
		if _, err := os.Stat(filepath.Join(strings.TrimSpace(string(root)), "lib/rustlib/wasm32-wasip1/lib")); err != nil {
			return "Rust has no target wasm32-wasip1"
		}
	case "c":
		for _, program := range []string{"clang", "wasm-ld"} {
			if _, err := exec.LookPath(program); err != nil {
				return "there is no " + program
			}
		}
	}
	return ""
}

func run(t *testing.T, dir string, program string, args ...string) string {
	t.Helper()
	var stderr strings.Builder
	c := exec.Command(program, args...)
	c.Dir, c.Stderr = dir, &stderr
	out, err := c.Output()
	require.NoError(t, err, "%s%s", out, stderr.String())
	return string(out)
}

func TestWhatIsRefused(t *testing.T) {
	full := t.TempDir()
	kept := filepath.Join(full, "main.go")
	require.NoError(t, os.WriteFile(kept, []byte("mine"), 0o600))
	for want, try := range map[string]func() error{
		"the folder is there and not empty": func() error {
			return starter.Module{Name: "x", Language: "go"}.Write(full, modules.FS())
		},
		`there is no kit for "cobol"; there are: c, go, rust`: func() error {
			return starter.Module{Name: "x", Language: "cobol"}.Write(t.TempDir(), modules.FS())
		},
		starter.ErrNoKits.Error(): func() error {
			return starter.Module{Name: "x", Language: "go"}.Write(t.TempDir(), fstest.MapFS{})
		},
	} {
		require.ErrorContains(t, try(), want)
	}
	text, err := os.ReadFile(kept)
	require.NoError(t, err)
	require.Equal(t, "mine", string(text))
}
