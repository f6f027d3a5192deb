package schedule

import (
	"testing"
	"time"
	_ "time/tzdata" // machines without a zone database test the same

	"github.com/stretchr/testify/require"
)

// compile also takes a *rapid.T, which is no testing.TB.
func compile(t require.TestingT, text string) Schedule {
	spec, err := ParseSpec(text)
	require.NoError(t, err)
	s, err := spec.Compile()
	require.NoError(t, err)
	return s
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(t, err)
	return at
}

// TestNext gives ticks with the offset of the zone, as a calendar and the
// zone's law have them.
func TestNext(t *testing.T) {
	for _, c := range []struct {
		name, spec, after string
		want              []string // all ticks are compared; fewer than 4 means the schedule ends
	}{
		{"at, before", "at 2027-01-31T09:00:00+01:00", "2027-01-31T07:59:59.999Z", []string{"2027-01-31T08:00:00Z"}},
		{"at, on the tick", "at 2027-01-31T09:00:00Z", "2027-01-31T09:00:00Z", nil},
		{"every, from the epoch", "every 7m", "1970-01-01T00:00:00Z", []string{"1970-01-01T00:07:00Z", "1970-01-01T00:14:00Z", "1970-01-01T00:21:00Z", "1970-01-01T00:28:00Z"}},
		{"every, before the epoch", "every 7m", "1969-12-31T23:52:59.5Z", []string{"1969-12-31T23:53:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:07:00Z", "1970-01-01T00:14:00Z"}},
		{"every, a fraction", "every 1s", "2026-11-24T08:00:00.999999999Z", []string{"2026-11-24T08:00:01Z", "2026-11-24T08:00:02Z", "2026-11-24T08:00:03Z", "2026-11-24T08:00:04Z"}},
		{"hourly", "cron @hourly", "2026-11-24T22:30:00Z", []string{"2026-11-24T23:00:00Z", "2026-11-25T00:00:00Z", "2026-11-25T01:00:00Z", "2026-11-25T02:00:00Z"}},
		{"seconds first", "cron */20 59 23 31 12 *", "2026-01-01T00:00:00Z", []string{"2026-12-31T23:59:00Z", "2026-12-31T23:59:20Z", "2026-12-31T23:59:40Z", "2027-12-31T23:59:00Z"}},
		{"either day", "cron 0 0 13 * fri", "2026-11-01T00:00:00Z", []string{"2026-11-06T00:00:00Z", "2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z", "2026-11-27T00:00:00Z"}},
		{"weekly is Sunday", "cron @weekly", "2026-11-24T00:00:00Z", []string{"2026-11-29T00:00:00Z", "2026-12-06T00:00:00Z", "2026-12-13T00:00:00Z", "2026-12-20T00:00:00Z"}},
		{"leap days", "cron 0 0 29 2 *", "2091-01-01T00:00:00Z", []string{"2092-02-29T00:00:00Z", "2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z", "2108-02-29T00:00:00Z"}},
		{"leap days by zone", "cron 0 0 29 2 * zone Europe/Berlin", "2096-02-28T23:00:00Z", []string{"2104-02-29T00:00:00+01:00", "2108-02-29T00:00:00+01:00", "2112-02-29T00:00:00+01:00", "2116-02-29T00:00:00+01:00"}},
		{"the end of leap years", "cron 30 12 31 12 * zone America/New_York", "2040-12-30T00:00:00Z", []string{"2040-12-31T12:30:00-05:00", "2041-12-31T12:30:00-05:00", "2042-12-31T12:30:00-05:00", "2043-12-31T12:30:00-05:00"}},
		{"within the last day of a leap year", "cron 0 */12 * * * zone America/New_York", "2040-12-31T03:00:00Z", []string{"2040-12-31T00:00:00-05:00", "2040-12-31T12:00:00-05:00", "2041-01-01T00:00:00-05:00", "2041-01-01T12:00:00-05:00"}},
		{"the last second", "cron * * * * * *", "9999-12-31T23:59:57Z", []string{"9999-12-31T23:59:58Z", "9999-12-31T23:59:59Z"}},

		{"Berlin, gap, daily", "cron 30 2 * * * zone Europe/Berlin", "2026-03-28T00:00:00Z", []string{"2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00", "2026-03-31T02:30:00+02:00"}},
		{"Berlin, gap, asked a second before", "cron 30 2 * * * zone Europe/Berlin", "2026-03-29T00:59:59Z", []string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00", "2026-03-31T02:30:00+02:00", "2026-04-01T02:30:00+02:00"}},
		{"Berlin, gap, asked at its end", "cron 30 2 * * * zone Europe/Berlin", "2026-03-29T01:00:00Z", []string{"2026-03-30T02:30:00+02:00", "2026-03-31T02:30:00+02:00", "2026-04-01T02:30:00+02:00", "2026-04-02T02:30:00+02:00"}},
		{"Berlin, gap, several become one", "cron */15 2 * * * zone Europe/Berlin", "2026-03-29T00:30:00Z", []string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00", "2026-03-30T02:15:00+02:00", "2026-03-30T02:30:00+02:00"}},
		{"Berlin, gap, one with its end", "cron 0 2,3 * * * zone Europe/Berlin", "2026-03-29T00:30:00Z", []string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00", "2026-03-30T03:00:00+02:00", "2026-03-31T02:00:00+02:00"}},
		{"Berlin, gap, all hours", "cron 7,37 * * * * zone Europe/Berlin", "2026-03-29T00:30:00Z", []string{"2026-03-29T01:37:00+01:00", "2026-03-29T03:07:00+02:00", "2026-03-29T03:37:00+02:00", "2026-03-29T04:07:00+02:00"}},
		{"Berlin, overlap, daily", "cron 30 2 * * * zone Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00", "2026-10-27T02:30:00+01:00", "2026-10-28T02:30:00+01:00"}},
		{"Berlin, overlap, asked in the second pass", "cron 30 2,3 * * * zone Europe/Berlin", "2026-10-25T01:05:00Z", []string{"2026-10-25T03:30:00+01:00", "2026-10-26T02:30:00+01:00", "2026-10-26T03:30:00+01:00", "2026-10-27T02:30:00+01:00"}},
		{"Berlin, overlap, all hours", "cron 0,30 * * * * zone Europe/Berlin", "2026-10-25T00:00:00Z", []string{"2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:00:00+01:00"}},
		{"Berlin, overlap, all hours written out", "cron 30 0-23 * * * zone Europe/Berlin", "2026-10-25T00:00:00Z", []string{"2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00+01:00", "2026-10-25T04:30:00+01:00"}},
		{"New York, gap", "cron 30 2 * * sun zone America/New_York", "2026-03-07T00:00:00Z", []string{"2026-03-08T03:00:00-04:00", "2026-03-15T02:30:00-04:00", "2026-03-22T02:30:00-04:00", "2026-03-29T02:30:00-04:00"}},
		{"New York, overlap", "cron 0 1 * * * zone America/New_York", "2026-10-31T12:00:00Z", []string{"2026-11-01T01:00:00-04:00", "2026-11-02T01:00:00-05:00", "2026-11-03T01:00:00-05:00", "2026-11-04T01:00:00-05:00"}},
		{"New York, after the last listed change", "cron 30 1,2 * * * zone America/New_York", "2060-03-14T00:00:00Z", []string{"2060-03-14T01:30:00-05:00", "2060-03-14T03:00:00-04:00", "2060-03-15T01:30:00-04:00", "2060-03-15T02:30:00-04:00"}},
		{"Lord Howe, gap of half an hour", "cron 15 2 * * * zone Australia/Lord_Howe", "2026-10-03T00:00:00Z", []string{"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00", "2026-10-06T02:15:00+11:00", "2026-10-07T02:15:00+11:00"}},
		{"Lord Howe, gap, all hours", "cron 0 * * * * zone Australia/Lord_Howe", "2026-10-03T14:00:00Z", []string{"2026-10-04T01:00:00+10:30", "2026-10-04T03:00:00+11:00", "2026-10-04T04:00:00+11:00", "2026-10-04T05:00:00+11:00"}},
		{"Lord Howe, overlap", "cron 45 1 * * * zone Australia/Lord_Howe", "2026-04-04T00:00:00Z", []string{"2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30", "2026-04-07T01:45:00+10:30", "2026-04-08T01:45:00+10:30"}},
		{"Lord Howe, overlap, all hours", "cron */15 * * * * zone Australia/Lord_Howe", "2026-04-04T14:30:00Z", []string{"2026-04-05T01:45:00+11:00", "2026-04-05T01:30:00+10:30", "2026-04-05T01:45:00+10:30", "2026-04-05T02:00:00+10:30"}},
		{"Sao Paulo, no midnight", "cron @daily zone America/Sao_Paulo", "2018-11-03T12:00:00Z", []string{"2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00", "2018-11-06T00:00:00-02:00", "2018-11-07T00:00:00-02:00"}},
		{"Apia, no 30th", "cron 0 12 * * * zone Pacific/Apia", "2011-12-29T00:00:00Z", []string{"2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T12:00:00+14:00", "2012-01-01T12:00:00+14:00"}},
		{"Kathmandu, a quarter of an hour", "cron 0 6 * * * zone Asia/Kathmandu", "2026-11-24T00:00:00Z", []string{"2026-11-24T06:00:00+05:45", "2026-11-25T06:00:00+05:45", "2026-11-26T06:00:00+05:45", "2026-11-27T06:00:00+05:45"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want []time.Time
			for _, w := range c.want {
				want = append(want, instant(t, w).UTC())
			}
			require.Equal(t, want, compile(t, c.spec).NextN(instant(t, c.after), 4))
		})
	}
}

func TestNextNIsBounded(t *testing.T) {
	s := compile(t, "every 1s")
	from := instant(t, "2026-11-24T08:00:00Z")
	require.Empty(t, s.NextN(from, 0))
	require.Empty(t, s.NextN(from, -1))
	require.Len(t, s.NextN(from, 1<<30), MaxNextN)
}

func TestNextAtTheEndsOfTime(t *testing.T) {
	for _, spec := range []string{"every 1s", "cron * * * * * *", "cron 0 3 * * * zone America/New_York"} {
		s := compile(t, spec)
		require.True(t, s.Next(time.Unix(1<<62, 0)).IsZero(), spec)
		require.True(t, s.Next(latest).IsZero(), spec)
		require.False(t, s.Next(time.Unix(-1<<61, 0)).IsZero(), spec)
	}
	require.True(t, Schedule{}.Next(instant(t, "2026-11-24T08:00:00Z")).IsZero())
}
