package hosttest_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/hosttest"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

// The guest of these tests has sixteen pages. Its payload begins with the place of
// a function and the four arguments, 32 bits each, and lies at payloadAt.
const (
	hostileMemory = 16 << 16
	payloadAt     = 64
	requestAt     = payloadAt + 20
)

// contract are the functions of all import modules, as "module function".
func contract() []string {
	var all []string
	for _, module := range slices.Sorted(maps.Keys(abi.Functions())) {
		for _, function := range abi.Functions()[module] {
			all = append(all, module+" "+function)
		}
	}
	return all
}

// hostileGuest calls any function with any arguments, and gives back its result.
func hostileGuest(t *testing.T) []byte {
	var imports, table strings.Builder
	for i, f := range contract() {
		module, function, _ := strings.Cut(f, " ")
		fmt.Fprintf(&imports, "(import %q %q (func $f%d (type $host)))\n", module, function, i)
		fmt.Fprintf(&table, " $f%d", i)
	}
	place := func(function string) int { return slices.Index(contract(), abi.JobV1+" "+function) }
	return wattest.Compile(t, fmt.Sprintf(`(module
		(type $host (func (param i32 i32 i32 i32) (result i64)))
		%s
		(table funcref (elem%s))
		(memory (export "memory") 16 16)
		(func (export "henge_run") (result i32)
			(drop (call $f%d (i32.const 0) (i32.const 0) (i32.const %d) (i32.const %d)))
			(i64.store (i32.const 0) (call_indirect (type $host)
				(i32.load offset=4 (i32.const %[4]d)) (i32.load offset=8 (i32.const %[4]d))
				(i32.load offset=12 (i32.const %[4]d)) (i32.load offset=16 (i32.const %[4]d))
				(i32.load (i32.const %[4]d))))
			(drop (call $f%[6]d (i32.const 0) (i32.const 8) (i32.const 0) (i32.const 0)))
			(i32.const 0)))`, imports.String(), table.String(), place("input"), payloadAt, hostileMemory-payloadAt, place("output")))
}

// span is a range of guest memory.
type span struct{ at, n uint32 }

func (s span) inside() bool { return s.n == 0 || uint64(s.at)+uint64(s.n) <= hostileMemory }

// hostile is a host with the guest.
type hostile struct {
	*hosttest.Host
	guest *sandbox.Module
}

// call has the guest make one call, with data at requestAt, and checks that
// what comes of it is the guest's own business.
func (h *hostile) call(t *testing.T, place int, request, reply span, data []byte) {
	t.Helper()
	payload := make([]byte, 0, 20+len(data))
	for _, v := range []uint32{uint32(place), request.at, request.n, reply.at, reply.n} {
		payload = binary.LittleEndian.AppendUint32(payload, v)
	}
	r := h.Run(context.Background(), h.guest, &job.Job{Caller: hosttest.Circle, Payload: append(payload, data...)})
	what := fmt.Sprintf("%s, request %v, reply %v, data %.40q: %s", contract()[place], request, reply, data, r.Error)
	if !request.inside() || !reply.inside() {
		require.Equal(t, job.Trap.String(), r.End.String(), what)
		require.Contains(t, r.Error, "outside of the module's memory", what)
		return
	}
	require.Equal(t, job.Success.String(), r.End.String(), what)
	code := int64(binary.LittleEndian.Uint64(r.Output[len(r.Output)-8:]))
	require.GreaterOrEqual(t, code, int64(abi.Internal), what)
	require.NotEqual(t, int64(abi.Internal), code, what)
}

// Each function of the contract, with every range at an edge and with messages
// that mean harm: what comes of it is an error value, or a trap of that guest.
func TestHostileCalls(t *testing.T) {
	host, err := hosttest.Open(t.Context(), hosttest.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, host.Close(context.Background())) })
	guest, err := host.Load(t.Context(), hostileGuest(t), nil, job.Limits{})
	require.NoError(t, err)
	h := &hostile{host, guest}
	for place, function := range contract() {
		t.Run(function, func(t *testing.T) {
			for _, at := range []uint32{0, 1, hostileMemory - 1, hostileMemory, hostileMemory + 1, math.MaxInt32, 1 << 31, math.MaxUint32} {
				for _, n := range []uint32{0, 1, 2, math.MaxInt32, 1 << 31, math.MaxUint32} {
					h.call(t, place, span{at, n}, span{}, nil)
					h.call(t, place, span{}, span{at, n}, nil)
				}
			}
			for _, message := range hostileMessages() {
				request := span{requestAt, uint32(len(message))}
				h.call(t, place, request, span{}, message)
				if len(message) > 1000 {
					continue // where the reply would lie makes no difference, and copying takes long
				}
				h.call(t, place, request, request, message)
				h.call(t, place, request, span{requestAt + 1, request.n}, message)
				h.call(t, place, request, span{0, hostileMemory}, message)
			}
		})
		host.Reset()
	}
	h.call(t, slices.Index(contract(), abi.ClockV1+" now"), span{}, span{0, 8}, nil)
}

// hostileMessages are requests that a reader could trip over.
func hostileMessages() [][]byte {
	const deep = 100_000
	repeat := func(s string) []byte { return bytes.Repeat([]byte(s), deep) }
	closed := func(open, shut string) []byte { return append(repeat(open), repeat(shut)...) }
	return [][]byte{
		repeat("\x81"),               // lists in lists, to no end
		append(repeat("\x81"), 0x80), // and to an end
		repeat("\x9f"),               // of unknown length
		repeat("\xa1\x61a"),          // maps in maps
		closed("[", "]"),             // the same in JSON
		repeat(`{"a":`),              //
		[]byte("\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),          // a list of 2^64-1
		[]byte("\xbb\xff\xff\xff\xff\xff\xff\xff\xff"),          // a map of as many
		[]byte("\x81\x5b\x7f\xff\xff\xff\xff\xff\xff\xff"),      // bytes of 2^63-1
		[]byte("\x81\x7b\x00\x00\x00\x00\xff\xff\xff\xff"),      // a text of 2^32-1
		[]byte("\x9a\x00\x02\x00\x01"),                          // one element more than are read
		[]byte("\x81\x62\xff\xfe"),                              // a text that is not UTF-8
		[]byte("\xa1\x62\xc0\xaf\x01"),                          // as a key
		[]byte("[\"\xff\xfe\"]"),                                // in JSON
		[]byte("{\"sql\":\"\\ud800\"}"),                         // half of a pair
		[]byte("\xa2\x61a\x01\x61a\x02"),                        // a key that stands twice
		[]byte("\xa1\x01\x02"),                                  // a key that is no text
		[]byte("\x81\xc2\x41\x01"),                              // a tag
		[]byte("\x81\xfb\x7f\xf8\x00\x00\x00\x00\x00\x01"),      // NaN with a payload
		[]byte("[1e999999999]"),                                 //
		[]byte("[-9223372036854775809]"),                        //
		append([]byte("[\""), append(repeat("a"), "\"]"...)...), // a long text
		[]byte(`{"$bytes":"!"}`),                                //
		{0},                                                     //
		repeat("\x00"),                                          //
	}
}
