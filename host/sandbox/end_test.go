package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

const mib = 1 << 20

func TestEnds(t *testing.T) {
	for name, c := range map[string]struct {
		guest   string
		limits  job.Limits
		payload string

		end     job.End
		message string // what the message contains; empty for no message
		output  string
	}{
		"success":                      {guest: "success", end: job.Success, output: "ok"},
		"echo":                         {guest: "echo", payload: "abc", end: job.Success, output: "abc"},
		"nothing done":                 {guest: "empty", end: job.Success},
		"failed":                       {guest: "fail", end: job.ScriptError, message: "no good", output: "half"},
		"the return counts":            {guest: "fail_and_succeed", end: job.Success},
		"returned 3":                   {guest: "return_3", end: job.ExitCode, message: "the module returned 3 and gave no reason"},
		"exited in henge_run":          {guest: "exit_3", end: job.ExitCode, message: "exited with code 3"},
		"command exited":               {guest: "command_exit_3", end: job.ExitCode, message: "exited with code 3"},
		"command exited with 0":        {guest: "command_exit_0", end: job.Success},
		"command spoke":                {guest: "command_stderr", end: job.ExitCode, message: "no such file"},
		"out of memory":                {guest: "memory", limits: job.Limits{Memory: 4 * mib}, end: job.Memory, message: "its limit is 4194304 bytes"},
		"out of memory, handled":       {guest: "memory_handled", limits: job.Limits{Memory: 4 * mib}, end: job.Success},
		"direct recursion":             {guest: "recursion", end: job.Stack, message: "nested too deeply"},
		"mutual recursion":             {guest: "recursion_mutual", end: job.Stack, message: "nested too deeply"},
		"unreachable":                  {guest: "trap_unreachable", end: job.Trap, message: "unreachable"},
		"out of bounds":                {guest: "trap_memory", end: job.Trap, message: "out of bounds memory access"},
		"divide by zero":               {guest: "trap_divide", end: job.Trap, message: "integer divide by zero"},
		"empty table":                  {guest: "trap_table", end: job.Trap, message: "invalid table access"},
		"trap with last words":         {guest: "trap_spoken", end: job.Trap, message: "unreachable; it said: panicked at 1"},
		"payload too large":            {guest: "echo", limits: job.Limits{Input: 2}, payload: "abc", end: job.Refused, message: "the payload has 3 bytes and the limit is 2"},
		"payload as large as may be":   {guest: "echo", limits: job.Limits{Input: 3}, payload: "abc", end: job.Success, output: "abc"},
		"host calls used up":           {guest: "loop_calls", limits: job.Limits{HostCalls: 50}, end: job.HostLimit, message: "limit of 50 host calls"},
		"failed after the limit":       {guest: "past_limit", limits: job.Limits{HostCalls: 50}, end: job.ScriptError, message: "spent"},
		"output used up":               {guest: "flood_output", limits: job.Limits{Output: 2500}, end: job.HostLimit, message: "output limit of 2500 bytes", output: strings.Repeat("\x00", 2000)},
		"command's output used up":     {guest: "command_flood", limits: job.Limits{Output: 2500}, end: job.HostLimit, message: "output limit"},
		"command's output, handled":    {guest: "command_full", limits: job.Limits{Output: 2500}, end: job.ExitCode, message: "code 7"},
		"files are not to be had":      {guest: "command_paths", end: job.Success},
		"deadline of the wall limit":   {guest: "loop", limits: job.Limits{Wall: 50 * time.Millisecond}, end: job.Deadline, message: "timeout of 50ms"},
		"deadline in br_table":         {guest: "loop_br_table", limits: job.Limits{Wall: 50 * time.Millisecond}, end: job.Deadline, message: "timeout of 50ms"},
		"deadline between host calls":  {guest: "loop_calls", limits: job.Limits{Wall: 50 * time.Millisecond, HostCalls: 1 << 60}, end: job.Deadline, message: "timeout of 50ms"},
		"deadline in sleep":            {guest: "sleep", limits: job.Limits{Wall: 50 * time.Millisecond}, end: job.Deadline, message: "timeout of 50ms"},
		"deadline in one vast write":   {guest: "print_vast", limits: job.Limits{Wall: 50 * time.Millisecond}, end: job.Deadline, message: "timeout of 50ms"},
		"deadline in a host function":  {guest: "wait", limits: job.Limits{Wall: 50 * time.Millisecond}, end: job.Deadline, message: "timeout of 50ms"},
		"deadline before it can start": {guest: "empty", limits: job.Limits{Wall: 1}, end: job.Deadline, message: "timeout of 1ns"},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			r := run(t, c.guest, c.limits, []byte(c.payload))
			require.Equal(t, c.end.String(), r.End.String(), r.Error)
			if c.message == "" {
				require.Empty(t, r.Error)
			} else {
				require.Contains(t, r.Error, c.message)
			}
			if c.output != "" || c.end == job.Success {
				require.Equal(t, c.output, string(r.Output))
			}
			require.Less(t, time.Since(start), 20*time.Second)
			require.GreaterOrEqual(t, r.Cost.HostCalls, int64(0))
		})
	}
}

