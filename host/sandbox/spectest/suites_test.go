package spectest

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

var runAll = flag.Bool("spec.all", false, "run all of the specification's tests, and not only those that nothing else covers")

// suite is the tests of one version or proposal, in a folder of that name.
type suite struct {
	name     string
	features api.CoreFeatures

	// What a full run finds. A number that falls says that something is
	// skipped, and one that changes with a new version of the runtime is to be
	// looked at.
	scripts, assertions, text int

	// repeats says that nearly all of it stands in another suite, too, so that
	// it runs on demand alone.
	repeats bool
}

// suites run with the features that henge switches on.
func suites() []suite {
	return []suite{
		{name: "v1", features: api.CoreFeaturesV2, scripts: 73, assertions: 18008, text: 430, repeats: true},
		{name: "v2", features: api.CoreFeaturesV2, scripts: 148, assertions: 51139, text: 1091},
		{name: "extended-const", features: api.CoreFeaturesV2 | experimental.CoreFeaturesExtendedConst, scripts: 3, assertions: 101, text: 3},
	}
}

// tally counts what was done with the assertions of scripts.
type tally struct {
	assertions int // carried out
	text       int // left out, since their module is text
}

func TestUnchanged(t *testing.T) { runSuites(t, unchanged()) }

// TestEncoded shows that henge's own reader takes every valid module, loses
// nothing of it, and does not mend one that is to be refused. The other
// rewritings rest on that and would show it, too, though less clearly.
func TestEncoded(t *testing.T) {
	if !*runAll {
		t.Skip("it runs with -spec.all")
	}
	runSuites(t, encoded())
}

// TestMetered shows that counting work changes nothing that a guest can see.
func TestMetered(t *testing.T) {
	var m meter
	runSuites(t, m.metered())
	t.Logf("guests asked for fuel %d times", m.refuels)
	require.Positive(t, m.refuels)
}

// TestRestored shows that a guest cannot tell that its state was taken from
// one instance to another.
func TestRestored(t *testing.T) {
	var f freezer
	runSuites(t, f.restored())
	t.Logf("%d modules could be frozen and %d could not", f.frozen, f.left)
	require.Greater(t, f.frozen, f.left)
}

// runSuites runs the suites under a rewriting, which has to carry out as many
// assertions as there are.
func runSuites(t *testing.T, rw rewriting) {
	folder := specFolder(t)
	for _, s := range suites() {
		t.Run(s.name, func(t *testing.T) {
			if s.repeats && !*runAll {
				t.Skip("it runs with -spec.all")
			}
			paths, err := filepath.Glob(filepath.Join(folder, s.name, "testdata", "*.json"))
			require.NoError(t, err)
			require.Len(t, paths, s.scripts, "scripts in %s", s.name)
			var sum tally
			for _, path := range paths {
				t.Run(filepath.Base(path), func(t *testing.T) {
					runScript(t, loadScript(t, path, s.name), rw, s.features, &sum)
				})
			}
			if !t.Failed() {
				require.Equal(t, tally{s.assertions, s.text}, sum)
			}
		})
	}
}

// runScript carries out a script and fails the test where it does not go as
// the script says. The deviations on a rewriting's own list have to show. With
// those of the runtime, a rewriting may be the stricter one and heal them.
func runScript(t *testing.T, s *script, rw rewriting, features api.CoreFeatures, sum *tally) {
	ctx := t.Context()
	r, err := newRunner(ctx, s, rw, features)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.runtime.Close(ctx)) }()
	own, tolerated := byLine(rw.deviates, s.name), byLine(ofRuntime(), s.name)
	for i := range s.Commands {
		c := &s.Commands[i]
		if c.isText() {
			sum.text++
			continue
		}
		if c.isAssertion() {
			sum.assertions++
		}
		err := r.do(ctx, c)
		switch {
		case err == nil && own[c.Line] != "":
			t.Errorf("%s:%d: it passes and is listed as a deviation (%s): take it off the list", s.name, c.Line, own[c.Line])
		case err != nil && c.Type == "module":
			t.Fatalf("%s:%d: %s: %v", s.name, c.Line, c.Type, err)
		case err != nil && own[c.Line] == "" && tolerated[c.Line] == "":
			t.Errorf("%s:%d: %s: %v", s.name, c.Line, c.Type, err)
		}
	}
}
