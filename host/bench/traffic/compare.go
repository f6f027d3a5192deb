package traffic

import (
	"context"
	"errors"
	"fmt"
)

// Compare has henge and peers do the same in turns: drain a full list, then
// start jobs that are pushed one by one to an idle worker. A peer that cannot
// be measured here is left out; why is in left.
func Compare(ctx context.Context, opts Options, s Setting, peers PeerOptions) (rows []Row, left []error, err error) {
	r, err := opts.start()
	if err != nil {
		return nil, nil, err
	}
	s.Work, s.Circles = Native, 1
	type system struct {
		name string
		turn func(what string) (measured, error)
	}
	systems := []system{{"henge", func(what string) (measured, error) { return r.turn(ctx, what, s) }}}
	for _, name := range peers.Systems {
		p, err := peers.open(ctx, name, r.name)
		if err != nil {
			if ctx.Err() != nil {
				return nil, nil, context.Cause(ctx)
			}
			left = append(left, fmt.Errorf("%s is left out: %w", name, err))
			continue
		}
		defer func() { err = errors.Join(err, p.close()) }()
		systems = append(systems, system{name, func(what string) (measured, error) { return r.peerTurn(ctx, what, p, s) }})
	}
	found := make([][]measured, len(systems))
	for round := range r.Rounds {
		for i, one := range systems {
			m, err := one.turn(fmt.Sprintf("%s, round %d of %d", one.name, round+1, r.Rounds))
			if err != nil {
				return nil, left, fmt.Errorf("bench compare: %s: %w", one.name, err)
			}
			found[i] = append(found[i], m)
		}
	}
	for i, one := range systems {
		dialect := ""
		if i == 0 {
			dialect = r.Dialect
		}
		rows = append(rows, row("compare", one.name, dialect, s, found[i]))
	}
	return rows, left, nil
}
