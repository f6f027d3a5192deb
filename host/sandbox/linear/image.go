package linear

import (
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
)

// Image is a snapshot of linear memory that any number of memories start from
// and are put back to. It is safe for concurrent use.
type Image struct {
	way   Way
	limit int64
	count counter

	// contents is the snapshot, and runs are the parts of it that are not
	// all zero. The others are not read, since that could make them take
	// memory.
	contents []byte
	runs     []span

	source source
	alive  atomic.Int64
}

// source is where memories get an image's contents from.
type source interface {
	// lay makes space, which is as long as the snapshot, equal to it.
	lay(space []byte) (restorer, error)

	close() error
}

func newImage(k kernel, way Way, snapshot []byte, limit int64) (*Image, error) {
	if len(snapshot)%WasmPage != 0 {
		return nil, fmt.Errorf("the snapshot has %d bytes, which is no multiple of %d; take all of the instance's memory", len(snapshot), WasmPage)
	}
	if int64(len(snapshot)) > limit {
		return nil, fmt.Errorf("the snapshot has %d bytes and the limit is %d; raise the memory limit", len(snapshot), limit)
	}
	im := &Image{way: way, limit: limit, count: k.count, runs: dataRuns(snapshot)}
	if way == Copy || len(snapshot) == 0 {
		c := newCopies(snapshot, im.runs)
		im.source, im.contents = c, c.contents
		return im, nil
	}
	f, err := newFile(k, way, snapshot, im.runs)
	if err != nil {
		return nil, fmt.Errorf("make an image of %d bytes: %w", len(snapshot), err)
	}
	im.source, im.contents = f, f.view
	return im, nil
}

// Way is how memories of this image are put back; it is never Auto.
func (im *Image) Way() Way { return im.way }

// Size is the length of the snapshot in bytes.
func (im *Image) Size() int64 { return int64(len(im.contents)) }

// NewMemory returns the memory of one instance, which holds the snapshot.
// Close it when nothing can touch it any more.
//
// A runtime that makes an instance with it may write into it what the module
// holds as data: Reset before the first job.
func (im *Image) NewMemory() (*Memory, error) {
	m, err := NewMemory(im.limit)
	if err != nil {
		return nil, err
	}
	if m.back, err = im.source.lay(m.space[:im.Size()]); err != nil {
		return nil, errors.Join(fmt.Errorf("lay the snapshot into a memory: %w", err), m.Close())
	}
	m.image, m.count = im, im.count
	im.alive.Add(1)
	return m, nil
}

// parts yields each WasmPage of the snapshot by its offset, as nil where it
// is all zero.
func (im *Image) parts() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		runs := im.runs
		for at := 0; at < len(im.contents); at += WasmPage {
			for len(runs) > 0 && runs[0].to <= at {
				runs = runs[1:]
			}
			var data []byte
			if len(runs) > 0 && runs[0].from <= at {
				data = im.contents[at : at+WasmPage]
			}
			if !yield(at, data) {
				return
			}
		}
	}
}

// Close gives back what the image holds. It fails, and does nothing, while a
// memory of it is open.
func (im *Image) Close() error {
	if n := im.alive.Load(); n > 0 {
		return fmt.Errorf("the image is in use by %d memories; close them first", n)
	}
	if im.source == nil {
		return nil
	}
	s := im.source
	im.source, im.contents, im.runs = nil, nil, nil
	return s.close()
}
