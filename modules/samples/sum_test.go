package samples_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
)

const (
	payloadMax = 64 << 10
	maxInt     = "9223372036854775807"
	minInt     = "-9223372036854775808"
)

func TestSumIsSmall(t *testing.T) {
	require.Less(t, load(t, "sum").Size, 4<<10)
}

func TestSum(t *testing.T) {
	m := load(t, "sum")
	for name, c := range map[string]struct{ payload, output, message string }{
		"nothing":        {"", "0", ""},
		"white space":    {" \n\t\r ", "0", ""},
		"one":            {"42", "42", ""},
		"several":        {"1 2\n3\t-10\r\n+4", "0", ""},
		"largest":        {maxInt, maxInt, ""},
		"smallest":       {minInt, minInt, ""},
		"both":           {maxInt + " " + minInt, "-1", ""},
		"longest":        {strings.Repeat("1 ", payloadMax/2), strconv.Itoa(payloadMax / 2), ""},
		"too long":       {strings.Repeat("1", payloadMax+1), "", "the payload has 65537 bytes, and this runner takes at most 65536"},
		"no number":      {"1 2 x 4", "", "number 3 is not a whole number of 64 bits in decimal"},
		"fraction":       {"1.5", "", "number 1 is not a whole number"},
		"beyond 64 bits": {maxInt + "0", "", "number 1 is not a whole number of 64 bits"},
		"not text":       {"1 \xff", "", "number 2 is not a whole number"},
		"overflow":       {maxInt + " 0 1", "", "the sum is beyond 64 bits at number 3"},
		"underflow":      {minInt + " -1", "", "the sum is beyond 64 bits at number 2"},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(m, c.payload)
			require.Equal(t, c.output, string(r.Output))
			if c.message == "" {
				require.Equal(t, job.Success, r.End, r.Error)
				return
			}
			require.Equal(t, job.ScriptError, r.End)
			require.Contains(t, r.Error, c.message)
			require.True(t, r.NoRetry, "the same payload is as wrong the next time")
		})
	}
}

// FuzzSum compares the runner with the same in Go.
func FuzzSum(f *testing.F) {
	for _, payload := range []string{"", "1 2 3", maxInt + " 1", minInt + "\v1", "- + 0x1 1_0 00 -0", "\u00a01", "1\x00"} {
		f.Add(payload)
	}
	m := load(f, "sum")
	f.Fuzz(func(t *testing.T, payload string) {
		want, err := sum(payload)
		r := run(m, payload)
		if err != nil {
			require.Equal(t, job.ScriptError, r.End)
			require.EqualError(t, err, r.Error)
			return
		}
		require.Equal(t, job.Success, r.End, r.Error)
		require.Equal(t, strconv.FormatInt(want, 10), string(r.Output))
	})
}

func sum(payload string) (int64, error) {
	if len(payload) > payloadMax {
		return 0, fmt.Errorf("the payload has %d bytes, and this runner takes at most %d", len(payload), payloadMax)
	}
	var sum int64
	for i, word := range strings.FieldsFunc(payload, func(r rune) bool { return strings.ContainsRune(" \t\n\f\r", r) }) {
		number, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("number %d is not a whole number of 64 bits in decimal", i+1)
		}
		if number > 0 && sum > math.MaxInt64-number || number < 0 && sum < math.MinInt64-number {
			return 0, fmt.Errorf("the sum is beyond 64 bits at number %d", i+1)
		}
		sum += number
	}
	return sum, nil
}
