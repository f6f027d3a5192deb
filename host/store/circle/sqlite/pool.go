package sqlite

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/henge-run/henge/host/store/circle"
)

// pool keeps connections, at most so many, whatever the number of circles.
// Those that are idle are closed after a while, or when another circle needs
// the room.
type pool struct {
	most     int
	idleTime time.Duration
	maxBytes int64

	mu      sync.Mutex
	idle    []*conn // the one used last at the end
	open    int     // idle, in use, or about to be
	changed chan struct{}
	timer   *time.Timer
	closed  bool
}

func newPool(most int, idle time.Duration, maxBytes int64) *pool {
	return &pool{most: most, idleTime: idle, maxBytes: maxBytes, changed: make(chan struct{})}
}

// get returns a connection to a file, which put has to get back. It waits for
// room until ctx ends.
func (p *pool) get(ctx context.Context, path string) (*conn, error) {
	for {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			return nil, circle.ErrClosed
		}
		found, stale := p.take(path)
		changed := p.changed
		p.mu.Unlock()
		if stale != nil {
			_ = stale.Close() // all that it wrote is on disk
		}
		switch {
		case found == nil:
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		case found.Conn != nil && found.isCurrent():
			return found, nil
		}
		if found.Conn != nil { // somebody has replaced the file
			_ = found.Close()
		}
		c, err := openConn(ctx, path, p.maxBytes)
		if err != nil {
			p.gone()
			return nil, err
		}
		return c, nil
	}
}

// take returns an idle connection to the file, or an empty one where there is
// room to open one, for which another may have to be closed first. The caller
// holds p.mu.
func (p *pool) take(path string) (found, stale *conn) {
	for i := len(p.idle) - 1; i >= 0; i-- {
		if p.idle[i].path == path {
			found = p.idle[i]
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			return found, nil
		}
	}
	switch {
	case p.open < p.most:
		p.open++
	case len(p.idle) > 0:
		stale, p.idle = p.idle[0], p.idle[1:]
	default:
		return nil, nil
	}
	return &conn{path: path}, stale
}

// put gives a connection back. One that is not sound is closed.
func (p *pool) put(c *conn, sound bool) error {
	p.mu.Lock()
	if sound && !c.Spoiled() && !p.closed {
		c.since = time.Now()
		p.idle = append(p.idle, c)
		if p.timer == nil {
			p.timer = time.AfterFunc(p.idleTime, p.shrink)
		}
		p.tell()
		p.mu.Unlock()
		return nil
	}
	p.mu.Unlock()
	err := c.Close()
	p.gone()
	return err
}

// gone makes room for another connection.
func (p *pool) gone() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
	p.tell()
}

// tell wakes all who wait for room. The caller holds p.mu.
func (p *pool) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// shrink closes what nobody has used for a while.
func (p *pool) shrink() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	n := 0
	for n < len(p.idle) && time.Since(p.idle[n].since) >= p.idleTime {
		n++
	}
	old := append([]*conn(nil), p.idle[:n]...)
	p.idle = append([]*conn(nil), p.idle[n:]...)
	p.timer = nil
	if len(p.idle) > 0 {
		p.timer = time.AfterFunc(p.idleTime, p.shrink)
	}
	p.mu.Unlock()
	for _, c := range old {
		_ = c.Close()
		p.gone()
	}
}

// close closes all connections, and waits for those in use.
func (p *pool) close() error {
	p.mu.Lock()
	p.closed = true
	if p.timer != nil {
		p.timer.Stop()
	}
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	var failed []error
	for _, c := range idle {
		failed = append(failed, c.Close())
		p.gone()
	}
	for {
		p.mu.Lock()
		open, changed := p.open, p.changed
		p.mu.Unlock()
		if open == 0 {
			return errors.Join(failed...)
		}
		<-changed
	}
}

// isCurrent says whether the connection's file is still the one that has its
// name: an operator may have removed it, or put a backup in its place.
func (c *conn) isCurrent() bool {
	now, err := os.Stat(c.path)
	return err == nil && os.SameFile(c.file, now)
}
