package schedule

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drawSchedule is of any kind that goes on, most often with a cron expression.
func drawSchedule(t *rapid.T) Schedule {
	field := func(label string, low, high int) string {
		a := rapid.IntRange(low, high).Draw(t, label)
		b := rapid.IntRange(a, high).Draw(t, label+" to")
		return rapid.SampledFrom([]string{
			"*", fmt.Sprint(a), fmt.Sprintf("%d-%d", a, b), fmt.Sprintf("%d,%d", a, b), fmt.Sprintf("*/%d", max(a, 1)),
		}).Draw(t, label+" as")
	}
	if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
		return compile(t, fmt.Sprintf("every %ds", rapid.IntRange(1, 1_000_000).Draw(t, "seconds")))
	}
	// Days to 28 are in every month.
	return compile(t, fmt.Sprintf("cron %s %s %s %s %s %s zone %s",
		field("second", 0, 59), field("minute", 0, 59), field("hour", 0, 23), field("day", 1, 28), field("month", 1, 12), field("weekday", 0, 6),
		rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo"}).Draw(t, "zone")))
}

// drawTime is near a change of clocks about half of the time.
func drawTime(t *rapid.T, label string) time.Time {
	base := rapid.SampledFrom([]int64{
		1_774_746_000, // Berlin, gap of March 2026
		1_792_890_000, // Berlin, overlap of October 2026
		1_772_953_200, // New York, gap
		1_793_512_800, // New York, overlap
		1_775_314_800, // Lord Howe, overlap
		1_791_041_400, // Lord Howe, gap
		2_240_524_800, // the end of 2040, a leap year
	}).Draw(t, label+" near")
	if rapid.Bool().Draw(t, label+" anywhere") {
		base = rapid.Int64Range(-2_000_000_000, 8_000_000_000).Draw(t, label)
	}
	off := rapid.SampledFrom([]int64{2, 4000, 10_000}).Draw(t, label+" within")
	return time.Unix(base+rapid.Int64Range(-off, off).Draw(t, label+" off"), 0).UTC()
}

func TestTicksIncreaseAndNoneIsBetween(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSchedule(t)
		after := drawTime(t, "after")
		for _, tick := range s.NextN(after, 20) {
			require.True(t, tick.After(after))
			within := rapid.Int64Range(0, tick.Unix()-after.Unix()-1).Draw(t, "within")
			require.Equal(t, tick, s.Next(after.Add(time.Duration(within)*time.Second)), "asked from within the interval")
			require.True(t, s.Next(tick.Add(-1)).Equal(tick), "asked from just before it")
			after = tick
		}
	})
}

// TestTicksMatchTheWallClock checks every second of some hours by what the zone
// shows, without any search.
func TestTicksMatchTheWallClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minute := rapid.IntRange(0, 59).Draw(t, "minute")
		zone := rapid.SampledFrom([]string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe"}).Draw(t, "zone")
		loc, err := time.LoadLocation(zone)
		require.NoError(t, err)
		s := compile(t, fmt.Sprintf("cron %d * * * * zone %s", minute, zone))
		from := drawTime(t, "from")
		var want []time.Time
		for i := range 4 * 3600 {
			at := from.Add(time.Duration(i+1) * time.Second)
			if local := at.In(loc); local.Minute() == minute && local.Second() == 0 {
				want = append(want, at)
			}
		}
		require.Equal(t, want, s.NextN(from, len(want)))
		require.True(t, s.Next(want[len(want)-1]).After(from.Add(4*time.Hour)))
	})
}

// TestEachNamedTimeHasItsTick is the rule for changes of the clock: a daily
// schedule has one tick on each day of the zone's calendar, at its time unless
// the clock skips that.
func TestEachNamedTimeHasItsTick(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom([]string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"}).Draw(t, "zone")
		loc, err := time.LoadLocation(zone)
		require.NoError(t, err)
		hour, minute := rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute")
		s := compile(t, fmt.Sprintf("cron %d %d * * * zone %s", minute, hour, zone))
		year := rapid.IntRange(1990, 2099).Draw(t, "year")
		ticks := s.NextN(time.Date(year, 1, 1, 0, 0, 0, 0, loc).Add(-time.Second), 365)
		require.Len(t, ticks, 365)
		for i, tick := range ticks {
			local := tick.In(loc)
			require.Equal(t, i+1, local.YearDay(), "%v", local)
			if local.Hour() != hour || local.Minute() != minute {
				_, before := local.Add(-time.Second).Zone()
				_, offset := local.Zone()
				require.Greater(t, offset, before, "%v is not the end of a gap", local)
			}
		}
	})
}

func TestPlanRunsEachTickOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSchedule(t)
		policy := rapid.SampledFrom([]Policy{Skip, Once, All}).Draw(t, "policy")
		first := s.Next(drawTime(t, "made"))
		ticks := s.NextN(first.Add(-1), 400)
		next := first
		var got []time.Time
		for range rapid.IntRange(1, 30).Draw(t, "calls") {
			// Times are in any order, as from workers whose clocks differ.
			now := ticks[rapid.IntRange(0, len(ticks)-2).Draw(t, "tick")].Add(time.Duration(rapid.IntRange(-90, 90).Draw(t, "off")) * time.Second)
			scheduled := next
			var runs []time.Time
			runs, next = s.Plan(scheduled, now, policy)
			require.LessOrEqual(t, len(runs), MaxRuns)
			for _, r := range runs {
				require.False(t, r.After(now), "too early")
				require.False(t, r.Before(scheduled), "twice")
				require.True(t, r.Before(next))
			}
			if policy != All || len(runs) < MaxRuns {
				require.True(t, next.After(now), "ticks left")
			}
			if policy != All {
				require.LessOrEqual(t, len(runs), 1)
			}
			if policy == Once && !scheduled.After(now) {
				require.Len(t, runs, 1)
				require.Equal(t, next, s.Next(now), "runs as the latest")
			}
			if policy == Skip && len(runs) == 1 {
				require.LessOrEqual(t, now.Sub(runs[0]), Grace)
			}
			got = append(got, runs...)
		}
		if policy == All && len(got) > 0 {
			require.Equal(t, ticks[:min(len(got), len(ticks))], got[:min(len(got), len(ticks))], "each in turn, none left out")
		}
	})
}

func TestLocationOfNowDoesNotMatter(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	require.NoError(t, err)
	for _, loc := range []*time.Location{tokyo, time.Local, time.FixedZone("", -3*3600-30*60-17)} {
		rapid.Check(t, func(t *rapid.T) {
			s := drawSchedule(t)
			after := drawTime(t, "after")
			require.Equal(t, s.Next(after), s.Next(after.In(loc)))
			now := after.Add(time.Duration(rapid.IntRange(0, 100_000).Draw(t, "later")) * time.Second)
			for _, p := range []Policy{Skip, Once, All} {
				runs, next := s.Plan(after, now, p)
				elsewhere, nextThere := s.Plan(after.In(loc), now.In(loc), p)
				require.Equal(t, runs, elsewhere)
				require.Equal(t, next, nextThere)
			}
		})
	}
}
