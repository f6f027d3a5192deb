package schedule

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzCron: what is accepted has ticks that increase, is found again in its own
// text, and is answered soon. An expression that the search has no end for
// takes seconds; the limit leaves room for a busy machine.
func FuzzCron(f *testing.F) {
	for _, text := range []string{
		"0 9 * * mon-fri", "*/20 59 23 31 12 *", "0 0 29 2 *", "0 0 30 2 *", "@hourly", "@every 1s", ", * * * *",
		"*-x * * * *", "TZ=UTC", "*/0 * * * *", "1,,2 * * * *", "59 59 23 29 2 sun", "? ? ? ? ?", "0 0 31 2-6/2 7",
	} {
		f.Add(text, int64(1_774_746_000), "Europe/Berlin")
		f.Add(text, int64(4_000_000_000), "")
	}
	f.Fuzz(func(t *testing.T, text string, after int64, zone string) {
		began := time.Now()
		spec := Spec{Cron: text, Zone: zone}
		s, err := spec.Compile()
		if err != nil {
			require.Less(t, len(err.Error()), 400)
			return
		}
		ticks := s.NextN(time.Unix(after, 0), 5)
		for i, tick := range ticks {
			require.Zero(t, tick.Nanosecond())
			require.True(t, tick.After(time.Unix(after, 0)))
			require.True(t, i == 0 || tick.After(ticks[i-1]))
		}
		if after < latest.Unix()-20*366*86400 {
			require.NotEmpty(t, ticks, "accepted, but never due")
		}
		again, err := ParseSpec(spec.String())
		require.NoError(t, err)
		require.Equal(t, spec.String(), again.String())
		require.Less(t, time.Since(began), 2*time.Second)
	})
}
