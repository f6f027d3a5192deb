package sandbox

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/henge-run/henge/host/sandbox/linear"
)

const (
	// idleTime is how long instances that nobody needed are kept.
	idleTime = time.Minute

	// The guest's native stack may have grown to megabytes, and the runtime
	// never shrinks one. It is made anew after a job that was seen to nest its
	// calls deeply, and, since one that was deep for a moment only is not seen,
	// after every so many jobs that were long enough to be.
	deepCalls = 2000
	longJob   = 100 * time.Microsecond
	freshen   = 64
)

// pool holds the instances of a module that wait for jobs: as many as were in
// use at once, and fewer again when they were not needed for a while.
type pool struct {
	module *Module

	mu   sync.Mutex
	idle []*instance

	// inUse is how many run jobs, and coming how many are being made.
	inUse, coming int

	// most is the most that were in use at once since the timer ran last, and
	// mostBefore the same for the time before that.
	most, mostBefore int

	// longJobs counts long jobs, by whatever instance.
	longJobs int

	timer  *time.Timer
	closed bool
	work   sync.WaitGroup // in the background
}

// get returns an instance in the snapshot's state.
func (p *pool) get(ctx context.Context) (*instance, error) {
	p.mu.Lock()
	p.inUse++
	p.most = max(p.most, p.inUse)
	if n := len(p.idle); n > 0 {
		inst := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return inst, nil
	}
	p.mu.Unlock()
	inst, err := p.module.fromSnapshot(ctx)
	if err != nil {
		p.mu.Lock()
		p.inUse--
		p.mu.Unlock()
	}
	return inst, err
}

// put takes an instance back after a job that took so long. One that cannot
// be reset is thrown away, and another made in the background.
func (p *pool) put(inst *instance, took time.Duration) {
	m := p.module
	if m.snapshot == nil {
		p.discard(inst)
		return
	}
	deep, long := inst.run.deep, took > longJob
	good := m.putBack(inst)
	// What the job left is the collector's from here on.
	inst.run, inst.call.Session = nil, nil

	p.mu.Lock()
	p.inUse--
	if long {
		p.longJobs++
	}
	if deep || long && p.longJobs%freshen == 0 {
		inst.entry = inst.mod.ExportedFunction(m.Entry)
	}
	kept := good && p.keep(inst)
	if !kept {
		p.replace()
	}
	p.mu.Unlock()
	if !kept {
		p.discard(inst)
	}
}

// putBack resets an instance and says whether it can be used again.
func (m *Module) putBack(inst *instance) bool {
	switch m.rt.baseline {
	case FromSnapshot:
		return false
	case Warm:
		return true
	}
	if err := inst.reset(); err != nil {
		if !errors.Is(err, linear.ErrGrown) {
			m.rt.log.Error("an instance cannot be put back and is thrown away", "module", m.Manifest.Name, "err", err)
		}
		return false
	}
	if m.rt.verifyReset {
		if err := inst.verify(); err != nil {
			m.rt.log.Error("an instance was not put back wholly and is thrown away", "module", m.Manifest.Name, "way", m.snapshot.image.Way(), "err", err)
			return false
		}
	}
	return true
}

// keep adds an instance, unless there are enough. The caller holds the lock.
func (p *pool) keep(inst *instance) bool {
	if p.closed || len(p.idle)+p.inUse >= max(p.most, p.mostBefore) {
		return false
	}
	p.idle = append(p.idle, inst)
	if p.timer == nil {
		p.timer = time.AfterFunc(idleTime, p.shrink)
	}
	return true
}

// replace makes an instance in the background, so that the next job need not
// wait for it, unless there are enough. The caller holds the lock.
func (p *pool) replace() {
	if p.closed || len(p.idle)+p.inUse+p.coming >= max(p.most, p.mostBefore) || p.module.rt.baseline == FromSnapshot {
		return
	}
	p.coming++
	p.work.Go(func() {
		inst, err := p.module.fromSnapshot(context.Background())
		p.mu.Lock()
		p.coming--
		kept := false
		if err == nil {
			inst.run, inst.call.Session = nil, nil
			kept = p.keep(inst)
		}
		p.mu.Unlock()
		if err != nil {
			p.module.rt.log.Error("an instance cannot be made", "module", p.module.Manifest.Name, "err", err)
		} else if !kept {
			p.discard(inst)
		}
	})
}

// shrink closes the instances that nobody needed since it ran last.
func (p *pool) shrink() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	p.work.Add(1)
	defer p.work.Done()
	spare := max(0, len(p.idle)+p.inUse-p.most)
	closing := append([]*instance(nil), p.idle[:spare]...)
	p.idle = append([]*instance(nil), p.idle[spare:]...)
	p.most, p.mostBefore = p.inUse, p.most
	p.timer = nil
	if len(p.idle) > 0 {
		p.timer = time.AfterFunc(idleTime, p.shrink)
	}
	p.mu.Unlock()
	for _, inst := range closing {
		p.discard(inst)
	}
}

// discard frees an instance.
func (p *pool) discard(inst *instance) {
	if err := inst.close(context.Background()); err != nil {
		p.module.rt.log.Error("close an instance", "module", p.module.Manifest.Name, "err", err)
	}
}

// close frees all instances. None may be in use.
func (p *pool) close(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	if p.timer != nil {
		p.timer.Stop()
	}
	p.mu.Unlock()
	p.work.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, inst := range p.idle {
		errs = append(errs, inst.close(ctx))
	}
	p.idle = nil
	return errors.Join(errs...)
}
