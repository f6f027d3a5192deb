package sandbox_test

import (
	"context"
	"path"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

// attack is one job of a hostile guest, and how it has to end.
type attack struct {
	// guest is a file of testdata/hostile, or a name for what generate makes.
	guest    string
	generate func() []byte

	payload string
	limits  job.Limits

	// end is how the job ends; or is another end that is as right.
	end, or job.End

	// message is contained in the result's.
	message string

	// single says that the guest knows no innocent payload.
	single bool
}

// attacks are the guests that load and are hostile when they run. All of
// testdata/hostile is innocent where its payload is "x".
var attacks = []attack{
	{guest: "../loop", end: job.Deadline, single: true},
	{guest: "../loop_br_table", end: job.Deadline, single: true},
	{guest: "../loop_calls", limits: job.Limits{HostCalls: 1 << 60}, end: job.Deadline, single: true},
	{guest: "../loop_calls", limits: job.Limits{HostCalls: 100}, end: job.HostLimit, single: true},
	{guest: "loop_branches", end: job.Deadline},
	{guest: "loop_indirect", end: job.Deadline},
	{guest: "recursion_tree", end: job.Deadline},
	{guest: "calls_exponential", generate: exponentialCalls, end: job.Deadline},
	{guest: "function_long", generate: longFunction, end: job.Deadline},

	{guest: "../recursion", end: job.Stack, message: "nested too deeply", single: true},
	{guest: "../recursion_mutual", end: job.Stack, message: "nested too deeply", single: true},
	{guest: "recursion_indirect", end: job.Stack, message: "nested too deeply"},
	{guest: "recursion_host", limits: job.Limits{HostCalls: 1 << 60}, end: job.Stack, message: "nested too deeply"},
	{guest: "recursion_parameters", end: job.Stack, message: "nested too deeply"},
	{guest: "recursion_frames", generate: hugeFrames, end: job.Stack, message: "nested too deeply"},

	{guest: "memory_fill", end: job.Deadline},
	{guest: "memory_copy", end: job.Deadline},
	{guest: "memory_init", end: job.Deadline},
	{guest: "memory_grow_refused", end: job.Deadline},
	{guest: "memory_grow_nothing", end: job.Deadline},
	{guest: "table_fill", end: job.Deadline},
	{guest: "table_copy", end: job.Deadline},
	{guest: "table_grow_refused", end: job.Deadline},
	{guest: "../table_grow", end: job.Success, single: true},
	{guest: "table_grow_many", end: job.Success},
	{guest: "../memory", limits: job.Limits{Memory: 4 * mib}, end: job.Memory, message: "its limit is 4194304 bytes", single: true},
	{guest: "../memory_handled", limits: job.Limits{Memory: 4 * mib}, end: job.Success, single: true},
	{guest: "memory_maximum", end: job.Success},
	{guest: "memory_touched", end: job.Success},
	{guest: "memory_beyond", end: job.Trap, message: "out of bounds memory access"},

	{guest: "log_flood", limits: job.Limits{HostCalls: 1000}, end: job.HostLimit},
	{guest: "../flood_log", limits: job.Limits{Log: 1000}, end: job.Success, single: true},
	{guest: "../flood_output", limits: job.Limits{Output: 2500}, end: job.HostLimit, single: true},
	{guest: "../command_flood", limits: job.Limits{Output: 2500}, end: job.HostLimit, single: true},
	{guest: "take_loop", end: job.Deadline},
	{guest: "fail_loop", end: job.Deadline},
	{guest: "clock_loop", end: job.Deadline},
	{guest: "yield_loop", end: job.Deadline},
	{guest: "random_loop", end: job.Deadline},
	{guest: "print_loop", end: job.Deadline},
	{guest: "../print_vast", end: job.Deadline, single: true},
	{guest: "../sleep", end: job.Deadline, single: true},
	{guest: "poll_years", end: job.Deadline},
	{guest: "poll_many", end: job.Deadline},
	{guest: "poll_overflow", end: job.Success, or: job.Trap},
	{guest: "iovec_overflow", end: job.Success, or: job.Trap},
	{guest: "command_stdin", end: job.Deadline},
	{guest: "../command_cat", end: job.Success, single: true},

	{guest: "exit_0", end: job.Success},
	{guest: "../exit_3", end: job.ExitCode, message: "exited with code 3", single: true},
	{guest: "../command_exit_0", end: job.Success, single: true},
	{guest: "../command_exit_3", end: job.ExitCode, message: "exited with code 3", single: true},
	{guest: "exit_deadline", end: job.ExitCode, message: "exited with code 4026531839"},
	{guest: "exit_cancelled", end: job.ExitCode, message: "exited with code 4294967295"},

	{guest: "init_dropped", end: job.Trap, message: "out of bounds memory access"},
	{guest: "table_init_dropped", end: job.Trap, message: "invalid table access"},
	{guest: "dirty", end: job.Trap, message: "unreachable"},
	{guest: "dirty", payload: "s", end: job.Deadline},
	{guest: "dirty", payload: "e", end: job.ExitCode},
	{guest: "close_streams", end: job.Trap, message: "unreachable"},
	{guest: "command_close", end: job.Success},
}

// name is the attack's as a subtest.
func (a attack) name() string {
	if a.payload != "" {
		return path.Base(a.guest) + " " + a.payload
	}
	return path.Base(a.guest)
}

func (a attack) binary(t testing.TB) []byte {
	t.Helper()
	if a.generate != nil {
		return a.generate()
	}
	return wattest.CompileFile(t, "testdata/hostile/"+a.guest+".wat")
}

// load makes the guest ready, with a memory limit that is soon reached. Fuel
// is an end of its own, which no guest here is to meet by chance.
func (a attack) load(t testing.TB, b *bundle) *sandbox.Module {
	t.Helper()
	limits := a.limits
	limits = limits.Or(job.Limits{Memory: 16 * mib, Fuel: 1 << 62})
	m, err := b.Load(context.Background(), a.binary(t), &abi.Manifest{Name: "guest"}, limits)
	require.NoError(t, err)
	return m
}

// run carries out the attack, with timeout for one that ends at its deadline
// only, and for all others time enough to end for a reason of their own.
func (a attack) run(m *sandbox.Module, timeout time.Duration) *job.Result {
	j := newJob([]byte(a.payload))
	if a.end == job.Deadline {
		j.Timeout = timeout
	}
	return m.Run(context.Background(), j)
}

// bystander is a module of somebody else's on the same runtime.
type bystander struct{ m *sandbox.Module }

func newBystander(t testing.TB, b *bundle) bystander {
	return bystander{b.load(t, "echo", job.Limits{})}
}

// check has the bystander's next job come out right.
func (n bystander) check(t testing.TB) {
	t.Helper()
	r := n.m.Run(context.Background(), newJob([]byte("still here")))
	require.Equal(t, job.Success.String(), r.End.String(), r.Error)
	require.Equal(t, "still here", string(r.Output))
}

// Each hostile guest ends for its reason, and neither the next job of another
// module nor that of its own is any worse for it.
func TestHostile(t *testing.T) {
	const timeout = 100 * time.Millisecond
	b := setup(t, sandbox.Options{})
	other := newBystander(t, b)
	for _, a := range attacks {
		t.Run(a.name(), func(t *testing.T) {
			m := a.load(t, b)
			for range 2 {
				r := a.run(m, timeout)
				if a.or == job.Unknown || r.End != a.or {
					require.Equal(t, a.end.String(), r.End.String(), r.Error)
					require.Contains(t, r.Error, a.message)
				}
				require.NotContains(t, r.Error, "goroutine", "a message is no trace of the host's")
				other.check(t)
				if !a.single {
					r := m.Run(context.Background(), newJob([]byte("x")))
					require.Equal(t, job.Success.String(), r.End.String(), r.Error)
				}
			}
			require.NoError(t, m.Close(context.Background()))
			other.check(t)
		})
	}
}

// A command whose streams were closed by the job before has its own.
func TestHostileStreamsAreTheNextJobs(t *testing.T) {
	b := setup(t, sandbox.Options{})
	for guest, want := range map[string]struct {
		output string
		log    []string
	}{
		"command_close": {output: "x"},
		"close_streams": {log: []string{"ok", "ok"}},
	} {
		t.Run(guest, func(t *testing.T) {
			m := attack{guest: guest}.load(t, b)
			for range 3 {
				m.Run(context.Background(), newJob(nil))
				r := m.Run(context.Background(), newJob([]byte("x")))
				require.Equal(t, job.Success.String(), r.End.String(), r.Error)
				require.Equal(t, want.output, string(r.Output))
				var log []string
				for _, line := range r.Log {
					log = append(log, line.Text)
				}
				require.Equal(t, want.log, log)
			}
		})
	}
}
