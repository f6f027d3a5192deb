package traffic

import (
	"context"
	"errors"
	"fmt"

	"github.com/henge-run/henge/host/bench"
)

// Throughput drains full lists, and then pushes jobs one by one to the worker
// that has nothing to do any more.
func Throughput(ctx context.Context, opts Options, settings []Setting) ([]Row, error) {
	r, err := opts.start()
	if err != nil {
		return nil, err
	}
	found := make([][]measured, len(settings))
	for round := range r.Rounds {
		for i, s := range settings {
			m, err := r.turn(ctx, fmt.Sprintf("%s, %d slots, %d circles, round %d of %d", s.Work, s.Slots, s.Circles, round+1, r.Rounds), s)
			if err != nil {
				return nil, fmt.Errorf("bench throughput: %w", err)
			}
			found[i] = append(found[i], m)
		}
	}
	rows := make([]Row, len(settings))
	for i, s := range settings {
		rows[i] = row("throughput", "henge", r.Dialect, s, found[i])
	}
	return rows, nil
}

// turn drains one full list, then pushes to the idle worker.
func (r *run) turn(ctx context.Context, what string, s Setting) (m measured, err error) {
	defer func() { err = errors.Join(err, bench.Clean(ctx, r.Redis, r.name)) }()
	circles := r.circles(s.Circles)
	r.Progress.begin(what+": filling", r.Jobs)
	if err := r.fill(ctx, r.jobs("full", r.Jobs, circles)); err != nil {
		return m, err
	}
	r.Progress.begin(what, r.Jobs)
	srv, err := r.serve(ctx, s, circles)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, srv.close()) }()
	perSecond, err := srv.drain(ctx, r.Jobs)
	if err != nil {
		return m, err
	}
	if int(srv.count.Load()) < r.Jobs {
		// The limit was over: nothing is idle, so no pushes.
		return measured{perSecond: perSecond}, nil
	}
	r.Progress.begin(what+": at idle", r.Samples)
	m, err = srv.push(ctx, r.jobs("idle", r.Samples, circles))
	m.perSecond = perSecond
	return m, err
}
