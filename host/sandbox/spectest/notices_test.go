package spectest

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero/api"
)

// TestRunnerNotices runs wrong rewritings and expects the runner to find each,
// in the commands that show it and in no other.
func TestRunnerNotices(t *testing.T) {
	const add, divide = "\x20\x00\x20\x01\x6a\x0b", "\x20\x00\x20\x01\x6d\x0b"
	replace := func(old, new string) func([]byte) (rewritten, error) {
		return func(binary []byte) (rewritten, error) {
			return rewritten{binary: bytes.ReplaceAll(binary, []byte(old), []byte(new))}, nil
		}
	}
	ofField := func(field string) func(*command) bool {
		return func(c *command) bool { return c.Action.Field == field }
	}
	for _, tc := range []struct {
		name    string
		rewrite func([]byte) (rewritten, error)
		shows   func(*command) bool
	}{
		{"subtracts in place of adding", replace(add, "\x20\x00\x20\x01\x6b\x0b"), func(c *command) bool {
			// x + 0 is x - 0, and so it is for half of the numbers.
			return c.Action.Field == "add" && c.Action.Args[1].Value[0] != "0" && c.Action.Args[1].Value[0] != "2147483648"
		}},
		{"traps elsewhere", replace(add, "\x20\x00\x20\x01\x00\x0b"), ofField("add")},
		{"traps for another reason", replace(divide, "\x20\x00\x20\x01\x00\x0b"), ofField("div_s")},
		{"lets invalid modules through", func([]byte) (rewritten, error) {
			return rewritten{binary: []byte("\x00asm\x01\x00\x00\x00")}, nil
		}, func(c *command) bool { return c.Type != "module" }},
		{"refuses valid modules", func([]byte) (rewritten, error) {
			return rewritten{}, errors.New("refused")
		}, func(c *command) bool { return c.Type != "assert_invalid" && c.Type != "assert_malformed" }},
		{"never has an instance ready", func(binary []byte) (rewritten, error) {
			return rewritten{binary: binary, ready: func(context.Context, api.Module) error { return errors.New("not ready") }}, nil
		}, func(c *command) bool { return c.Type != "assert_invalid" && c.Type != "assert_malformed" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := loadScript(t, filepath.Join(specFolder(t), "v2", "testdata", "i32.json"), "v2")
			r, err := newRunner(t.Context(), s, rewriting{name: tc.name, rewrite: tc.rewrite}, api.CoreFeaturesV2)
			require.NoError(t, err)
			defer func() { require.NoError(t, r.runtime.Close(t.Context())) }()
			shown := 0
			for i := range s.Commands {
				c := &s.Commands[i]
				if c.isText() {
					continue
				}
				err := r.do(t.Context(), c)
				require.Equal(t, tc.shows(c), err != nil, "line %d: %s %v: %v", c.Line, c.Type, c.Action, err)
				if err != nil {
					shown++
				}
			}
			require.Positive(t, shown)
		})
	}
}
