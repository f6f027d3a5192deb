package clock_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/captest"
	"github.com/henge-run/henge/host/capability/clock"
)

func count(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }

func TestFixedTime(t *testing.T) {
	s := captest.NewSession()
	b, err := captest.Call(t, clock.New(), "now", s, nil)
	require.NoError(t, err)
	require.Len(t, b, 8)
	require.Equal(t, captest.Start.Add(time.Second).UnixNano(), int64(binary.LittleEndian.Uint64(b)))

	b, err = captest.Call(t, clock.New(), "monotonic", s, nil)
	require.NoError(t, err)
	require.Len(t, b, 8)
	require.Equal(t, uint64(time.Second), binary.LittleEndian.Uint64(b))
}

func TestRandom(t *testing.T) {
	s := captest.NewSession()
	b, err := captest.Call(t, clock.New(), "random", s, count(3))
	require.NoError(t, err)
	require.Equal(t, "abc", string(b))
	b, err = captest.Call(t, clock.New(), "random", s, count(2))
	require.NoError(t, err)
	require.Equal(t, "de", string(b), "the source goes on")
	b, err = captest.Call(t, clock.New(), "random", s, count(0))
	require.NoError(t, err)
	require.Empty(t, b)
}

func TestRandomBounds(t *testing.T) {
	s := captest.NewSession()
	s.Random = rand.Reader
	b, err := captest.Call(t, clock.New(), "random", s, count(abi.MaxRandom))
	require.NoError(t, err)
	require.Len(t, b, abi.MaxRandom)
	for name, c := range map[string]struct {
		request []byte
		code    abi.Code
	}{
		"one too many":   {count(abi.MaxRandom + 1), abi.TooLarge},
		"as many as can": {count(1<<32 - 1), abi.TooLarge},
		"no count":       {nil, abi.InvalidArgument},
		"short count":    {[]byte{1, 0, 0}, abi.InvalidArgument},
		"long count":     {[]byte{1, 0, 0, 0, 0}, abi.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := captest.Call(t, clock.New(), "random", s, c.request)
			var e *abi.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.code, e.Code)
			require.Empty(t, b)
		})
	}
}

// A source that fails is the host's fault, and not told as a guest's mistake.
func TestRandomSourceFails(t *testing.T) {
	_, err := captest.Call(t, clock.New(), "random", captest.NewSession(), count(27))
	require.ErrorContains(t, err, "read randomness")
	var e *abi.Error
	require.NotErrorAs(t, err, &e)
}

func TestDuringInit(t *testing.T) {
	require.True(t, clock.New().DuringInit)
}

// A guest may ask for the time in a loop: the host must not make garbage of
// each call.
func BenchmarkNow(b *testing.B) {
	now := captest.Function(b, clock.New(), "now")
	c := capability.Call{Session: captest.NewSession()}
	ctx := context.Background()
	allocs := testing.AllocsPerRun(100, func() { _ = now(ctx, &c) })
	require.Zero(b, allocs)
	b.ReportAllocs()
	for b.Loop() {
		if err := now(ctx, &c); err != nil {
			b.Fatal(err)
		}
	}
}

func TestNoGarbage(t *testing.T) {
	s := captest.NewSession()
	s.Random = rand.Reader
	c := capability.Call{Session: s, Request: count(1000)}
	ctx := context.Background()
	for _, name := range []string{"now", "monotonic", "random"} {
		f := captest.Function(t, clock.New(), name)
		require.NoError(t, f(ctx, &c))
		require.Zero(t, testing.AllocsPerRun(100, func() { _ = f(ctx, &c) }), name)
	}
}
