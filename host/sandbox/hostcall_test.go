package sandbox_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// table is the order of functions in calls.wat.
var table = strings.Fields("input meta output progress fail take write now monotonic random echo boom full")

// memorySize is the memory of calls.wat.
const memorySize = 65536

// call is one host call of calls.wat.
type call struct {
	function       string
	data           string // the request; empty for none
	outPtr, outCap uint32

	// at, where set, is where the request lies, in place of where data was
	// put, and length how long it is said to be.
	at     *uint32
	length uint32
}

// results are what came of a list of calls.
type results struct {
	*job.Result
	codes  []int64
	memory []byte
}

func (r results) text(at, n int) string { return string(r.memory[at : at+n]) }

// makeCalls has a guest make the calls, one after another, in one job.
func makeCalls(t *testing.T, limits job.Limits, calls ...call) results {
	t.Helper()
	const base, width = 0x8000, 20
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(calls)))
	data := uint32(base + 4 + len(calls)*width)
	var tail []byte
	for _, c := range calls {
		place := slices.Index(table, c.function)
		require.GreaterOrEqual(t, place, 0, c.function)
		at, n := data+uint32(len(tail)), uint32(len(c.data))
		if c.at != nil {
			at, n = *c.at, c.length
		}
		for _, v := range []uint32{uint32(place), at, n, c.outPtr, c.outCap} {
			head = binary.LittleEndian.AppendUint32(head, v)
		}
		tail = append(tail, c.data...)
	}
	m := setup(t, sandbox.Options{}).load(t, "calls", limits)
	r := results{Result: m.Run(context.Background(), newJob(append(head, tail...)))}
	if len(r.Output) == memorySize {
		r.memory = r.Output
		for i := range calls {
			r.codes = append(r.codes, int64(binary.LittleEndian.Uint64(r.memory[0xc000+8*i:])))
		}
	}
	return r
}

func at(ptr uint32) *uint32 { return &ptr }

func TestReplyFits(t *testing.T) {
	r := makeCalls(t, job.Limits{},
		call{function: "echo", data: "hello", outPtr: 100, outCap: 5},
		call{function: "take", outPtr: 200, outCap: 100},
	)
	require.Equal(t, job.Success, r.End, r.Error)
	require.Equal(t, []int64{5, int64(abi.NotFound)}, r.codes, "what was delivered is not parked")
	require.Equal(t, "\x00hello\x00", r.text(99, 7))
	require.Equal(t, make([]byte, 100), r.memory[200:300])
}

func TestReplyIsParked(t *testing.T) {
	r := makeCalls(t, job.Limits{},
		call{function: "echo", data: "hello", outPtr: 100, outCap: 4},
		call{function: "take", outPtr: 200, outCap: 4},
		call{function: "take", outPtr: 300, outCap: 5},
		call{function: "take", outPtr: 400, outCap: 50},
		call{function: "echo", data: "x", outPtr: 500, outCap: 1},
		call{function: "take", outPtr: 600, outCap: 50},
	)
	require.Equal(t, job.Success, r.End, r.Error)
	require.Equal(t, []int64{5, 5, 5, 5, 1, int64(abi.NotFound)}, r.codes)
	require.Equal(t, make([]byte, 200), r.memory[100:300], "what does not fit is not written in part")
	require.Equal(t, "hello", r.text(300, 5))
	require.Equal(t, "hello\x00", r.text(400, 6), "it may be taken again until the next call")
	require.Equal(t, int64(4), r.Cost.HostCalls, "input, echo twice and output: take is none of its own")
}

func TestOutCapZero(t *testing.T) {
	r := makeCalls(t, job.Limits{},
		call{function: "echo", data: "hello"},
		call{function: "take", outPtr: 100, outCap: 5},
		call{function: "echo"},
		call{function: "take"},
	)
	require.Equal(t, []int64{5, 5, 0, int64(abi.NotFound)}, r.codes, "an empty reply always fits")
	require.Equal(t, "hello", r.text(100, 5))
}

func TestTakeOfNothing(t *testing.T) {
	r := makeCalls(t, job.Limits{}, call{function: "take", outCap: 100, outPtr: 100})
	require.Equal(t, []int64{int64(abi.NotFound)}, r.codes)
	require.Equal(t, make([]byte, 100), r.memory[100:200])
}

