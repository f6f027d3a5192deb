package queue

import (
	"encoding/json"
	"fmt"
)

// Caps bound how many jobs run at once, counted from live leases over all
// workers of one Redis, and say which circles get more of them. A zero bounds
// nothing. In the dialect Henge types and channels are counted by circle.
//
// All workers should be given the same: a job starts where its worker sees
// room.
type Caps struct {
	// Circle is the most of each circle, Circles of named ones instead.
	Circle  int            `json:"circle,omitempty"`
	Circles map[string]int `json:"circles,omitempty"`

	// Types is the most of each of these types, by the name that producers
	// use, in lower case.
	Types map[string]int `json:"types,omitempty"`

	// Channels is the most of each of these channels, which producers name in
	// their jobs: of every circle's channel of a name, or of one circle's,
	// written circle/name.
	Channels map[string]int `json:"channels,omitempty"`

	// Weights say how many jobs in a row a circle gets when its turn comes
	// and others wait; 1 where nothing is said.
	Weights map[string]int `json:"weights,omitempty"`
}

// caps are those that count now.
func (o Options) caps() Caps {
	if o.CapsNow != nil {
		return o.CapsNow()
	}
	return o.Caps
}

func (c Caps) check() error {
	if c.Circle < 0 {
		return fmt.Errorf("a cap of %d jobs for each circle: it is to be 1 or more, or 0 for none", c.Circle)
	}
	for what, named := range map[string]map[string]int{
		"circle": c.Circles, "type": c.Types, "channel": c.Channels, "weight of circle": c.Weights,
	} {
		for name, n := range named {
			if n < 1 {
				return fmt.Errorf("%s %.80q: %d is to be 1 or more", what, name, n)
			}
		}
	}
	return nil
}

// encode returns the caps as the script takes them, "" for none.
func (c Caps) encode() string {
	if c.Circle == 0 && len(c.Circles)+len(c.Types)+len(c.Channels)+len(c.Weights) == 0 {
		return ""
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // whole numbers by text
	}
	return string(b)
}
