package conformance_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// freshCases take several jobs in one instance, one after another.
func freshCases() []testCase {
	return []testCase{
		{name: "fresh/traces", first: true}, // the first leaves what it can, and then nothing may be seen of it
		{name: "fresh/random"},              // draws from each random function that there is
		{name: "fresh/order"},               // goes through what has no order of its own
	}
}

// jobs is how many draw random numbers: two that are the same would show a
// generator that the snapshot holds.
const jobs = 50

// TestFresh runs jobs in one instance, which is put back after each, with the
// host's real clock and randomness.
func TestFresh(t *testing.T) {
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			e.skipUnlessBuilt(t)
			scripts := e.scripts(t)
			load := func() *sandbox.Module {
				rt, err := sandbox.New(context.Background(), sandbox.Options{CacheDir: compiled, VerifyReset: true})
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
				return e.load(t, rt)
			}
			m := load()
			run := func(t *testing.T, name string) *job.Result {
				t.Helper()
				if e.lacks[name] != "" {
					t.Skip(e.lacks[name])
				}
				r := m.Run(context.Background(), &job.Job{
					ID: "1", Circle: "acme", Caller: "acme", Type: e.name, Dialect: "local",
					Payload: []byte(scripts[name].text), Timeout: time.Minute, Attempt: 1,
				})
				require.Equal(t, job.Success, r.End, r.Error)
				return r
			}

			t.Run("traces", func(t *testing.T) {
				for range 3 {
					require.Equal(t, "clean", string(run(t, "fresh/traces").Output))
					left := run(t, "fresh/traces first")
					require.Equal(t, "left", string(left.Output), "the script sees itself what it left")
					require.True(t, left.Cost.Reset, "the instance was put back, and not made anew")
				}
			})
			t.Run("random", func(t *testing.T) {
				seen := map[string]bool{}
				for range jobs {
					seen[string(run(t, "fresh/random").Output)] = true
				}
				require.Len(t, seen, jobs)
			})
			t.Run("order", func(t *testing.T) {
				first := run(t, "fresh/order")
				for range 5 {
					again := run(t, "fresh/order")
					require.Equal(t, string(first.Output), string(again.Output))
					require.Equal(t, first.Cost.Fuel, again.Cost.Fuel, "the same work is the same fuel")
				}
				m = load()
				again := run(t, "fresh/order")
				require.Equal(t, string(first.Output), string(again.Output))
				require.Equal(t, first.Cost.Fuel, again.Cost.Fuel, "also when the module was loaded anew")
			})
		})
	}
}
