package spectest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// script is one of the specification's test scripts, as wabt's wast2json
// writes it: commands in JSON, and beside it one binary for each module.
//
// Format: https://github.com/WebAssembly/wabt/blob/main/docs/wast2json.md
type script struct {
	name string // such as v2/i32.wast, the text that it was made of
	dir  string // where the binaries are

	Commands []command `json:"commands"`
}

// command is one step of a script. Which fields are set depends on its type.
type command struct {
	Type string `json:"type"`
	Line int    `json:"line"` // of the .wast file

	Name     string  `json:"name"`     // module, register: the module's own name, or none
	As       string  `json:"as"`       // register: the name to import it by
	Filename string  `json:"filename"` // of a binary, where the type has a module
	Action   action  `json:"action"`
	Expected []value `json:"expected"`

	ModuleType string `json:"module_type"` // binary or text
	Text       string `json:"text"`        // why it must trap or be refused
}

// action is a call of an exported function, or a look at an exported global.
type action struct {
	Type   string  `json:"type"`   // invoke or get
	Module string  `json:"module"` // by its own name; none means the latest one
	Field  string  `json:"field"`
	Args   []value `json:"args"`
}

// isText says that the command's module exists as text alone. Assembling it
// would test the assembler, which henge does not have.
func (c *command) isText() bool { return c.ModuleType == "text" }

// isAssertion says that the script expects something of the command.
func (c *command) isAssertion() bool { return strings.HasPrefix(c.Type, "assert_") }

func (s *script) read(filename string) ([]byte, error) {
	return os.ReadFile(filepath.Join(s.dir, filename))
}

func loadScript(t *testing.T, path, suite string) *script {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	name := strings.TrimSuffix(filepath.Base(path), ".json") + ".wast"
	s := &script{name: suite + "/" + name, dir: filepath.Dir(path)}
	require.NoError(t, json.Unmarshal(text, s), path)
	require.NotEmpty(t, s.Commands, "%s has no commands", path)
	return s
}

// specFolder is where wazero's source has the specification's tests.
func specFolder(t *testing.T) string {
	t.Helper()
	const library = "github.com/tetratelabs/wazero"
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", library).Output()
	dir := filepath.Join(strings.TrimSpace(string(out)), "internal", "integration_test", "spectest")
	if err == nil {
		_, err = os.Stat(dir)
	}
	require.NoError(t, err, fmt.Sprintf("the specification's tests come with the source of %s, and its folder is not in the module cache: run `go mod download %[1]s`, and build without -mod=vendor", library))
	return dir
}
