// Package conformance_test runs one table of cases in every engine: what a job
// is given and gives back, who asks, what the host does for it, how errors are
// caught, thrown and placed, which limits hold, and that no job sees anything
// of another.
//
// To add a language, build its engine and
//
//   - add it to engines in engine_test.go;
//   - write its scripts to testdata/NAME.txtar, a section for each case: the
//     cases_*_test.go say under its name what has to come of it, and rhai.txtar
//     what it does.
//
// A « in a script marks where its error has to be, and is taken out before it
// runs. "NAME first" is a script that runs before the one of the case. Where a
// language has no such thing as a case asks for, the engine says in lacks why.
// Functions have the names that the README of Rhai lists; the scripts have to
// call each of them.
//
// The capabilities are the real ones of hosttest; http has a policy that allows
// nothing, and what queue answers stands in the case.
package conformance_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/http"
	"github.com/henge-run/henge/host/hosttest"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
)

// testCase is what has to come of a script, in whatever language it is.
type testCase struct {
	name string

	caller  string // who asks; the circle's owner where empty
	role    capability.Role
	limits  job.Limits
	timeout time.Duration

	first   bool   // another script runs before, asked for by the owner
	payload string // the same for all languages, in place of a script
	comment string // stands in a comment at the script's end
	calls   string // what is asked of the host, as hosttest.ParseCalls reads it; "" for anything

	output string
	log    []string // "level: text"; nil for anything

	ends   []job.End // how it may end; by default in success
	says   []string  // what the message has in it
	code   string    // of the failure; "" for any
	final  bool      // it is not worth another try
	placed bool      // the message says the place that is marked
}

// compiled keeps compiled code from test to test: it takes seconds for each
// engine.
var compiled string

func TestMain(m *testing.M) {
	var err error
	if compiled, err = os.MkdirTemp("", "henge-conformance"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(compiled)
	os.Exit(code)
}

func TestConformance(t *testing.T) {
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			e.skipUnlessBuilt(t)
			scripts := e.scripts(t)
			h := hosttest.New(t, hosttest.Options{CacheDir: compiled, Capabilities: []capability.Capability{http.New(http.Options{Policy: nowhere{}})}})
			m := e.load(t, h.Runtime())
			for _, c := range cases() {
				t.Run(c.name, func(t *testing.T) {
					if why := e.lacks[c.name]; why != "" {
						t.Skip(why)
					}
					run(t, e, h, m, scripts, c)
				})
			}
		})
	}
}

// run runs a case.
func run(t *testing.T, e engine, h *hosttest.Test, m *sandbox.Module, scripts map[string]script, c testCase) {
	require.NoError(t, h.Empty(context.Background()))
	if c.role != capability.Stranger {
		require.NoError(t, h.SetMember(context.Background(), hosttest.Circle, c.caller, c.role))
	}
	h.Reset()
	if c.first {
		h.Run(m, &job.Job{Caller: hosttest.Circle, Payload: []byte(scripts[c.name+" first"].text)})
		h.Reset()
	}
	s := scripts[c.name]
	payload := s.text
	if c.payload != "" {
		payload = c.payload
	}
	if c.comment != "" {
		payload += "\n" + e.comment + c.comment
	}
	if c.calls != "" {
		require.NoError(t, h.ExpectCalls(c.calls))
		h.Strict()
	}
	caller := c.caller
	if caller == "" {
		caller = hosttest.Circle
	} else if caller == stranger {
		caller = ""
	}
	r := h.Run(m, &job.Job{Caller: caller, Payload: []byte(payload), Limits: c.limits, Timeout: c.timeout})
	require.Empty(t, h.Problems(), "%s %s", r.End, r.Error)

	ends := c.ends
	if ends == nil {
		ends = []job.End{job.Success}
	}
	require.Contains(t, ends, r.End, r.Error)
	for _, part := range c.says {
		require.Contains(t, r.Error, part)
	}
	if c.placed {
		require.NotZero(t, s.line, "no place is marked with « in the script")
		require.Contains(t, r.Error, e.at(s.line, s.column))
	}
	if c.code != "" {
		require.Equal(t, c.code, failureCode(h))
		require.Equal(t, c.final, r.NoRetry, "what cannot be read need not be tried again, and all else may")
	}
	want := c.output
	if s.shown != nil {
		require.True(t, e.displays, "%s writes values as JSON, so it has no output of its own", e.name)
		want = *s.shown
	}
	require.Equal(t, want, string(r.Output))
	if c.log != nil {
		require.Equal(t, c.log, lines(r))
	}
}

// failureCode is the code with which the job said that it failed.
func failureCode(h *hosttest.Test) string {
	calls := h.Calls("job.fail")
	if len(calls) == 0 {
		return ""
	}
	request, _ := calls[len(calls)-1].Request.(map[string]any)
	code, _ := request["code"].(string)
	return code
}

func lines(r *job.Result) []string {
	all := []string{}
	for _, l := range r.Log {
		line := l.Level.String() + ": " + l.Text
		if len(l.Fields) > 0 {
			line += " " + fmt.Sprint(l.Fields)
		}
		all = append(all, line)
	}
	return all
}

// nowhere is a policy that allows no host.
type nowhere struct{}

func (nowhere) HTTP(string, string) []http.Rule { return nil }

// load makes an engine ready as a worker would.
func (e engine) load(t testing.TB, rt *sandbox.Runtime) *sandbox.Module {
	binary, manifest, err := registry.Folder{Name: e.folder, FS: os.DirFS(e.folder)}.Read(e.name + ".wasm")
	require.NoError(t, err, "%s is not built: run make setup", e.name)
	m, err := rt.Load(context.Background(), binary, manifest, job.Limits{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close(context.Background())) })
	return m
}

// TestScriptsAreThoseOfCases finds a case that a language has no script for, and
// a script that belongs to no case.
func TestScriptsAreThoseOfCases(t *testing.T) {
	for _, e := range engines() {
		scripts := e.scripts(t)
		known := map[string]bool{}
		for _, c := range append(cases(), freshCases()...) {
			needed := map[string]bool{c.name: c.payload == "", c.name + " first": c.first}
			for name, need := range needed {
				known[name] = need
				_, there := scripts[name]
				require.Equal(t, need && e.lacks[c.name] == "", there, "%s: %q", e.name, name)
			}
		}
		for name := range scripts {
			require.True(t, known[name], "%s: no case is named %q", e.name, name)
		}
		for name := range e.lacks {
			require.True(t, known[name], "%s: no case is named %q", e.name, name)
		}
	}
}

// TestScriptsCallEveryFunction compares the scripts with the list for people.
func TestScriptsCallEveryFunction(t *testing.T) {
	names := documented(t, "../rhai/README.md")
	require.Greater(t, len(names), 70)
	for _, e := range engines() {
		text, err := os.ReadFile("testdata/" + e.name + ".txtar")
		require.NoError(t, err)
		for _, name := range names {
			if slices.Contains(e.without, name) {
				continue
			}
			spelled := name + "("
			if e.spelled != nil {
				spelled = e.spelled(name)
			}
			require.True(t, strings.Contains(string(text), spelled), "no script of %s calls %s", e.name, name)
		}
	}
}
