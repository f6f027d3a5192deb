package javascript_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

var (
	// all is for make test262.
	all = flag.Bool("test262.all", false, "run all of test262's language tests, and not every sixteenth")

	// update writes what fails, in a run of all.
	update = flag.Bool("test262.update", false, "write the tests that fail to testdata/test262-failures.txt")
)

const (
	// sample is which tests a short run takes, in the order of their names:
	// more than a thousand.
	sample = 16

	// fewest is how many there must be, so that a lost folder is noticed.
	fewest = 1000

	// share is how many of a hundred have to pass.
	share = 95

	failures = "testdata/test262-failures.txt"
)

// TestLanguage runs the tests that the authors of the standard have for the
// language itself, in the engine and as jobs. Those that want a host of their
// own are left out: modules, import(), and what they call $262. Each runs once,
// in the mode that it asks for, and otherwise in sloppy mode.
//
// What fails is listed in testdata: a test that is there and passes, and one
// that is not and fails, are both errors.
func TestLanguage(t *testing.T) {
	out, err := exec.Command("./test262.sh", "here").Output()
	if err != nil {
		t.Skip("test262 is not here: run make setup")
	}
	suite := suite(strings.TrimSpace(string(out)))
	tests := suite.tests(t)
	if !*all {
		tests = every(tests, sample)
	}
	require.Greater(t, len(tests), fewest)

	m := load(t, sandbox.Options{})
	failed := map[string]string{}
	var mu sync.Mutex
	var group sync.WaitGroup
	work := make(chan string)
	for range 2 {
		group.Go(func() {
			for name := range work {
				if why := suite.run(m, name); why != "" {
					mu.Lock()
					failed[name] = why
					mu.Unlock()
				}
			}
		})
	}
	for _, name := range tests {
		work <- name
	}
	close(work)
	group.Wait()

	t.Logf("%d of %d pass, %.2f %%", len(tests)-len(failed), len(tests), 100*(1-float64(len(failed))/float64(len(tests))))
	require.LessOrEqual(t, len(failed)*100, (100-share)*len(tests), "too many fail")
	if *update {
		require.True(t, *all, "only a run of all tests knows what fails: add -test262.all")
		write(t, failed)
	}
	known := listed(t)
	for _, name := range tests {
		why, fails := failed[name]
		_, expected := known[name]
		switch {
		case fails && !expected:
			t.Errorf("%s: %s", name, why)
		case expected && !fails:
			t.Errorf("%s passes, and is still in %s", name, failures)
		}
	}
}

// suite is the folder of test262 as SpiderMonkey has it: the first line of a
// test says what is expected, and a file shell.js has what a folder's tests
// use.
type suite string

// tests are the names of all that need no host, in order.
func (s suite) tests(t *testing.T) []string {
	var tests []string
	root := filepath.Join(string(s), "language")
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".js" || strings.HasSuffix(path, "_FIXTURE.js") {
			return err
		}
		if base := filepath.Base(path); base == "shell.js" || base == "browser.js" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && !needsHost.Match(text) {
			name, _ := filepath.Rel(string(s), path)
			tests = append(tests, filepath.ToSlash(name))
		}
		return err
	}))
	slices.Sort(tests)
	return tests
}

var (
	needsHost = regexp.MustCompile(`\$262|\bimport\s*\(|\bimport\.meta|flags: *\[[^]]*\b(module|CanBlockIsFalse)\b|(?m)^// \|reftest\|.*\bmodule\b`)
	strict    = regexp.MustCompile(`flags: *\[[^]]*\bonlyStrict\b`)
	raw       = regexp.MustCompile(`flags: *\[[^]]*\braw\b`)
	async     = regexp.MustCompile(`flags: *\[[^]]*\basync\b`)
	negative  = regexp.MustCompile(`(?s)negative:\s+phase: *(\w+)\s+type: *(\w+)`)
)

// host is what the tests call of their host.
const host = `
function reportCompare() {}
function $DONE(error) { output(error ? "failed: " + (error.message || error) : "done") }
`

// run runs a test and returns why it fails.
func (s suite) run(m *sandbox.Module, name string) string {
	text, err := os.ReadFile(filepath.Join(string(s), name))
	if err != nil {
		return err.Error()
	}
	script := string(text)
	if !raw.MatchString(script) {
		script = s.harness(name) + host + script
		if strict.MatchString(script) {
			script = "'use strict';\n" + script
		}
	}
	r := m.Run(context.Background(), &job.Job{
		ID: "1", Circle: "acme", Caller: "acme", Type: "js", Dialect: "local",
		Payload: []byte(script), Timeout: time.Minute, Attempt: 1,
	})
	got := fmt.Sprintf("%s %s%.200s", r.End, r.Output, r.Error)
	if want := negative.FindStringSubmatch(script); want != nil {
		if r.End == job.ScriptError && strings.HasPrefix(r.Error, want[2]) && (want[1] == "runtime" || r.NoRetry) {
			return ""
		}
		return fmt.Sprintf("a %s at the phase %s is expected, and not: %s", want[2], want[1], got)
	}
	if r.End != job.Success || async.MatchString(script) && string(r.Output) != "done" {
		return got
	}
	return ""
}

// harness is what the folders of a test have for it.
func (s suite) harness(name string) string {
	var all []string
	for dir := filepath.Dir(name); ; dir = filepath.Dir(dir) {
		text, _ := os.ReadFile(filepath.Join(string(s), dir, "shell.js"))
		// What follows in the first of them is for SpiderMonkey's own shell.
		own, _, _ := strings.Cut(string(text), "// file: test262-host.js")
		all = append(all, own)
		if dir == "." {
			break
		}
	}
	slices.Reverse(all)
	return strings.Join(all, "\n")
}

func every(list []string, nth int) []string {
	var some []string
	for i := 0; i < len(list); i += nth {
		some = append(some, list[i])
	}
	return some
}

// listed are the tests that are known to fail.
func listed(t *testing.T) map[string]bool {
	file, err := os.Open(failures)
	require.NoError(t, err)
	defer file.Close()
	names := map[string]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, _, _ := strings.Cut(lines.Text(), " "); name != "" && !strings.HasPrefix(name, "#") {
			names[name] = true
		}
	}
	return names
}

func write(t *testing.T, failed map[string]string) {
	var text strings.Builder
	text.WriteString("# The tests of test262 that this engine fails;\n# go test ./modules/javascript -run Language -test262.all -test262.update writes the list anew.\n")
	var names []string
	for name := range failed {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		text.WriteString(name + "\n")
	}
	require.NoError(t, os.WriteFile(failures, []byte(text.String()), 0o644))
	for _, name := range names {
		t.Log(name, failed[name])
	}
}
