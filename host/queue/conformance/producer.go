package conformance

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
)

// What producers do with jobs, through henge.

func (s *suite) cancelled() {
	q, p := s.worker(queue.Options{}), s.newProducer()
	s.put(2)
	running, err := p.Cancel(s.Context(), s.ref("1"), "enough")
	require.NoError(s, err)
	require.False(s, running)
	r, err := p.Get(s.Context(), s.ref("1"))
	require.NoError(s, err)
	require.True(s, r.Failed())
	require.Equal(s, "2", s.one(q).Job.ID)
	_, err = p.Cancel(s.Context(), s.ref("1"), "")
	require.ErrorIs(s, err, queue.ErrEnded)
	_, err = p.Cancel(s.Context(), s.ref("77"), "")
	require.ErrorIs(s, err, queue.ErrNotFound)
}

func (s *suite) stopped() {
	q, p := s.worker(queue.Options{}), s.newProducer()
	s.put(1)
	c := s.one(q)
	running, err := p.Cancel(s.Context(), s.ref("1"), "enough")
	require.NoError(s, err)
	require.True(s, running)
	renewal, err := q.Renew(s.Context(), []*queue.Claim{c})
	require.NoError(s, err)
	require.Equal(s, []queue.Cancellation{{Claim: c, Why: "enough"}}, renewal.Cancelled)
	require.NoError(s, q.Finish(s.Context(), c, &job.Result{End: job.Cancelled, Error: "enough"}))
	r, err := p.Get(s.Context(), s.ref("1"))
	require.NoError(s, err)
	require.True(s, r.Failed())
	require.Equal(s, "enough", r.Fields["error"])
}

func (s *suite) again() {
	q, p := s.worker(queue.Options{}), s.newProducer()
	s.put(1)
	c := s.one(q)
	require.ErrorIs(s, p.Retry(s.Context(), s.ref("1")), queue.ErrNotEnded)
	require.ErrorIs(s, p.Remove(s.Context(), s.ref("1")), queue.ErrNotEnded)
	require.NoError(s, q.Finish(s.Context(), c, &job.Result{End: job.Trap, Error: "x"}))
	require.NoError(s, p.Retry(s.Context(), s.ref("1")))
	c = s.one(q)
	require.EqualValues(s, 2, c.Job.Run)
	require.NoError(s, q.Finish(s.Context(), c, &job.Result{End: job.Success, Output: []byte("42")}))
	s.sees("1", s.d.Done, "42", "")
	require.NoError(s, p.Remove(s.Context(), s.ref("1")))
	_, err := p.Get(s.Context(), s.ref("1"))
	require.ErrorIs(s, err, queue.ErrNotFound)
}

func (s *suite) producer() {
	q, p := s.worker(queue.Options{}), s.newProducer()
	ctx, cancel := context.WithTimeout(s.Context(), 30*time.Second)
	defer cancel()
	ref, err := p.Submit(ctx, &queue.Submission{Job: job.Job{Circle: alice, Type: s.d.Type, Payload: []byte("1 + 1")}})
	require.NoError(s, err)
	many, err := p.SubmitMany(ctx, []queue.Submission{
		{Job: job.Job{Circle: alice, Type: s.d.Type, Payload: []byte("2 + 2")}},
		{Job: job.Job{Type: s.d.Type}}, // of no circle
		{Job: job.Job{Circle: alice, Type: s.d.Type, Payload: []byte("3 + 3")}},
	})
	require.NoError(s, err)
	require.NoError(s, many[0].Err)
	require.Error(s, many[1].Err)
	require.NoError(s, many[2].Err)
	jobs := append(s.claim(q, 5), s.claim(q, 5)...)
	require.Len(s, jobs, 3)
	for _, c := range jobs {
		require.Empty(s, c.Refusal)
		require.NoError(s, q.Finish(ctx, c, &job.Result{
			End: job.Success, Output: c.Job.Payload, Log: []job.LogLine{{Time: time.Unix(1, 0).UTC(), Text: "hello"}},
		}))
	}
	r, err := p.Wait(ctx, ref)
	require.NoError(s, err)
	require.Equal(s, s.d.Done, r.Status())
	lines, err := p.Logs(ctx, ref)
	require.NoError(s, err)
	require.Equal(s, []job.LogLine{{Time: time.Unix(1, 0).UTC(), Text: "hello"}}, lines)
	all, err := p.List(ctx, queue.Filter{Circle: alice}, 10)
	require.NoError(s, err)
	require.Len(s, all, 3)
	none, err := p.List(ctx, queue.Filter{Circle: bob}, 10)
	require.NoError(s, err)
	require.Empty(s, none)
}

// live is a job that is followed while it runs.
func (s *suite) live() {
	q, p := s.worker(queue.Options{}), s.newProducer()
	s.put(1)
	c := s.one(q)
	at := time.Unix(1, 0).UTC()
	c.Job.Live.Write(job.LogLine{Time: at, Text: "one"})
	c.Job.Live.Report(job.Progress{Done: 1, Total: 2, Text: "half"})
	_, err := q.NoteAll(s.Context(), []*queue.Claim{c})
	require.NoError(s, err)
	r, err := p.Get(s.Context(), s.ref("1"))
	require.NoError(s, err)
	require.Equal(s, "1/2 half", r.Fields["progress"])
	c.Job.Live.Write(job.LogLine{Time: at, Text: "two"})
	require.NoError(s, q.Finish(s.Context(), c, &job.Result{End: job.Success, Log: c.Job.Live.End()}))
	var lines []string
	var progress string
	r, err = p.Follow(s.Context(), s.ref("1"), queue.Follower{
		Line: func(l job.LogLine) { lines = append(lines, l.Text) }, Progress: func(text string) { progress = text },
	})
	require.NoError(s, err)
	require.Equal(s, s.d.Done, r.Status())
	require.Equal(s, []string{"one", "two"}, lines)
	require.Equal(s, "1/2 half", progress)
}

func (s *suite) newProducer() *queue.Producer {
	s.Helper()
	p, err := queue.NewProducer(s.rdb, s.d.Name)
	require.NoError(s, err)
	return p
}

func (s *suite) ref(id string) queue.Ref { return queue.Ref{ID: id, Circle: alice} }
