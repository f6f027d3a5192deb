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

const (
	// badFor is how long connections are bad, at least.
	badFor = 2 * time.Second

	// Connections are cut at so many pieces in a thousand, this often at least.
	cutsInThousand = 100
	enoughCuts     = 40
)

// cutting waits until a proxy has cut connections often enough.
func cutting(ctx context.Context, p *proxy, h harm) error {
	p.set(h)
	for began := time.Now(); time.Since(began) < badFor || p.wasCut() < enoughCuts; {
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func cutBefore(ctx context.Context, t *trial) error {
	t.steady = true
	return t.through(ctx, func(ctx context.Context, p *proxy) error {
		return cutting(ctx, p, harm{before: cutsInThousand})
	})
}

func cutAfter(ctx context.Context, t *trial) error {
	t.steady = true
	return t.through(ctx, func(ctx context.Context, p *proxy) error {
		return cutting(ctx, p, harm{after: cutsInThousand})
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
