package queue

import (
	"context"
	"errors"
	"fmt"
)

// protocol is the version of keys and scripts that this package speaks.
//
// It stays as long as the scripts of an older worker do the right thing with
// whatever a newer one has written: new keys, and fields that old scripts pass
// over, do not raise it. testdata/protocol-1 has the scripts that were out
// first, and a test of host/worker runs them beside today's. RATIONALE.md says
// how a later version would raise it.
const protocol = "1"

// ErrProtocol is returned when the keys in this Redis are of a version that
// this package does not know.
var ErrProtocol = errors.New("unknown protocol version")

// checkProtocol returns ErrProtocol where another version's keys are. The first
// worker of a Redis writes the number.
func (q *Queue) checkProtocol(ctx context.Context) error {
	found, err := within(ctx, func() (string, error) {
		if err := q.rdb.SetNX(ctx, keyProtocol, protocol, 0).Err(); err != nil {
			return "", err
		}
		return q.rdb.Get(ctx, keyProtocol).Result()
	})
	if err != nil {
		return fmt.Errorf("read %s: %w", keyProtocol, err)
	}
	if found != protocol {
		return fmt.Errorf("%w: %s says %.40q and this henge speaks %q: use the version of henge that wrote it, or another Redis database",
			ErrProtocol, keyProtocol, found, protocol)
	}
	return nil
}
