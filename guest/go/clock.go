package henge

import (
	"encoding/binary"
	"time"
)

// randomMax is the most bytes that the host gives in one call.
const randomMax = 65536

// Now returns the time.
func Now() (time.Time, error) {
	n, err := nanoseconds(clockNow)
	return time.Unix(0, n), err
}

// Monotonic returns the time since the job began. It never goes back.
func Monotonic() (time.Duration, error) {
	n, err := nanoseconds(clockMonotonic)
	return time.Duration(n), err
}

func nanoseconds(f hostFunction) (int64, error) {
	reply, err := call(f, nil)
	if err != nil {
		return 0, err
	}
	if len(reply) != 8 {
		return 0, &Error{Code: Internal, Message: "a time that is not 8 bytes long"}
	}
	return int64(binary.LittleEndian.Uint64(reply)), nil
}

// Random fills b, of any length, with random bytes fit for keys. They are new
// in every job, which those of a generator that was seeded before the job are
// not.
func Random(b []byte) error {
	for len(b) > 0 {
		piece := b[:min(len(b), randomMax)]
		got, err := callWith(clockRandom, binary.LittleEndian.AppendUint32(nil, uint32(len(piece))), piece)
		if err != nil {
			return err
		}
		if len(got) != len(piece) {
			return &Error{Code: Internal, Message: "fewer random bytes than asked for"}
		}
		b = b[len(piece):]
	}
	return nil
}

// RandomSource is a source for math/rand/v2 that draws from Random:
// rand.New(henge.RandomSource{}). Those of that package alone were seeded
// before the job, and give the same in each.
type RandomSource struct{}

// Uint64 returns 64 random bits. It panics where the circle's policy grants no
// clock.
func (RandomSource) Uint64() uint64 {
	var b [8]byte
	if err := Random(b[:]); err != nil {
		panic(err)
	}
	return binary.LittleEndian.Uint64(b[:])
}
