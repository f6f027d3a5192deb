package queue

import (
	"fmt"
	"sync"
)

// slots number a worker's claims, so that one whose answer was lost can be
// made again and gives the same jobs. There are as many as claims were ever
// made at the same time.
type slots struct {
	life string // unlike that of an earlier process of the same worker
	mu   sync.Mutex
	made int
	free []slot
}

// slot is where one claim is made at a time.
type slot struct {
	number int
	call   int64 // of the claim that is made now, or is to be made again
}

// take returns a slot; one with a call to be made again comes first.
func (s *slots) take() slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		one := s.free[n-1]
		s.free = s.free[:n-1]
		return one
	}
	s.made++
	return slot{number: s.made, call: 1}
}

// give returns a slot after its call; without an answer the same call is made
// again by whoever takes the slot next.
func (s *slots) give(one slot, answered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !answered {
		s.free = append(s.free, one) // taken from the end
		return
	}
	one.call++
	s.free = append([]slot{one}, s.free...)
}

// args are the slot and the call as the script takes them.
func (s *slots) args(one slot) []any {
	return []any{one.number, fmt.Sprintf("%s.%d", s.life, one.call)}
}
