package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/localpostgres"
	"github.com/henge-run/henge/host/localpostgres/postgrestest"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"henge": main})
}

// TestScripts runs the command as a person would: each file of
// testdata/script has a redis-server of its own, and plain redis-cli.
func TestScripts(t *testing.T) {
	// Compiling the engines once is enough for all of them.
	data := t.TempDir()
	require.NoError(t, exec.Command("redis-cli", "--version").Run(), "redis-cli is needed: run make setup")
	guests := assembleGuests(t)
	inFolder, err := filepath.Abs(engines)
	require.NoError(t, err)
	postgres := &postgrestest.Servers{} // for those that ask for one
	t.Cleanup(func() { require.NoError(t, postgres.Close()) })
	examples, err := filepath.Abs("../../examples")
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			server, err := localredis.Start(context.Background(), localredis.Options{})
			if err != nil {
				return err
			}
			env.Defer(func() { _ = server.Close() })
			env.Setenv("REDIS", server.URL())
			env.Setenv("HENGE_REDIS_URL", server.URL())
			env.Setenv("HENGE_DATA", filepath.Join(data, "henge"))
			env.Setenv("GUESTS", guests)
			env.Setenv("EXAMPLES", examples)
			env.Setenv("ENGINES", inFolder)
			env.Setenv("C", demoCircle)
			env.Setenv("M", demoCaller)
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "postgres" {
				return false, fmt.Errorf("there is no condition %s", name)
			}
			return localpostgres.Installed() == nil, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"until":     until,
			"bytes":     makeBytes,
			"quickly":   quickly,
			"terminate": terminate,
			"postgres": func(ts *testscript.TestScript, neg bool, args []string) {
				database(postgres, ts, neg, args)
			},
		},
	})
}

// database puts the URL of an empty database of PostgreSQL's into HENGE_DATABASE,
// and that of its superuser into ADMIN.
func database(postgres *postgrestest.Servers, ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: postgres")
	}
	url, admin, err := postgres.New()
	ts.Check(err)
	ts.Setenv("HENGE_DATABASE", url)
	ts.Setenv("ADMIN", admin)
}

// assembleGuests makes modules of the texts in testdata/guest, and returns
// their folder.
func assembleGuests(t *testing.T) string {
	t.Cleanup(func() { require.NoError(t, wattest.Close()) })
	dir := t.TempDir()
	texts, err := filepath.Glob("testdata/guest/*.wat")
	require.NoError(t, err)
	require.NotEmpty(t, texts)
	for _, text := range texts {
		name := strings.TrimSuffix(filepath.Base(text), ".wat") + ".wasm"
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), wattest.CompileFile(t, text), 0o600))
	}
	return dir
}

// exits N command... runs a command that must end with the exit code N.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%v: exit code %d, want %d", args[1:], got, want)
	}
}

// untilTimeout is a wide margin over what any script waits for.
const untilTimeout = 30 * time.Second

// until [time] pattern command... runs a command until its output matches, at
// most for the time given.
func until(ts *testscript.TestScript, neg bool, args []string) {
	most := untilTimeout
	if len(args) > 0 {
		if d, err := time.ParseDuration(args[0]); err == nil {
			most, args = d, args[1:]
		}
	}
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until [time] pattern command [args...]")
	}
	re, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(most); time.Now().Before(deadline); <-tick.C {
		if ts.Exec(args[1], args[2:]...) == nil && re.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("%v: no match for %q within %s; the last output was\n%s%s", args[1:], args[0], most, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
}

// bytes file quoted... writes a file of bytes in Go's quoted form, each
// repeated where it is followed by xN.
func makeBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: bytes file quoted [xN] ...")
	}
	var out, last []byte
	for _, arg := range args[1:] {
		if n, err := strconv.Atoi(regexp.MustCompile(`^x(\d+)$`).ReplaceAllString(arg, "$1")); err == nil {
			for range n - 1 {
				out = append(out, last...)
			}
			continue
		}
		text, err := strconv.Unquote(`"` + arg + `"`)
		ts.Check(err)
		last = []byte(text)
		out = append(out, last...)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out, 0o600))
}

// quickly seconds command... runs a command that must end within that time.
func quickly(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: quickly seconds command [args...]")
	}
	limit, err := strconv.Atoi(args[0])
	ts.Check(err)
	start := time.Now()
	_ = ts.Exec(args[1], args[2:]...)
	if took := time.Since(start); took > time.Duration(limit)*time.Second {
		ts.Fatalf("%v took %s, more than %d s", args[1:], took, limit)
	}
}

// terminate sends SIGTERM, as a service manager does, to all that runs in the
// background; what was killed before does not mind.
func terminate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: terminate")
	}
	for _, cmd := range ts.BackgroundCmds() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
	}
}