func TestErrorsAreParked(t *testing.T) {
	r := makeCalls(t, job.Limits{},
		call{function: "full", outPtr: 100, outCap: 50},
		call{function: "take", outPtr: 200, outCap: 50},
		call{function: "boom", outPtr: 100, outCap: 50},
		call{function: "take", outPtr: 300, outCap: 50},
		call{function: "fail", data: `{"oops":1}`},
		call{function: "take", outPtr: 400, outCap: 200},
		call{function: "meta", data: "\x00"},
		call{function: "take", outPtr: 600, outCap: 200},
	)
	require.Equal(t, job.Success, r.End, r.Error)
	require.Equal(t, make([]byte, 50), r.memory[100:150], "an error writes nothing")
	require.Equal(t, int64(abi.Limit), r.codes[0])
	require.Equal(t, "no more of that\x00", r.text(200, 16))
	require.Equal(t, int64(len("no more of that")), r.codes[1])
	require.Equal(t, int64(abi.Internal), r.codes[2])
	require.Equal(t, "the host could not carry out boom\x00", r.text(300, 34), "a host's own error is not told")
	require.Equal(t, int64(abi.InvalidArgument), r.codes[4])
	require.Contains(t, r.text(400, 200), "oops")
	require.Equal(t, int64(abi.InvalidArgument), r.codes[6])
	require.Contains(t, r.text(600, 200), "begins with byte 0x00")
}

// A range may end where memory ends, and an empty one may point anywhere.
func TestRangesThatAreFine(t *testing.T) {
	r := makeCalls(t, job.Limits{},
		call{function: "echo", data: "12345678", outPtr: memorySize - 8, outCap: 8},
		call{function: "echo", at: at(memorySize - 8), length: 8, outPtr: 100, outCap: 8},
		call{function: "echo", at: at(0), length: memorySize, outPtr: 0, outCap: memorySize - 1},
		call{function: "echo", at: at(memorySize), outPtr: memorySize},
		call{function: "echo", at: at(1<<32 - 1), outPtr: 1<<32 - 1},
		call{function: "take", at: at(1 << 31), outPtr: 1 << 31},
	)
	require.Equal(t, job.Success, r.End, r.Error)
	require.Equal(t, []int64{8, 8, memorySize, 0, 0, int64(abi.NotFound)}, r.codes)
	require.Equal(t, "12345678", r.text(memorySize-8, 8))
	require.Equal(t, "12345678", r.text(100, 8))
}

// The request was copied first: a reply made of it stays what it was when the
// guest's memory changes.
func TestRequestIsCopied(t *testing.T) {
	r := makeCalls(t, job.Limits{},
		call{function: "echo", data: "12345678", outPtr: 100, outCap: 8},
		call{function: "echo", at: at(100), length: 8},
		call{function: "take", outPtr: 102, outCap: 8},
		call{function: "take", outPtr: 200, outCap: 8},
	)
	require.Equal(t, "1212345678", r.text(100, 10))
	require.Equal(t, "12345678", r.text(200, 8))
}

func TestRangesThatTrap(t *testing.T) {
	for name, c := range map[string]call{
		"request one byte too long":    {function: "echo", at: at(memorySize - 8), length: 9},
		"request behind the end":       {function: "echo", at: at(memorySize), length: 1},
		"request wraps around":         {function: "echo", at: at(1<<32 - 1), length: 2},
		"request of 4 GiB":             {function: "echo", at: at(1), length: 1<<32 - 1},
		"reply one byte too long":      {function: "now", outPtr: memorySize - 8, outCap: 9},
		"reply behind the end":         {function: "now", outPtr: memorySize, outCap: 1},
		"reply wraps around":           {function: "now", outPtr: 1<<32 - 1, outCap: 2},
		"a reply that would not be":    {function: "full", outPtr: memorySize, outCap: 1},
		"take, reply behind the end":   {function: "take", outPtr: memorySize, outCap: 1},
		"take, request behind the end": {function: "take", at: at(memorySize), length: 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := makeCalls(t, job.Limits{}, c)
			require.Equal(t, job.Trap, r.End)
			require.Contains(t, r.Error, "outside of the module's memory")
			require.Empty(t, r.Output)
		})
	}
}

