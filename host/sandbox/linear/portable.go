//go:build !linux || henge_portable

package linear

import (
	"errors"
	"fmt"
)

// Here only Copy is known.

type kernel struct{ count counter }

var errNotLinux = fmt.Errorf("it needs Linux: %w", errors.ErrUnsupported)

// Probe returns a System that offers Copy alone.
func Probe() *System {
	return &System{
		kernel: kernel{count: threadUsage},
		unfit:  map[Way]error{Faults: errNotLinux, Pagemap: errNotLinux, Drop: errNotLinux},
	}
}

// threadUsage implements counter.
func threadUsage() (usage, bool) { return usage{}, false }

// giveWay is left to the system's scheduler.
func giveWay() {}

// file stands for an image in a file, which there is none of.
type file struct {
	copies
	view []byte
}

func newFile(kernel, Way, []byte, []span) (*file, error) { return nil, errNotLinux }
