package linear

import "fmt"

// System is what the operating system was seen to do, as Probe found it. It
// makes images of the ways that work here and of no others. It does not
// change and is safe for concurrent use.
type System struct {
	kernel kernel

	// unfit says of a way why it is not to be used.
	unfit map[Way]error
}

// Best returns the cheapest way that works here.
func (s *System) Best() Way {
	for _, w := range Ways() {
		if s.Check(w) == nil {
			return w
		}
	}
	return Copy
}

// Check returns nil if memory can be put back that way here, and otherwise
// what is missing. It does not try anew.
func (s *System) Check(w Way) error {
	if w < Auto || w > Copy {
		return fmt.Errorf("there is no way %d to reset memory", int(w))
	}
	return s.unfit[w]
}

// NewImage makes an image of a snapshot: all of an instance's memory at the
// point from which jobs start, which is copied. Memories made from it may
// grow to limit bytes, which takes no more than address space. It fails for a
// way that does not work here. Close the image after its memories.
func (s *System) NewImage(way Way, snapshot []byte, limit int64) (*Image, error) {
	if way == Auto {
		way = s.Best()
	}
	if err := s.Check(way); err != nil {
		return nil, fmt.Errorf("memory cannot be reset by %s here: %w", way, err)
	}
	return newImage(s.kernel, way, snapshot, limit)
}