// Who a job is comes from the host, whatever the payload says.
func TestIdentityIsTheHosts(t *testing.T) {
	r := makeCalls(t, job.Limits{},
		call{function: "meta", data: "{}", outPtr: 100, outCap: 2000},
		call{function: "meta", data: `{"circle":"other"}`},
	)
	require.Positive(t, r.codes[0])
	meta := r.text(100, int(r.codes[0]))
	require.Contains(t, meta, `{"id":"j1","circle":"acme","caller":"alice","type":"guest","dialect":"local","attempt":2,`)
	require.NotContains(t, meta, "other")
	require.Equal(t, int64(abi.InvalidArgument), r.codes[1])
}

func TestAccessDeniedBeforeAJob(t *testing.T) {
	r := run(t, "init_access", job.Limits{}, nil)
	require.Equal(t, job.Success, r.End, r.Error)
	require.Equal(t, int64(abi.AccessDenied), int64(binary.LittleEndian.Uint64(r.Output)))
	require.Contains(t, string(r.Output[8:]), "henge_job_v1 may not be used before a job runs")
}

func TestLimitsAreAnswered(t *testing.T) {
	r := makeCalls(t, job.Limits{},
		call{function: "random", data: "\x01\x00\x01\x00"},
		call{function: "take", outPtr: 100, outCap: 200},
		call{function: "random", data: "\x00\x00\x01\x00", outPtr: 1000, outCap: 1000},
	)
	require.Equal(t, int64(abi.TooLarge), r.codes[0])
	require.Contains(t, r.text(100, 200), "65537 random bytes were asked for")
	require.Equal(t, int64(abi.MaxRandom), r.codes[2])
}

// What does not fit into the result is not there in part, and the job goes on.
func TestOutputLimitIsAnswered(t *testing.T) {
	r := makeCalls(t, job.Limits{Output: memorySize}, call{function: "output", at: at(0), length: 100})
	require.Equal(t, job.Success, r.End, r.Error)
	require.Len(t, r.Output, 100, "the whole of memory no longer fits")
}

func TestLogOfAJob(t *testing.T) {
	r := makeCalls(t, job.Limits{},
		call{function: "write", data: `{"text":"a","level":"warn","fields":{"n":1}}`},
		call{function: "write", data: "\xa1\x64text\x61b"},
		call{function: "write", data: `{"level":"none"}`},
	)
	require.Equal(t, job.Success, r.End, r.Error)
	require.Len(t, r.Log, 2)
	require.Equal(t, "a", r.Log[0].Text)
	require.Equal(t, job.Warn, r.Log[0].Level)
	require.Equal(t, map[string]any{"n": int64(1)}, r.Log[0].Fields)
	require.Equal(t, "b", r.Log[1].Text)
	require.False(t, r.Log[0].Time.IsZero())
}

func TestLogFlood(t *testing.T) {
	r := run(t, "flood_log", job.Limits{Log: 1000}, nil)
	require.Equal(t, job.Success, r.End, "a job that talks too much ends as it would have")
	require.Len(t, r.Log, 16)
	require.Equal(t, "9985 more log lines were dropped: the job's log limit is 1000 bytes; log less, or ask the operator to raise the log limit", r.Log[15].Text)
}

// A budget that was used up may be reported a thousand times, and no more.
func TestAThousandRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		calls uint32
		end   job.End
	}{
		"a thousand": {1000, job.Success},
		"and one":    {1001, job.HostLimit},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, "refusals", job.Limits{}, binary.LittleEndian.AppendUint32(nil, c.calls))
			require.Equal(t, c.end.String(), r.End.String(), r.Error)
			if c.end == job.HostLimit {
				require.Contains(t, r.Error, "no more of that")
			}
		})
	}
}

func TestMemoryIsZeroAtTheStart(t *testing.T) {
	r := makeCalls(t, job.Limits{}, call{function: "now"})
	require.Equal(t, bytes.Repeat([]byte{0}, 0x8000), r.memory[:0x8000])
}
