package queue

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// say has a running job write lines of these numbers.
func say(c *Claim, from, to int) {
	for i := from; i < to; i++ {
		c.Job.Live.Write(job.LogLine{Time: time.Unix(1, 0), Text: strconv.Itoa(i)})
	}
}

// logged returns the texts of a job's log, in one.
func (b *testBundle) logged(id string) string {
	b.Helper()
	lines, err := b.producer().Logs(b.Context(), Ref{ID: id})
	require.NoError(b, err)
	texts := make([]string, len(lines))
	for i, l := range lines {
		texts[i] = l.Text
	}
	return strings.Join(texts, " ")
}

// end ends a job as a worker does.
func (b *testBundle) end(q *Queue, c *Claim) {
	b.Helper()
	require.NoError(b, q.Finish(b.Context(), c, &job.Result{End: job.Success, Log: c.Job.Live.End()}))
}

func TestNoteAllWritesWhileJobsRun(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		first, second := b.put(nil), b.put(nil)
		claims := b.claim(q, 2)
		noted, err := q.NoteAll(t.Context(), claims)
		require.NoError(t, err)
		require.Zero(t, noted)

		say(claims[0], 0, 2)
		claims[1].Job.Live.Report(job.Progress{Done: 1, Total: 2})
		_, err = q.NoteAll(t.Context(), claims)
		require.NoError(t, err)
		require.Equal(t, "0 1", b.logged(first))
		require.Equal(t, "1/2", b.get(second)["progress"])
		say(claims[0], 2, 4)
		b.end(q, claims[0])
		require.Equal(t, "0 1 2 3", b.logged(first), "the result brings the rest alone")
		_, err = q.NoteAll(t.Context(), claims)
		require.NoError(t, err)
	})
}

func TestNoteAllOfAStaleWorker(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		id := b.put(nil)
		stale := b.one(q, id)
		b.expire(stale)
		b.reap(q)
		say(stale, 0, 2)
		noted, err := q.NoteAll(t.Context(), []*Claim{stale})
		require.NoError(t, err)
		require.Equal(t, []*Claim{stale}, noted.Lost)
		require.Empty(t, b.logged(id))
		noted, err = q.NoteAll(t.Context(), []*Claim{stale})
		require.NoError(t, err)
		require.Zero(t, noted, "said once")

		// The next attempt counts its lines anew.
		c := b.one(q, id)
		say(c, 0, 1)
		_, err = q.NoteAll(t.Context(), []*Claim{c})
		require.NoError(t, err)
		b.end(q, c)
		require.Equal(t, "0", b.logged(id))
	})
}

// The answer to a note is lost: neither the next note nor the result writes its
// lines again, and what came in between is not lost.
func TestNotesWhoseAnswerWasLost(t *testing.T) {
	for name, next := range map[string]func(b *testBundle, q *Queue, c *Claim){
		"then another note": func(b *testBundle, q *Queue, c *Claim) {
			_, err := q.NoteAll(b.Context(), []*Claim{c})
			require.NoError(b, err)
			b.end(q, c)
		},
		"then the result": func(b *testBundle, q *Queue, c *Claim) { b.end(q, c) },
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t, redistest.Real(t))
			q, cuts := b.cut(-1)
			id := b.put(nil)
			c := b.one(q, id)
			say(c, 0, 2)
			_, err := q.NoteAll(t.Context(), []*Claim{c})
			require.NoError(t, err)
			say(c, 2, 4)
			cuts.Store(1)
			_, err = q.NoteAll(t.Context(), []*Claim{c})
			require.Error(t, err)
			require.Equal(t, "0 1 2 3", b.logged(id), "it got through")
			cuts.Store(0)
			say(c, 4, 5)
			next(b, q, c)
			require.Equal(t, "0 1 2 3 4", b.logged(id))
		})
	}
}

func TestNoteAllIsBounded(t *testing.T) {
	b := setup(t, redistest.Real(t))
	q := b.queue(Options{})
	id := b.put(nil)
	c := b.one(q, id)
	say(c, 0, mostNotedLines+1)
	noted, err := q.NoteAll(t.Context(), []*Claim{c})
	require.NoError(t, err)
	require.True(t, noted.More)
	noted, err = q.NoteAll(t.Context(), []*Claim{c})
	require.NoError(t, err)
	require.False(t, noted.More)
	require.EqualValues(t, mostNotedLines+1, b.rdb.LLen(t.Context(), keyLog+Hero+"|"+id).Val())

	for range 3 {
		c.Job.Live.Write(job.LogLine{Text: strings.Repeat("x", mostNotedBytes)})
	}
	for _, more := range []bool{true, true, false} {
		noted, err = q.NoteAll(t.Context(), []*Claim{c})
		require.NoError(t, err)
		require.Equal(t, more, noted.More)
	}
}

func TestNoteAllAfterScriptsWereFlushed(t *testing.T) {
	b := setup(t, redistest.Real(t))
	q := b.queue(Options{})
	id := b.put(nil)
	c := b.one(q, id)
	say(c, 0, 1)
	require.NoError(t, b.rdb.ScriptFlush(t.Context()).Err())
	_, err := q.NoteAll(t.Context(), []*Claim{c})
	require.NoError(t, err)
	require.Equal(t, "0", b.logged(id))
}
