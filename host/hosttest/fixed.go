package hosttest

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"time"
)

// DefaultStart is when jobs begin, by the clock that they see.
var DefaultStart = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// start is when jobs begin, and the time for what they have stored.
func (o Options) start() time.Time {
	if o.Start.IsZero() {
		return DefaultStart
	}
	return o.Start
}

// fixed returns the clock and the random bytes of one attempt.
func (o Options) fixed() (func() time.Time, io.Reader) {
	now := o.start()
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], o.Seed)
	return func() time.Time {
		t := now
		now = now.Add(o.Tick)
		return t
	}, rand.NewChaCha8(seed)
}
