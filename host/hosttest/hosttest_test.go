package hosttest_test

import (
	"encoding/binary"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/hosttest"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

func TestCallsAreRecorded(t *testing.T) {
	b := setup(t, hosttest.Options{})
	b.make(t,
		ask{"test_v1.echo", `{"n":1}`},
		ask{"test_v1.echo", "plain\x00"},
		ask{"redis.do", `["GET","x"]`},
		ask{"redis.do", "\x82\x63GET\x61x"},
		ask{"log.write", `{"text":"hi"}`},
	)
	calls := b.Calls()
	require.Equal(t, "job.input", calls[0].Function)
	require.Equal(t, hosttest.Nothing{}, calls[0].Request)
	require.Equal(t, []hosttest.Call{{Function: "test_v1.echo", Request: map[string]any{"n": int64(1)}, Reply: map[string]any{"n": int64(1)}}, {
		Function: "test_v1.echo", Request: hosttest.Raw("plain\x00"), Reply: hosttest.Raw("plain\x00"),
	}}, b.Calls("test_v1.echo"))
	require.Equal(t, []any{"GET", "x"}, b.Calls("redis.do")[0].Request)
	require.Equal(t, []any{"GET", "x"}, b.Calls("redis.do")[1].Request, "in CBOR as in JSON")
	require.Nil(t, b.Calls("redis.do")[0].Err)
	require.Nil(t, b.Calls("redis.do")[0].Reply)
	require.Equal(t, 2, b.Count("redis.do", []string{"GET", "x"}))
	require.Zero(t, b.Count("redis.do", []string{"GET", "y"}))
	require.Len(t, b.Outside(), 4)
	require.Empty(t, b.Problems())
}

func TestAnswers(t *testing.T) {
	b := setup(t, hosttest.Options{})
	b.Strict()
	b.Expect("redis.do", []any{"GET", "x"}).Returns("1")
	b.Expect("redis.do", []any{"GET", "x"}).Returns(nil)
	b.Expect("http.fetch", abi.Fetch{URL: "https://example.com"}).Returns(abi.Fetched{Status: 200, Headers: map[string]string{}, Body: abi.Value{V: "hi"}})
	b.Expect("kv.get", "a key").Returns("a value")
	b.Expect("kv.get", []byte("b")).Fails(abi.NotFound, "no such key")
	b.Expect("kv.set", hosttest.Any{}).Returns(hosttest.Nothing{})
	b.Expect("test_v1.echo", hosttest.Raw("x"))
	require.Equal(t, []answer{
		{0, `"1"`},
		{0, "\xf6"},
		{0, `{"body":"hi","headers":{},"status":200}`},
		{0, "a value"},
		{abi.NotFound, "no such key"},
		{0, ""},
		{0, "x"},
	}, b.make(t,
		ask{"redis.do", `["GET","x"]`},
		ask{"redis.do", "\x82\x63GET\x61x"},
		ask{"http.fetch", `{"url":"https://example.com"}`},
		ask{"kv.get", "a key"},
		ask{"kv.get", "b"},
		ask{"kv.set", `{"key":"a","value":"b"}`},
		ask{"test_v1.echo", "x"},
	))
	require.Empty(t, b.Problems())
}

func TestStrict(t *testing.T) {
	b := setup(t, hosttest.Options{})
	b.Strict()
	b.Expect("kv.get", "a").Returns("1")
	got := b.make(t, ask{"kv.get", "b"}, ask{"clock.now", ""}, ask{"log.write", `{"text":"hi"}`})
	require.Equal(t, answer{abi.Internal, `the test did not expect this call: kv.get "b"`}, got[0])
	require.Equal(t, []string{
		`this call was not expected, but this one: kv.get "a": kv.get "b"`,
		`this call was expected and did not come: kv.get "a"`,
	}, b.Problems())

	b.Reset()
	require.Empty(t, b.Problems())
	b.Strict()
	b.make(t, ask{"test_v1.echo", "x"})
	require.Equal(t, []string{`this call was not expected, and no further call was: test_v1.echo raw "x"`}, b.Problems())
}

// Without Strict what is not expected goes to the capability.
func TestLoose(t *testing.T) {
	b := setup(t, hosttest.Options{})
	b.Expect("kv.get", "a").Returns("1")
	got := b.make(t, ask{"test_v1.echo", "x"}, ask{"kv.get", "a"}, ask{"kv.get", "a"})
	require.Equal(t, answer{0, "x"}, got[0])
	require.Equal(t, answer{0, "1"}, got[1])
	require.Equal(t, abi.NotFound, got[2].code)
	require.Empty(t, b.Problems())
}

func TestWhatIsNoMessageIsAProblem(t *testing.T) {
	b := setup(t, hosttest.Options{})
	b.Expect("redis.do", func() {})
	require.Contains(t, b.Problems()[0], "the request that redis.do is expected with: a func() is no message")
}

func TestFaults(t *testing.T) {
	b := setup(t, hosttest.Options{})
	b.Inject(hosttest.Fault{Function: "test_v1.echo", Nth: 3, Code: abi.Unavailable, Message: "no server"})
	b.Inject(hosttest.Fault{Function: "clock.*", Code: abi.Limit, Message: "no more"})
	echo := ask{"test_v1.echo", "x"}
	require.Equal(t, []answer{{0, "x"}, {0, "x"}, {abi.Unavailable, "no server"}, {0, "x"}, {abi.Limit, "no more"}, {abi.Limit, "no more"}},
		b.make(t, echo, echo, echo, echo, ask{"clock.now", ""}, ask{"clock.now", ""}))
	require.Equal(t, abi.Unavailable, b.Calls("test_v1.echo")[2].Err.Code)
}

// A call that is slow takes no longer than the job may.
func TestDelay(t *testing.T) {
	b := setup(t, hosttest.Options{})
	b.Inject(hosttest.Fault{Function: "test_v1.echo", Nth: 2, Delay: time.Hour})
	r := b.Run(t.Context(), b.asks, &job.Job{Timeout: 50 * time.Millisecond, Payload: payload(t, ask{"test_v1.echo", "x"}, ask{"test_v1.echo", "x"})})
	require.Equal(t, job.Deadline, r.End, r.Error)
}

func TestClockAndRandomnessAreFixed(t *testing.T) {
	asks := []ask{{"clock.now", ""}, {"clock.random", "\x08\x00\x00\x00"}, {"clock.now", ""}, {"clock.random", "\x08\x00\x00\x00"}, {"job.meta", "{}"}}
	first := setup(t, hosttest.Options{}).make(t, asks...)
	require.Equal(t, first[0], first[2], "the clock stands still")
	require.NotEqual(t, first[1], first[3], "random bytes go on")
	require.Contains(t, first[4].text, `"deadline_ms":1767323105000`, "the deadline is by the same clock")
	b := setup(t, hosttest.Options{})
	require.Equal(t, first, b.make(t, asks...))
	require.Equal(t, first, b.make(t, asks...), "each job begins anew")

	other := setup(t, hosttest.Options{Seed: 1, Tick: time.Second, Start: time.Unix(0, 0)}).make(t, asks...)
	require.NotEqual(t, first[1], other[1])
	require.Equal(t, "\x00\xca\x9a\x3b\x00\x00\x00\x00", other[0].text, "the first look was the host's")
	require.Equal(t, "\x00\x94\x35\x77\x00\x00\x00\x00", other[2].text)
}

func TestRecordAndReplay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "calls.txt")
	b := setup(t, hosttest.Options{})
	b.Expect("kv.get", "[1]").Returns("\xff[2]")
	b.Expect("kv.get", "none").Fails(abi.NotFound, "no\nsuch key")
	asks := []ask{
		{"kv.get", "[1]"},
		{"kv.get", "none"},
		{"test_v1.echo", "\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00"},
		{"test_v1.echo", `{"a":["$",{"$bytes":"/w=="},1.0,1]}`},
		{"test_v1.echo", "raw\xff"},
	}
	recorded := b.make(t, asks...)
	require.NoError(t, b.Record(file))

	b.Reset()
	require.NoError(t, b.Replay(file))
	require.Equal(t, recorded, b.make(t, asks...))
	require.Empty(t, b.Problems())

	b.Reset()
	require.NoError(t, b.Replay(file))
	b.make(t, asks[1])
	require.Contains(t, b.Problems()[0], "this call was not expected, but this one: kv.get")
	require.Len(t, b.Problems(), 6)
}

