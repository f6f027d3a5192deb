package conformance

import (
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
)

// What operators do, by hand.

func (s *suite) operator() *queue.Operator {
	s.Helper()
	o, err := queue.NewOperator(s.rdb, s.d.Name)
	require.NoError(s, err)
	return o
}

func (s *suite) purged() {
	q, o := s.worker(queue.Options{}), s.operator()
	s.put(3)
	running := s.one(q)
	all, err := o.Lists(s.Context())
	require.NoError(s, err)
	require.Len(s, all, 1)
	list := all[0]
	require.Equal(s, running.Job.Queue, list.Name)
	require.Equal(s, s.d.Name, list.Dialect)
	require.Equal(s, 2, list.Waiting)
	require.Equal(s, 1, list.Running)

	n, err := o.Purge(s.Context(), list.Name, "no more", nil)
	require.NoError(s, err)
	require.Equal(s, 2, n)
	for _, id := range []string{"2", "3"} {
		status, _, message, err := s.d.Read(s.Context(), s.rdb, id, alice)
		require.NoError(s, err)
		require.Equal(s, "no more", message)
		require.Contains(s, []string{s.d.Failed, "cancelled"}, status)
	}
	require.Empty(s, s.claim(q, 5))
	require.NoError(s, q.Finish(s.Context(), running, &job.Result{End: job.Success, Output: []byte("42")}))
	s.sees("1", s.d.Done, "42", "")

	require.NoError(s, o.Drain(s.Context(), list.Name, func(n int) { require.Zero(s, n) }))
	s.submit("4", alice)
	require.Empty(s, s.claim(q, 5), "it is paused")
	require.NoError(s, o.Resume(s.Context(), list.Name))
	require.Equal(s, "4", s.one(q).Job.ID)
}

func (s *suite) deadLetter() {
	q, o := s.worker(queue.Options{Crashes: 1}), s.operator()
	s.put(1)
	s.one(q)
	s.expire(q)
	letters, err := o.Dead(s.Context(), queue.DeadFilter{Circle: alice})
	require.NoError(s, err)
	require.Len(s, letters, 1)
	require.Equal(s, "worker lost 1 times", letters[0].Reason)
	require.NoError(s, o.RetryDead(s.Context(), letters[0]))
	s.sees("1", s.d.Waiting, "", "worker lost 1 times")
	c := s.one(q)
	require.EqualValues(s, 2, c.Job.Run)
	require.NoError(s, q.Finish(s.Context(), c, &job.Result{End: job.Success, Output: []byte("42")}))
	s.sees("1", s.d.Done, "42", "")
	letters, err = o.Dead(s.Context(), queue.DeadFilter{})
	require.NoError(s, err)
	require.Empty(s, letters)
}
