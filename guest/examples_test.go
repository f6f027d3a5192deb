// Package guest_test runs the example of each kit, and what the kits say of
// themselves.
package guest_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

var kits = []string{"c", "go", "rust"}

// counter is a Redis that knows one key and two ways to answer.
type counter struct {
	refuse bool
	n      int64
}

func (k *counter) capability() capability.Capability {
	return capability.Capability{Name: abi.RedisV1, Functions: []capability.Function{{Name: "do", Call: func(_ context.Context, c *capability.Call) error {
		var words []abi.Value
		enc, err := c.Decode(&words)
		if err != nil {
			return err
		}
		if !slices.Equal(words, []abi.Value{{V: "INCR"}, {V: "greeted"}}) {
			return &abi.Error{Code: abi.InvalidArgument, Message: "only INCR greeted is known here"}
		}
		if k.refuse {
			return &abi.Error{Code: abi.AccessDenied, Message: "Insufficient authorization"}
		}
		k.n++
		return c.ReplyValue(enc, abi.Value{V: k.n})
	}}}}
}

func load(t testing.TB, kit, name string, caps ...capability.Capability) *sandbox.Module {
	t.Helper()
	ctx := context.Background()
	binary, err := os.ReadFile("../bin/examples/" + kit + "/" + name + ".wasm")
	if _, missing := exec.LookPath("clang"); kit == "c" && errors.Is(err, fs.ErrNotExist) && missing != nil {
		t.Skip("there is no clang, so the example in C was not built: see modules/build.sh examples")
	}
	require.NoError(t, err, "the example is not built: run modules/build.sh examples")
	rt, err := sandbox.New(ctx, sandbox.Options{Capabilities: caps})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(ctx)) })
	m, err := rt.Load(ctx, binary, &abi.Manifest{Name: name}, job.Limits{})
	require.NoError(t, err)
	return m
}

func run(m *sandbox.Module, payload string) *job.Result {
	return m.Run(context.Background(), &job.Job{
		ID: "1", Circle: "acme", Caller: "alice", Type: "greet", Dialect: "local",
		Payload: []byte(payload), Timeout: time.Minute, Attempt: 1, Env: map[string]string{"A": "b"},
	})
}

func TestExamples(t *testing.T) {
	for _, kit := range kits {
		t.Run(kit, func(t *testing.T) {
			redis := &counter{}
			m := load(t, kit, "greet", redis.capability())
			require.Equal(t, []string{abi.ClockV1, abi.JobV1, abi.LogV1, abi.RedisV1}, slices.DeleteFunc(m.Imports, func(name string) bool { return name == abi.WASI }),
				"what is never called is not imported")

			// No token is drawn twice: none of it is left over from the start.
			tokens := map[string]bool{}
			const jobs = 200
			for n := range jobs {
				r := run(m, "Zoë")
				require.Equal(t, job.Success, r.End, r.Error)
				got := regexp.MustCompile(`^Hello, Zoë! You are number (\d+), your token is ([0-9a-f]{16})\.$`).FindSubmatch(r.Output)
				require.NotNil(t, got, string(r.Output))
				require.Equal(t, strconv.Itoa(n+1), string(got[1]))
				tokens[string(got[2])] = true
				require.Len(t, r.Log, 1)
				require.Equal(t, "greeting", r.Log[0].Text)
			}
			require.Len(t, tokens, jobs)

			r := run(m, "")
			require.Equal(t, job.ScriptError, r.End)
			require.Equal(t, "the payload is empty: it should be a name", r.Error)
			require.True(t, r.NoRetry)

			redis.refuse = true
			r = run(m, "Zoë")
			require.Equal(t, job.ScriptError, r.End)
			require.Contains(t, r.Error, "Insufficient authorization")
		})
	}
}

// TestWithoutRedis runs them on a worker that does not serve it, and prints
// what a module in each language weighs and how long the shortest job takes:
// one that is refused its empty payload.
func TestWithoutRedis(t *testing.T) {
	for _, kit := range kits {
		t.Run(kit, func(t *testing.T) {
			m := load(t, kit, "greet")
			r := run(m, "Zoë")
			require.Equal(t, job.ScriptError, r.End)
			require.Contains(t, r.Error, "this worker does not serve henge_redis_v1")

			require.Empty(t, m.NotReset)
			fastest := time.Hour
			for range 300 {
				start := time.Now()
				r := run(m, "")
				fastest = min(fastest, time.Since(start))
				require.Equal(t, job.ScriptError, r.End)
			}
			t.Logf("%d KiB, %d KiB of memory at the start, a job that does nothing takes %s", m.Size/1024, m.MemoryMin/1024, fastest)
		})
	}
}
