package linear

import "bytes"

// copies is a snapshot on the heap, that memories are compared with.
type copies struct {
	contents    []byte
	runs, zeros []span
}

func newCopies(snapshot []byte, runs []span) *copies {
	c := &copies{contents: make([]byte, len(snapshot)), runs: runs, zeros: zeroRuns(runs, len(snapshot))}
	// What is zero in a fresh slice has not been touched, and takes no memory.
	for _, r := range runs {
		copy(r.of(c.contents), r.of(snapshot))
	}
	return c
}

// lay implements source; space is all zero before.
func (c *copies) lay(space []byte) (restorer, error) {
	for _, r := range c.runs {
		copy(r.of(space), r.of(c.contents))
	}
	return &copied{c, space}, nil
}

func (c *copies) close() error { return nil }

// copied is a memory that is put back by Copy.
type copied struct {
	*copies
	space []byte
}

// comparePage is how much is compared at a time. Most pages are as they were,
// and then nothing is written.
const comparePage = 4096

// restore implements restorer. It has no use for quiet.
func (c *copied) restore(bool) error {
	for _, r := range c.runs {
		for at := r.from; at < r.to; at += comparePage {
			got, want := c.space[at:at+comparePage], c.contents[at:at+comparePage]
			if !bytes.Equal(got, want) {
				copy(got, want)
			}
		}
	}
	for _, z := range c.zeros {
		if err := zero(z.of(c.space)); err != nil {
			return err
		}
	}
	return nil
}

func (c *copied) private() int64 { return int64(len(c.space)) }
