package hosttest

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"time"
)

// DefaultStart is when jobs begin, by the clock that they see.
var DefaultStart = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// fixed returns the clock and the random bytes of one attempt.
func (o Options) fixed() (func() time.Time, io.Reader) {
	now := o.Start
	if now.IsZero() {
		now = DefaultStart
	}
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], o.Seed)
	return func() time.Time {
		t := now
		now = now.Add(o.Tick)
		return t
	}, rand.NewChaCha8(seed)
}
