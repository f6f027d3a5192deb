package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/queue"
)

func TestWhenAnExchangeIsWorthIt(t *testing.T) {
	later := time.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		sent, claimed, running, ended int
		idle                          bool
		next                          time.Time
		want                          bool
	}{
		"nothing known yet":               {want: true},
		"idle":                            {idle: true, next: later},
		"idle, and time to look":          {idle: true, want: true},
		"idle, with a result":             {idle: true, next: later, ended: 1, want: true},
		"all slots busy":                  {running: 8},
		"all slots claimed for":           {running: 5, claimed: 4, sent: 1},
		"a result while one is made":      {sent: 1, claimed: 4, ended: 1},
		"half the slots while one is":     {sent: 1, claimed: 4, ended: 4, want: true},
		"half the slots while two are":    {sent: 2, claimed: 8, ended: 4},
		"more jobs than slots for a time": {running: 10, idle: false},
	} {
		t.Run(name, func(t *testing.T) {
			d := dispatcher{
				Worker:    &Worker{opts: Options{Slots: 8}, slots: newSlots(8)},
				exchanges: exchanges{sent: c.sent},
				serving:   serving{types: []string{"x"}},
				running:   c.running, ended: make([]queue.Done, c.ended), idle: c.idle, next: c.next,
			}
			d.slots.use(c.running + c.claimed)
			require.Equal(t, c.want, d.worthIt())
			require.GreaterOrEqual(t, d.free(), 0)
			d.serving.types = nil
			require.Zero(t, d.free(), "nothing is served")
		})
	}
}

func TestHalf(t *testing.T) {
	for slots, want := range map[int]int{1: 1, 2: 1, 3: 2, 64: 32, 10_000: 128} {
		require.Equal(t, want, half(slots), slots)
	}
}