// The job's own timeout and the wall limit: the smaller wins.
func TestDeadlineOfTheJob(t *testing.T) {
	m := setup(t, sandbox.Options{}).load(t, "loop", job.Limits{Wall: time.Hour})
	j := newJob(nil)
	j.Timeout = 30 * time.Millisecond
	r := m.Run(context.Background(), j)
	require.Equal(t, job.Deadline, r.End)
	require.Contains(t, r.Error, "timeout of 30ms")
	require.GreaterOrEqual(t, r.Cost.Wall, 30*time.Millisecond)
}

func TestStoppedFromOutside(t *testing.T) {
	for name, c := range map[string]struct {
		cause   error
		end     job.End
		message string
	}{
		"cancelled":           {errors.New("alice asked for it"), job.Cancelled, "the job was cancelled: alice asked for it"},
		"without a cause":     {nil, job.Cancelled, "the job was cancelled: context canceled"},
		"lease lost":          {job.ErrLeaseLost, job.LeaseLost, "the lease was lost"},
		"lease lost, wrapped": {fmt.Errorf("renew: %w", job.ErrLeaseLost), job.LeaseLost, "renew: the lease was lost"},
	} {
		for _, guest := range []string{"wait", "loop", "sleep"} {
			t.Run(name+" in "+guest, func(t *testing.T) {
				b := setup(t, sandbox.Options{})
				m := b.load(t, guest, job.Limits{})
				ctx, cancel := context.WithCancelCause(context.Background())
				defer cancel(nil)
				if guest == "wait" {
					go func() { <-b.waiting; cancel(c.cause) }()
				} else {
					timer := time.AfterFunc(20*time.Millisecond, func() { cancel(c.cause) })
					defer timer.Stop()
				}
				r := m.Run(ctx, newJob(nil))
				require.Equal(t, c.end.String(), r.End.String(), r.Error)
				require.Contains(t, r.Error, c.message)
				require.Empty(t, r.Output, "the guest goes on with nothing")
			})
		}
	}
}

func TestStoppedBeforeItStarts(t *testing.T) {
	m := setup(t, sandbox.Options{}).load(t, "success", job.Limits{})
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(job.ErrLeaseLost)
	r := m.Run(ctx, newJob(nil))
	require.Equal(t, job.LeaseLost, r.End)
	require.Empty(t, r.Output)
}

// What henge_init does is known to end when a module is loaded; that it ends
// again, where each job has it run, is not.
func TestInitAtRunTime(t *testing.T) {
	for guest, c := range map[string]struct {
		end     job.End
		message string
	}{
		"init_loop": {job.Deadline, "timeout of 50ms"},
		"init_exit": {job.Trap, "it exited before it was asked to run"},
	} {
		t.Run(guest, func(t *testing.T) {
			b := setup(t, sandbox.Options{})
			m := b.loadFresh(t, guest, job.Limits{Wall: 50 * time.Millisecond})
			require.Equal(t, job.Success, m.Run(context.Background(), newJob(nil)).End)
			b.flag.Store(true)
			r := m.Run(context.Background(), newJob(nil))
			require.Equal(t, c.end.String(), r.End.String(), r.Error)
			require.Contains(t, r.Error, c.message)
		})
	}
}

func TestNoRetry(t *testing.T) {
	require.True(t, run(t, "fail", job.Limits{}, nil).NoRetry)
	require.False(t, run(t, "return_3", job.Limits{}, nil).NoRetry)
}

func TestCost(t *testing.T) {
	r := run(t, "memory_handled", job.Limits{Memory: 4 * mib}, nil)
	require.Equal(t, int64(3*mib+65536), r.Cost.MemoryPeak, "one page and three times sixteen")
	require.Positive(t, r.Cost.Wall)
	require.Zero(t, r.Cost.HostCalls)
	require.Equal(t, int64(2), run(t, "echo", job.Limits{}, nil).Cost.HostCalls)
}

// The table is in no memory limit of the runtime's, and would take 32 GiB of
// the host's memory.
func TestTableHasAnEnd(t *testing.T) {
	r := run(t, "table_grow", job.Limits{}, nil)
	require.Equal(t, job.Success, r.End, r.Error)
	size := uint32(r.Output[0]) | uint32(r.Output[1])<<8 | uint32(r.Output[2])<<16 | uint32(r.Output[3])<<24
	require.LessOrEqual(t, size, uint32(1<<20))
	require.Greater(t, size, uint32(1<<19))
}
