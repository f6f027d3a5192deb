package main

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestByteSize(t *testing.T) {
	for in, want := range map[string]byteSize{
		"1": 1, "65536": 65536, "10B": 10, "64KiB": 64 << 10, "64MiB": 64 << 20, "3 GiB": 3 << 30, "8589934591GiB": 8589934591 << 30,
	} {
		var b byteSize
		require.NoError(t, b.UnmarshalText([]byte(in)), in)
		require.Equal(t, want, b, in)
	}
	for _, in := range []string{"", "0", "0MiB", "-1", "+1", "64MB", "64mib", "1.5MiB", "MiB", "1 MiB x", "0x10", "8589934592GiB", "9223372036854775808", "٣"} {
		var b byteSize
		err := b.UnmarshalText([]byte(in))
		require.ErrorContains(t, err, "for example 64MiB", in)
		require.Zero(t, b)
	}
	for want, b := range map[string]byteSize{"-": 0, "1 B": 1, "1023 B": 1023, "1.5 KiB": 1536, "64.0 MiB": 64 << 20} {
		require.Equal(t, want, b.String())
	}
}

func TestCount(t *testing.T) {
	for in, want := range map[string]count{"1": 1, "50000": 50000, "20k": 20_000, "500M": 500_000_000, "2G": 2_000_000_000, "1T": 1_000_000_000_000} {
		var c count
		require.NoError(t, c.UnmarshalText([]byte(in)), in)
		require.Equal(t, want, c, in)
	}
	for _, in := range []string{"", "0", "-5", "1e6", "5K", "1MiB", "9223372037G", "many"} {
		var c count
		require.ErrorContains(t, c.UnmarshalText([]byte(in)), "for example 500M", in)
		require.Zero(t, c)
	}
	for want, c := range map[string]count{"0": 0, "999": 999, "1,000": 1000, "1,234,567": 1_234_567, "-1,000": -1000, "-100": -100, "9,223,372,036,854,775,807": math.MaxInt64} {
		require.Equal(t, want, c.String())
	}
}

func TestPeriod(t *testing.T) {
	var p period
	require.NoError(t, p.UnmarshalText([]byte("1m30s")))
	require.Equal(t, period(90*time.Second), p)
	for _, in := range []string{"", "0", "-1s", "20", "soon"} {
		require.ErrorContains(t, p.UnmarshalText([]byte(in)), "write for example", in)
	}
}

func TestTook(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"-": 0, "850ns": 846, "1.23µs": 1234, "12.34ms": 12_341_234, "1.5s": 1_500_123_456, "1h0m0s": time.Hour,
	} {
		require.Equal(t, want, took(d).String())
	}
	b, err := json.Marshal(took(1234))
	require.NoError(t, err)
	require.Equal(t, "1.234", string(b), "microseconds")
}

func FuzzQuantity(f *testing.F) {
	for _, seed := range []string{"1", "64MiB", "9223372036854775807GiB", " 1", "1 ", "-1B"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		var b byteSize
		if b.UnmarshalText([]byte(in)) == nil {
			require.Positive(t, b)
		} else {
			require.Zero(t, b)
		}
	})
}
