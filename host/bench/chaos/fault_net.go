package chaos

import (
	"context"
	"time"
)

// through has the workers reach Redis through a proxy while jobs flow.
func (t *trial) through(ctx context.Context, disturb func(context.Context, *proxy) error) error {
	p, err := newProxy(t.server.Addr())
	if err != nil {
		return err
	}
	defer p.close()
	t.crew.settings.Redis = p.url()
	return t.disturbed(ctx, func(ctx context.Context) error {
		err := disturb(ctx, p)
		p.set(harm{})
		t.isWell()
		return err
	})
}

// How long a connection is bad, and how many pieces in a thousand it is cut
// at.
const (
	badFor = 3 * time.Second
	cuts   = 30
)

func cutBefore(ctx context.Context, t *trial) error {
	t.steady = true
	return t.through(ctx, func(ctx context.Context, p *proxy) error {
		p.set(harm{before: cuts})
		return pause(ctx, badFor)
	})
}

func cutAfter(ctx context.Context, t *trial) error {
	t.steady = true
	return t.through(ctx, func(ctx context.Context, p *proxy) error {
		p.set(harm{after: cuts})
		return pause(ctx, badFor)
	})
}

// halfOpen silences the connections that there are, three times: only a
// timeout tells. A lease may end before, so jobs may start again.
func halfOpen(ctx context.Context, t *trial) error {
	return t.through(ctx, func(ctx context.Context, p *proxy) error {
		for range 3 {
			if err := pause(ctx, time.Second/2); err != nil {
				return err
			}
			p.silence()
			t.isWell()
		}
		return nil
	})
}

func slow(ctx context.Context, t *trial) error {
	t.steady = true
	return t.through(ctx, func(ctx context.Context, p *proxy) error {
		p.set(harm{delay: 200 * time.Millisecond})
		return pause(ctx, badFor)
	})
}
