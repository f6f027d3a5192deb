package job_test

import (
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/job"
)

func line(i int) job.LogLine { return job.LogLine{Text: strconv.Itoa(i)} }

func TestLiveGivesAway(t *testing.T) {
	var l job.Live
	_, ok := l.Said()
	require.False(t, ok, "nothing was said")
	_, offered := l.Offered()
	require.False(t, offered)

	l.Write(line(0))
	l.Write(line(1))
	said, ok := l.Said()
	require.True(t, ok)
	require.Equal(t, job.Said{Lines: []job.LogLine{line(0), line(1)}}, said)
	again, _ := l.Said()
	require.Equal(t, said, again, "what was not taken is there still")
	l.Write(line(2))
	l.Taken(said, 1)
	said, _ = l.Said()
	require.Equal(t, job.Said{Lines: []job.LogLine{line(1), line(2)}, First: 1}, said)
	require.Equal(t, []job.LogLine{line(1), line(2)}, l.End())
	l.Taken(said, 2) // an answer that came late
	first, offered := l.Offered()
	require.True(t, offered)
	require.Equal(t, 1, first)
	_, ok = l.Said()
	require.False(t, ok)
}

func TestLiveRestarts(t *testing.T) {
	var l job.Live
	l.Write(line(0))
	l.Restart()
	require.Empty(t, l.End())

	var given job.Live
	given.Write(line(0))
	said, _ := given.Said()
	given.Taken(said, 1)
	given.Write(line(1))
	given.Restart()
	require.Equal(t, []job.LogLine{line(1)}, given.End())
}

func TestLiveProgress(t *testing.T) {
	var l job.Live
	l.Report(job.Progress{Done: 1})
	l.Report(job.Progress{Done: 2, Total: 4, Text: "half"})
	said, ok := l.Said()
	require.True(t, ok)
	require.Equal(t, "2/4 half", said.Progress.String())
	l.Report(job.Progress{Done: 3})
	l.Taken(said, 0)
	said, ok = l.Said()
	require.True(t, ok, "what came meanwhile is new")
	require.Equal(t, "3", said.Progress.String())
	l.Taken(said, 0)
	_, ok = l.Said()
	require.False(t, ok)
	_, offered := l.Offered()
	require.False(t, offered, "no line was")
}

// Lines are written, taken in any parts and refused at any time: in the end
// each was taken once or is left, in order.
func TestLiveLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l job.Live
		var got []job.LogLine
		n := rapid.IntRange(0, 200).Draw(t, "lines")
		var writing sync.WaitGroup
		writing.Go(func() {
			for i := range n {
				l.Write(line(i))
			}
		})
		for range rapid.IntRange(0, 20).Draw(t, "looks") {
			said, ok := l.Said()
			if !ok || rapid.Bool().Draw(t, "fails") {
				continue
			}
			require.Equal(t, len(got), said.First)
			k := rapid.IntRange(0, len(said.Lines)).Draw(t, "taken")
			got = append(got, said.Lines[:k]...)
			l.Taken(said, k)
		}
		writing.Wait()
		got = append(got, l.End()...)
		require.Len(t, got, n)
		for i, one := range got {
			require.Equal(t, line(i), one)
		}
	})
}
