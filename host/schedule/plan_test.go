package schedule

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		name, spec, scheduled, now string
		policy                     Policy
		runs                       []string
		next                       string // empty: the schedule has ended
	}{
		{"not yet", "every 1h", "2026-11-24T09:00:00Z", "2026-11-24T08:59:59.9Z", All, nil, "2026-11-24T09:00:00Z"},
		{"on the tick", "every 1h", "2026-11-24T09:00:00Z", "2026-11-24T09:00:00Z", Skip, []string{"2026-11-24T09:00:00Z"}, "2026-11-24T10:00:00Z"},
		{"skip, at the end of grace", "every 1h", "2026-11-24T09:00:00Z", "2026-11-24T09:01:00Z", Skip, []string{"2026-11-24T09:00:00Z"}, "2026-11-24T10:00:00Z"},
		{"skip, after grace", "every 1h", "2026-11-24T09:00:00Z", "2026-11-24T09:01:00.001Z", Skip, nil, "2026-11-24T10:00:00Z"},
		{"skip, the latest only", "every 10s", "2026-11-24T09:00:00Z", "2026-11-24T09:00:25Z", Skip, []string{"2026-11-24T09:00:20Z"}, "2026-11-24T09:00:30Z"},
		{"once, however late", "every 1h", "2026-11-24T09:00:00Z", "2026-11-24T12:30:00Z", Once, []string{"2026-11-24T12:00:00Z"}, "2026-11-24T13:00:00Z"},
		{"once, after a year of seconds", "every 1s", "2025-11-24T09:00:00Z", "2026-11-24T09:00:00.5Z", Once, []string{"2026-11-24T09:00:00Z"}, "2026-11-24T09:00:01Z"},
		{"once, ticks far apart", "cron 0 0 29 2 *", "2024-02-29T00:00:00Z", "2035-01-01T00:00:00Z", Once, []string{"2032-02-29T00:00:00Z"}, "2036-02-29T00:00:00Z"},
		{"once, seconds of one month", "cron * * * 1 1 *", "2025-01-01T00:00:00Z", "2026-11-24T00:00:00Z", Once, []string{"2026-01-01T23:59:59Z"}, "2027-01-01T00:00:00Z"},
		{"all", "every 1h", "2026-11-24T09:00:00Z", "2026-11-24T11:59:00Z", All, []string{"2026-11-24T09:00:00Z", "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z"}, "2026-11-24T12:00:00Z"},
		{"at, late, skip", "at 2026-11-24T09:00:00Z", "2026-11-24T09:00:00Z", "2026-11-24T10:00:00Z", Skip, nil, ""},
		{"at, late, once", "at 2026-11-24T09:00:00Z", "2026-11-24T09:00:00Z", "2026-11-24T10:00:00Z", Once, []string{"2026-11-24T09:00:00Z"}, ""},
		{"at, late, all", "at 2026-11-24T09:00:00Z", "2026-11-24T09:00:00Z", "2026-11-24T10:00:00Z", All, []string{"2026-11-24T09:00:00Z"}, ""},
		{"ended", "at 2026-11-24T09:00:00Z", "0001-01-01T00:00:00Z", "2026-11-24T10:00:00Z", All, nil, ""},
		{"scheduled before a change of the schedule", "every 1h", "2026-11-24T09:17:00Z", "2026-11-24T09:17:01Z", Skip, []string{"2026-11-24T09:17:00Z"}, "2026-11-24T10:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want []time.Time
			for _, r := range c.runs {
				want = append(want, instant(t, r).UTC())
			}
			var end time.Time
			if c.next != "" {
				end = instant(t, c.next).UTC()
			}
			runs, next := compile(t, c.spec).Plan(instant(t, c.scheduled), instant(t, c.now), c.policy)
			require.Equal(t, want, runs)
			require.Equal(t, end, next)
		})
	}
}

func TestPlanContinuesWhereItStopped(t *testing.T) {
	s := compile(t, "every 1s")
	first := instant(t, "2026-11-24T09:00:00Z")
	now := first.Add(249 * time.Second)
	var runs []time.Time
	var calls []int
	next := first
	for !next.After(now) {
		var some []time.Time
		some, next = s.Plan(next, now, All)
		calls = append(calls, len(some))
		runs = append(runs, some...)
	}
	require.Equal(t, []int{MaxRuns, MaxRuns, 50}, calls)
	require.Equal(t, s.NextN(first.Add(-time.Second), 250), runs)
}

func TestPolicy(t *testing.T) {
	for _, p := range []Policy{Skip, Once, All} {
		got, err := ParsePolicy(p.String())
		require.NoError(t, err)
		require.Equal(t, p, got)
		text, err := json.Marshal(p)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &got))
		require.Equal(t, p, got)
	}
	for _, text := range []string{"", "SKIP", "never", "Policy(3)"} {
		_, err := ParsePolicy(text)
		require.ErrorContains(t, err, "skip, once and all", text)
	}
	_, err := Policy(3).MarshalText()
	require.Error(t, err)
}