// An attempt that is begun anew leaves no calls, and meets the same
// expectations.
func TestBegunAnew(t *testing.T) {
	b := setup(t, hosttest.Options{})
	b.Strict()
	b.Expect("kv.get", "a").Returns("1")
	b.Expect("test_v1.conflict", hosttest.Nothing{})
	require.Equal(t, []answer{{0, "1"}, {0, ""}}, b.make(t, ask{"kv.get", "a"}, ask{"test_v1.conflict", ""}))
	require.Len(t, b.Outside(), 2)
	require.Empty(t, b.Problems())
}

func TestNew(t *testing.T) {
	said := &fakeT{TB: t}
	t.Run("a test", func(t *testing.T) {
		said.TB = t
		h := hosttest.New(said, hosttest.Options{})
		h.Expect("kv.get", "never")
		m := h.Load(wattest.Compile(t, `(module (memory (export "memory") 1) (func (export "henge_run") (result i32) (i32.const 0)))`))
		require.Equal(t, job.Success, h.Run(m, &job.Job{}).End)
	})
	require.Equal(t, []string{`this call was expected and did not come: kv.get "never"`}, said.said)
}

// What WASI shows is fixed as well.
func TestWASIIsFixed(t *testing.T) {
	const guest = `(module
		(import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
		(import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
		(import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64)))
		(memory (export "memory") 1)
		(func (export "henge_run") (result i32)
			(drop (call $clock (i32.const 0) (i64.const 1) (i32.const 0)))
			(drop (call $clock (i32.const 1) (i64.const 1) (i32.const 8)))
			(drop (call $random (i32.const 16) (i32.const 16)))
			(drop (call $output (i32.const 0) (i32.const 32) (i32.const 0) (i32.const 0)))
			(i32.const 0)))`
	run := func() []byte {
		h := hosttest.New(t, hosttest.Options{})
		r := h.Run(h.Load(wattest.Compile(t, guest)), &job.Job{})
		require.Equal(t, job.Success, r.End, r.Error)
		return r.Output
	}
	first := run()
	require.Equal(t, uint64(hosttest.DefaultStart.UnixNano()), binary.LittleEndian.Uint64(first))
	require.NotEqual(t, make([]byte, 16), first[16:])
	require.Equal(t, first, run())
}

// The capabilities are real ones, and what jobs leave is there until Empty.
func TestRealCapabilities(t *testing.T) {
	b := setup(t, hosttest.Options{})
	asks := []ask{{"redis.do", `["INCR","n"]`}, {"kv.get", "k"}, {"kv.set", `{"key":"k","value":"v"}`}}
	first := b.make(t, asks...)
	require.Equal(t, answer{0, "1"}, first[0])
	require.Equal(t, abi.NotFound, first[1].code)
	require.Equal(t, []answer{{0, "2"}, {0, "v"}, {0, ""}}, b.make(t, asks...))

	require.NoError(t, b.Empty(t.Context()))
	denied := answer{abi.AccessDenied, "Insufficient authorization"}
	require.Equal(t, []answer{denied, denied, denied}, b.make(t, asks...), "nor is anybody a member")
	require.NoError(t, b.SetMember(t.Context(), hosttest.Circle, "alice", capability.Writer))
	require.Equal(t, first, b.make(t, asks...))
}
