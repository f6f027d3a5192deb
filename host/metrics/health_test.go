package metrics

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/worker"
)

func TestHealthOfActors(t *testing.T) {
	now := time.Now()
	well := worker.State{
		Types: []string{"rhai"}, RedisAnswers: true, Idle: time.Minute,
		Dispatched: now.Add(-time.Second), Renewed: now.Add(-time.Second),
	}
	for name, c := range map[string]struct {
		change        func(*worker.State)
		health, ready string
	}{
		"well":          {func(*worker.State) {}, "", ""},
		"not begun":     {func(s *worker.State) { s.Dispatched, s.Types = time.Time{}, nil }, "", "no module is ready yet"},
		"dispatcher":    {func(s *worker.State) { s.Dispatched = now.Add(-2 * time.Minute) }, "the dispatcher has not moved for 2m0s", "the dispatcher has not moved for 2m0s"},
		"renewer":       {func(s *worker.State) { s.Renewed = now.Add(-2 * time.Minute) }, "the renewer has not moved for 2m0s", "the renewer has not moved for 2m0s"},
		"redis is away": {func(s *worker.State) { s.RedisAnswers = false }, "", "Redis does not answer"},
		"stopping":      {func(s *worker.State) { s.Stopping, s.Dispatched = true, now.Add(-time.Hour) }, "", "the worker is stopping"},
	} {
		t.Run(name, func(t *testing.T) {
			s := well
			c.change(&s)
			require.Equal(t, c.health, health(s, now))
			require.Equal(t, c.ready, readiness(s, now))
		})
	}
}

// Whoever asks how often, Redis is asked every few seconds; and what is not
// known is not shown.
func TestRedisIsAskedNowAndThen(t *testing.T) {
	now, asked, err := time.Now(), 0, error(nil)
	r := newReader(Source{Waiting: func(context.Context) ([]queue.Waiting, bool, error) {
		asked++
		return []queue.Waiting{{Jobs: int64(asked)}}, false, err
	}})
	r.now = func() time.Time { return now }
	for range 10 {
		waiting, _, err := r.count()
		require.NoError(t, err)
		require.EqualValues(t, 1, waiting[0].Jobs)
	}
	now = now.Add(countEvery)
	err = errors.New("away")
	for range 10 {
		_, _, got := r.count()
		require.Equal(t, err, got)
	}
	require.Equal(t, 2, asked)
}
