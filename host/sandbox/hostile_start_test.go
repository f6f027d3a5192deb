package sandbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

// What a module does before it is asked to do anything is as hostile as what
// it does in a job, and has no job's limits: whatever runs first, the module
// is refused in time, with the reason for which it ended.
func TestHostileStart(t *testing.T) {
	const timeout = 300 * time.Millisecond
	b := setup(t, sandbox.Options{LoadTimeout: timeout})
	other := newBystander(t, b)
	for when, how := range map[string]string{
		"start function": `(start $hostile)`,
		"_initialize":    `(export "_initialize" (func $hostile))`,
		"henge_init":     `(export "henge_init" (func $hostile))`,
	} {
		for what, c := range map[string]struct{ body, want string }{
			"spins":                {`(loop $l (br $l))`, "did not come up within 300ms"},
			"calls without a loop": {`(call $tree (i32.const 31))`, "did not come up within 300ms"},
			"fills without end":    {`(loop $l (memory.fill (i32.const 0) (i32.const 0) (i32.const 0x400000)) (br $l))`, "did not come up within 300ms"},
			"sleeps":               {`(drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))`, "did not come up within 300ms"},
			"recurses":             {`(call $hostile)`, "start: stack: "},
			"traps":                {`(unreachable)`, "start: trap: "},
			"exits with 0":         {`(call $exit (i32.const 0))`, "it exited before it was asked to run"},
			"exits with 3":         {`(call $exit (i32.const 3))`, "start: exit_code: "},
			"exits as a deadline":  {`(call $exit (i32.const 0xefffffff))`, "start: exit_code: "},
			"takes all memory":     {`(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)`, "start: memory: "},
			"reads its payload":    {`(if (i64.ge_s (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (i64.const 0)) (then (return))) (unreachable)`, "start: trap: "},
		} {
			t.Run(when+" "+what, func(t *testing.T) {
				start := time.Now()
				err := tryLoad(t, b, wattest.Compile(t, `(module
					(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
					(import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
					(import "henge_job_v1" "input" (func $input `+host+`))
					(memory (export "memory") 64)
					(data (i32.const 16) "\01\00\00\00\00\00\00\00\ff\ff\ff\ff\ff\ff\ff\7f")
					(func $tree (param $n i32)
						(if (local.get $n) (then
							(call $tree (i32.sub (local.get $n) (i32.const 1)))
							(call $tree (i32.sub (local.get $n) (i32.const 1))))))
					(func $hostile `+c.body+`)`+how+entry+`)`), abi.Manifest{}, job.Limits{Memory: 8 * mib})
				require.ErrorContains(t, err, c.want)
				require.Less(t, time.Since(start), 3*time.Second)
				other.check(t)
			})
		}
	}
}
