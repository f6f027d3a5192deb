package sandbox_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// span is a range of guest memory as a guest names it.
type span struct{ at, n uint32 }

// spans lie at all edges of a memory of one page.
func spans() []span {
	var out []span
	for _, at := range []uint32{0, 1, memorySize - 1, memorySize, memorySize + 1, math.MaxInt32, 1 << 31, math.MaxUint32} {
		for _, n := range []uint32{0, 1, 2, math.MaxInt32, 1 << 31, math.MaxUint32} {
			out = append(out, span{at, n})
		}
	}
	return out
}

// inside says whether the contract has the range be one. An empty one may lie
// anywhere.
func (s span) inside() bool { return s.n == 0 || uint64(s.at)+uint64(s.n) <= memorySize }

// arguments writes numbers of 32 bits as a payload.
func arguments(values ...uint32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

// Every function of the contract, with every range at an edge as its request
// and as its reply: a range that is not inside of memory traps, and no other.
func TestHostilePointers(t *testing.T) {
	m := setup(t, sandbox.Options{}).load(t, "calls", job.Limits{})
	run := func(t *testing.T, place int, request, reply span) {
		r := m.Run(context.Background(), newJob(arguments(1, uint32(place), request.at, request.n, reply.at, reply.n)))
		what := fmt.Sprintf("request %v, reply %v: %s", request, reply, r.Error)
		if request.inside() && reply.inside() {
			require.Equal(t, job.Success.String(), r.End.String(), what)
			require.Len(t, r.Output[len(r.Output)-memorySize:], memorySize)
			return
		}
		require.Equal(t, job.Trap.String(), r.End.String(), what)
		require.Contains(t, r.Error, "outside of the module's memory")
	}
	for place, name := range table {
		t.Run(name, func(t *testing.T) {
			for _, s := range spans() {
				run(t, place, s, span{})
				run(t, place, span{}, s)
			}
		})
	}
}

// WASI answers a wrong pointer with an error number. Whichever it is, the job
// goes on with it or ends, and the host is none the worse.
func TestHostileWASIPointers(t *testing.T) {
	const (
		list   = 0x8000 // one range of 8 bytes
		fault  = 21
		edge   = memorySize
		stdout = 1
	)
	functions := []string{"fd_write", "fd_read", "poll_oneoff", "random_get", "args_get", "args_sizes_get",
		"environ_sizes_get", "fd_fdstat_get", "fd_filestat_get"}
	b := setup(t, sandbox.Options{})
	m := b.load(t, "hostile/wasi_calls", job.Limits{})
	call := func(t *testing.T, function int, args ...uint32) (errno uint32, ok bool) {
		r := m.Run(context.Background(), newJob(arguments(append([]uint32{uint32(function)}, args...)...)))
		if r.End != job.Success {
			require.Equal(t, job.Trap.String(), r.End.String(), r.Error)
			return 0, false
		}
		require.Len(t, r.Output, 4)
		return binary.LittleEndian.Uint32(r.Output), true
	}
	for function, name := range functions {
		// The arguments that are as they should be, and which of them point.
		good, pointers := []uint32{0x100, 0x200, 0, 0}, []int{0, 1}
		switch name {
		case "fd_write":
			good, pointers = []uint32{stdout, list, 1, 0x100}, []int{1, 3}
		case "fd_read":
			good, pointers = []uint32{0, list, 1, 0x100}, []int{1, 3}
		case "poll_oneoff":
			good, pointers = []uint32{0x100, 0x200, 1, 0x300}, []int{0, 1, 3}
		case "random_get":
			good, pointers = []uint32{0x100, 8, 0, 0}, []int{0}
		case "args_get":
			pointers = []int{0, 1}
		case "fd_fdstat_get", "fd_filestat_get":
			good, pointers = []uint32{stdout, 0x100, 0, 0}, []int{1}
		}
		t.Run(name, func(t *testing.T) {
			errno, ok := call(t, function, good...)
			require.True(t, ok)
			require.Zero(t, errno, "the arguments that the others are made of are right")
			for _, place := range pointers {
				for _, at := range []uint32{edge - 1, edge, edge + 1, math.MaxInt32, 1 << 31, math.MaxUint32 - 3, math.MaxUint32} {
					bad := append([]uint32(nil), good...)
					bad[place] = at
					if errno, ok := call(t, function, bad...); ok {
						require.Equal(t, uint32(fault), errno, "argument %d is 0x%x", place, at)
					}
				}
			}
			// Every count and length, of ranges, subscriptions and bytes.
			for _, n := range []uint32{0, 2, 1 << 16, 1 << 28, 1<<28 + 1, 1 << 29, 1<<29 + 1, 1 << 31, math.MaxUint32} {
				for place := range good {
					bad := append([]uint32(nil), good...)
					bad[place] = n
					call(t, function, bad...)
				}
			}
		})
	}
	newBystander(t, b).check(t)
}
