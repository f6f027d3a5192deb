package sandbox

import (
	"encoding/binary"
	"time"

	"github.com/tetratelabs/wazero/api"
)

// What poll_oneoff reads and writes.
//
// Specification: WASI preview 1, subscription and event.
const (
	subscriptionSize = 48
	eventSize        = 32

	pollClock = 0
	pollRead  = 1
	pollWrite = 2

	clockRealtime  = 0
	clockMonotonic = 1
	clockAbsolute  = 1

	// maxPoll is how many subscriptions one call may have. A program has a
	// handful; a million would keep the host busy beyond the deadline.
	maxPoll = 4096
)

// subscription is what a guest waits for.
type subscription []byte

func (s subscription) kind() byte   { return s[8] }
func (s subscription) file() uint32 { return binary.LittleEndian.Uint32(s[16:]) }

// event is the answer to a subscription.
func (s subscription) event(errno uint32) []byte {
	e := make([]byte, eventSize)
	copy(e[:8], s[:8])
	binary.LittleEndian.PutUint16(e[8:], uint16(errno))
	e[10] = s.kind()
	return e
}

// until is how long it is from now to a clock's subscription; false for a
// clock that is not known.
func (s subscription) until(r *run) (time.Duration, bool) {
	timeout := int64(min(binary.LittleEndian.Uint64(s[24:]), 1<<63-1))
	absolute := binary.LittleEndian.Uint16(s[40:])&clockAbsolute != 0
	now := r.session.Now()
	switch clock := s.file(); {
	case clock != clockRealtime && clock != clockMonotonic:
		return 0, false
	case !absolute:
		return time.Duration(timeout), true
	case clock == clockRealtime:
		return time.Duration(timeout - now.UnixNano()), true
	default:
		return time.Duration(timeout) - r.monotonic(now), true
	}
}

// pollOneoff is poll_oneoff(in, out, count, occurred): it waits for a clock, or
// answers at once where a stream is among what is waited for, since streams are
// always ready. It is ours because the runtime's takes any count.
func (r *run) pollOneoff(mem api.Memory, stack []uint64) uint32 {
	count := uint32(stack[2])
	if count == 0 || count > maxPoll {
		return wasiInvalid
	}
	r.work(int(count) * subscriptionSize)
	in, ok := mem.Read(uint32(stack[0]), count*subscriptionSize)
	if !ok {
		return wasiFault
	}
	var events []byte
	var first subscription
	var wait time.Duration
	for ; len(in) > 0; in = in[subscriptionSize:] {
		s := subscription(in[:subscriptionSize])
		switch s.kind() {
		case pollClock:
			if d, known := s.until(r); !known {
				events = append(events, s.event(wasiInvalid)...)
			} else if first == nil || d < wait {
				first, wait = s, d
			}
		case pollRead, pollWrite:
			errno := uint32(wasiSuccess)
			if s.file() > 2 {
				errno = wasiBadFile
			}
			events = append(events, s.event(errno)...)
		default:
			return wasiInvalid
		}
	}
	if first != nil && (len(events) == 0 || wait <= 0) {
		events = append(events, first.event(wasiSuccess)...)
		sleep(r, wait)
		r.endIfLate()
	}
	if !mem.Write(uint32(stack[1]), events) || !mem.WriteUint32Le(uint32(stack[3]), uint32(len(events)/eventSize)) {
		return wasiFault
	}
	return wasiSuccess
}
