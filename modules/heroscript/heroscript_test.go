// Package heroscript_test holds the HeroScript engine to the rules of the
// language, as the module that it is.
package heroscript_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/hosttest"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// fewest is how many cases there must be, so that a lost file is noticed.
const fewest = 150

func load(t *testing.T) (*hosttest.Test, *sandbox.Module) {
	t.Helper()
	h := hosttest.New(t, hosttest.Options{})
	return h, h.LoadFile(file)
}

func newJob(script string) *job.Job {
	return &job.Job{Caller: hosttest.Circle, Payload: []byte(script), Timeout: 10 * time.Second}
}

// TestRules runs the cases of testdata: a file for each topic, in which NAME.hero
// is a script and NAME.out its result, or NAME.err how it ends in error. Each
// begins with nothing that another has left.
func TestRules(t *testing.T) {
	h, m := load(t)
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	cases := 0
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		require.NoError(t, err)
		topic := strings.TrimSuffix(filepath.Base(file), ".txtar")
		require.Zero(t, len(a.Files)%2, "%s: a script or a result is missing", file)
		for i := 0; i < len(a.Files); i += 2 {
			script, want := a.Files[i], a.Files[i+1]
			name, ok := strings.CutSuffix(script.Name, ".hero")
			require.True(t, ok && strings.HasPrefix(want.Name, name+"."), "%s: %s is followed by %s", file, script.Name, want.Name)
			cases++
			t.Run(topic+"/"+name, func(t *testing.T) {
				require.NoError(t, h.Empty(t.Context()))
				r := h.Run(m, newJob(strings.TrimSuffix(string(script.Data), "\n")))
				got, end := string(r.Output), job.Success
				if strings.HasSuffix(want.Name, ".err") {
					got, end = r.Error, job.ScriptError
				}
				require.Equal(t, end, r.End, "%s %s", r.Error, r.Output)
				require.Equal(t, strings.TrimSuffix(string(want.Data), "\n"), got)
			})
		}
	}
	require.GreaterOrEqual(t, cases, fewest)
}

// TestBytesOfFiles is about what an editor does not show.
func TestBytesOfFiles(t *testing.T) {
	h, m := load(t)
	for name, c := range map[string]struct{ script, want string }{
		"line ends of Windows":          {"!!fake.return_params\r\n  a:1\r\n  b:'\r\n  x\r\n\r\n  y\r\n  '\r\n", `{"args":[],"params":{"a":"1","b":"x\n\ny"}}`},
		"a byte order mark":             {"\ufeff!!echo one", "one"},
		"tabs":                          {"!!fake.return_params\ta:1\tb:'c\td'", `{"args":[],"params":{"a":"1","b":"c\td"}}`},
		"a blank that parts nothing":    {"!!fake.return_params a:b\u00a0c", "{\"args\":[],\"params\":{\"a\":\"b\u00a0c\"}}"},
		"a zero byte":                   {"!!fake.return_params a:b\x00c", `{"args":[],"params":{"a":"b\u0000c"}}`},
		"a byte order mark in the text": {"!!fake.return_params a:\ufeff", "{\"args\":[],\"params\":{\"a\":\"\ufeff\"}}"},
		"no line end at the end":        {"!!fake.return_params a:'\n  x\n  '", `{"args":[],"params":{"a":"x"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := h.Run(m, newJob(c.script))
			require.Equal(t, job.Success, r.End, r.Error)
			require.Equal(t, c.want, string(r.Output))
		})
	}
	r := h.Run(m, newJob("!!echo caf\xe9"))
	require.Equal(t, "the script is not valid UTF-8 at byte 10", r.Error)
	require.True(t, r.NoRetry, "it will not be text the next time")
}

// TestAnyTextHasAnEnd gives the engine what nobody would write: every script
// ends by its own word, and none traps.
func TestAnyTextHasAnEnd(t *testing.T) {
	h, m := load(t)
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			"!", "!!", "!!!!", "fake.return_params", "fake", ".", ":", ",", "'", "\"", "\\", "\\'", "a:", "a: ", "a:'", "//", "<!--", "-->",
			" ", "  ", "\t", "\n", "\n\n", "\r\n", "é", "日", "\u00a0", "\ufeff", "\x00", "'\n'", ", ", "core.echo", "x,y",
		}),
		rapid.StringN(0, 4, 16),
	)
	rapid.Check(t, func(r *rapid.T) {
		script := strings.Join(rapid.SliceOfN(piece, 0, 40).Draw(r, "pieces"), "")
		result := h.Run(m, newJob(script))
		require.Contains(r, []job.End{job.Success, job.ScriptError}, result.End, "%q: %s", script, result.Error)
		if result.End == job.ScriptError {
			require.Regexp(r, `(?s)\(line \d+, position \d+\)$|not valid UTF-8`, result.Error)
		}
	})
}

// TestAnyBytesHaveAnEnd is the same for what is no text.
func TestAnyBytesHaveAnEnd(t *testing.T) {
	h, m := load(t)
	rapid.Check(t, func(r *rapid.T) {
		script := string(rapid.SliceOfN(rapid.Byte(), 0, 64).Draw(r, "bytes"))
		result := h.Run(m, newJob(script))
		require.Contains(r, []job.End{job.Success, job.ScriptError}, result.End, "%q: %s", script, result.Error)
	})
}

// TestLongScripts shows that reading takes time in proportion to the length,
// whatever the text: fuel is the same on every machine.
func TestLongScripts(t *testing.T) {
	h, m := load(t)
	for name, piece := range map[string]string{
		"actions":            "!!fake.return_empty\n",
		"arguments":          "a ",
		"parameters":         "\n",
		"blank lines":        "a:\n\n",
		"empty values":       "  ,\n",
		"comments":           "<!--\n",
		"quotes":             "'",
		"escapes":            "\\'",
		"texts of two lines": "'\n",
		"lists":              "a,",
		"lists of lines":     "a,\n",
		"exclamation marks":  "! ",
		"indented lines":     "        \n",
	} {
		t.Run(name, func(t *testing.T) {
			fuel := func(times int) int64 {
				script := "!!fake.return_params\n" + strings.Repeat(piece, times)
				r := h.Run(m, newJob(script))
				require.Contains(t, []job.End{job.Success, job.ScriptError}, r.End, r.Error)
				return r.Cost.Fuel
			}
			short, long := fuel(2_000), fuel(20_000)
			require.Less(t, long, 15*short)
		})
	}
}
