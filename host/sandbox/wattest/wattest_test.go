package wattest

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if err := Close(); err != nil {
			code = 1
		}
		os.Exit(code)
	}))
}

func TestCompile(t *testing.T) {
	b := Compile(t, `(module)`)
	require.Equal(t, "\x00asm\x01\x00\x00\x00", string(b))
	require.Same(t, &b[0], &Compile(t, `(module)`)[0], "the same text is assembled once")
}

func TestMistakes(t *testing.T) {
	_, err := shared.compile("(module\n  (func (result i32) i32.cnost 1))")
	require.ErrorContains(t, err, "unknown operator")
	require.ErrorContains(t, err, ":2:", "the message says where")
}

func TestRestart(t *testing.T) {
	Compile(t, `(module (memory 1))`)
	require.NoError(t, Close())
	require.NoError(t, Close(), "closing twice is no error")
	Compile(t, `(module (memory 2))`)
}

func TestMissingAssembler(t *testing.T) {
	_, err := find("bin/no-such.wasm")
	require.ErrorContains(t, err, "run: make modules")
}
