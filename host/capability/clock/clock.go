// Package clock is the capability henge_clock_v1: time and randomness, as the
// session gives them, so that a test can fix both.
package clock

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
)

// New returns the capability.
func New() capability.Capability {
	return capability.Capability{
		Name:       abi.ClockV1,
		DuringInit: true,
		Functions: []capability.Function{
			{Name: "now", Call: now},
			{Name: "monotonic", Call: monotonic},
			{Name: "random", Call: random},
		},
	}
}

func now(_ context.Context, c *capability.Call) error {
	c.ReplyBuffer(binary.LittleEndian.AppendUint64(c.Buffer(), uint64(c.Session.Now().UnixNano())))
	return nil
}

func monotonic(_ context.Context, c *capability.Call) error {
	c.ReplyBuffer(binary.LittleEndian.AppendUint64(c.Buffer(), uint64(c.Session.Now().Sub(c.Session.Start))))
	return nil
}

func random(_ context.Context, c *capability.Call) error {
	if len(c.Request) != 4 {
		return &abi.Error{Code: abi.InvalidArgument, Message: fmt.Sprintf("random takes a count of 4 bytes, little-endian; it got %d bytes", len(c.Request))}
	}
	n := binary.LittleEndian.Uint32(c.Request)
	if n > abi.MaxRandom {
		return &abi.Error{Code: abi.TooLarge, Message: fmt.Sprintf("%d random bytes were asked for; at most %d a call", n, abi.MaxRandom)}
	}
	b := slices.Grow(c.Buffer(), int(n))[:n]
	if _, err := io.ReadFull(c.Session.Random, b); err != nil {
		return fmt.Errorf("read randomness: %w", err)
	}
	c.ReplyBuffer(b)
	return nil
}
