package traffic

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/henge-run/henge/host/bench"
	"github.com/henge-run/henge/host/queue"
)

// Latency pushes jobs one by one to an idle worker, with plain commands. With
// more than one circle each has a list of its own, so the dialect is Henge
// then.
func Latency(ctx context.Context, opts Options, settings []Setting) ([]Row, error) {
	rows := make([]Row, len(settings))
	for i, s := range settings {
		o := opts
		if s.Circles > 1 {
			o.Dialect = queue.Henge
		}
		r, err := o.start()
		if err != nil {
			return nil, err
		}
		m, err := r.latency(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("bench latency: %w", err)
		}
		rows[i] = row("latency", "henge", o.Dialect, s, []measured{m})
	}
	return rows, nil
}

func (r *run) latency(ctx context.Context, s Setting) (m measured, err error) {
	defer func() { err = errors.Join(err, bench.Clean(ctx, r.Redis, r.name)) }()
	circles := r.circles(s.Circles)
	r.Progress.begin(fmt.Sprintf("pushes at idle, %d circles", s.Circles), r.Samples)
	srv, err := r.serve(ctx, s, circles)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, srv.close()) }()
	// The first pushes find a worker that is still starting.
	if _, err := srv.push(ctx, r.jobs("first", warmUp, circles)); err != nil {
		return m, err
	}
	r.Progress.set(0)
	rand.Shuffle(len(circles), func(i, j int) { circles[i], circles[j] = circles[j], circles[i] })
	return srv.push(ctx, r.jobs("idle", r.Samples, circles))
}

// warmUp is how many jobs a worker gets before it is measured.
const warmUp = 20
