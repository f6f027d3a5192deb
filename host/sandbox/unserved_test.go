package sandbox_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

// A module may import all of the contract whatever a worker serves, and an
// embedding program's own capability is called where there is one.
func TestWhatIsNotServedIsUnsupported(t *testing.T) {
	served := capability.Capability{Name: abi.KVV1, Functions: []capability.Function{
		{Name: "get", Call: func(_ context.Context, c *capability.Call) error {
			c.Reply([]byte("served"))
			return nil
		}},
	}}
	b := setup(t, sandbox.Options{Capabilities: []capability.Capability{served}})
	for module, functions := range abi.Functions() {
		if module == abi.JobV1 || module == abi.LogV1 || module == abi.ClockV1 {
			continue
		}
		for _, function := range functions {
			t.Run(module+"."+function, func(t *testing.T) {
				binary := wattest.Compile(t, calling(module, function))
				m, err := b.Load(t.Context(), binary, &abi.Manifest{Name: "guest"}, job.Limits{})
				if module == abi.KVV1 && function != "get" {
					require.ErrorContains(t, err, "which has no such function; it has get")
					return
				}
				require.NoError(t, err)
				r := m.Run(t.Context(), newJob(nil))
				require.Equal(t, job.Success, r.End, r.Error)
				if module == abi.KVV1 {
					require.Equal(t, "served", strings.TrimRight(string(r.Output), "\x00"))
					return
				}
				require.Equal(t, "this worker does not serve "+module, strings.TrimRight(string(r.Output), "\x00"))
			})
		}
	}
}

// calling is a module that calls one function, whose result must be
// unsupported or a reply, and outputs what was written or parked.
func calling(module, function string) string {
	const host = `(param i32 i32 i32 i32) (result i64)`
	return fmt.Sprintf(`(module
		(import %q %q (func $f %[3]s))
		(import "henge_job_v1" "take" (func $take %[3]s))
		(import "henge_job_v1" "output" (func $output %[3]s))
		(memory (export "memory") 1)
		(func (export "henge_run") (result i32) (local $n i64)
			(local.set $n (call $f (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 100)))
			(if (i64.lt_s (local.get $n) (i64.const 0)) (then
				(if (i64.ne (local.get $n) (i64.const %d)) (then (return (i32.const 1))))
				(drop (call $take (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 100)))))
			(drop (call $output (i32.const 0) (i32.const 100) (i32.const 0) (i32.const 0)))
			(i32.const 0)))`, module, function, host, abi.Unsupported)
}
