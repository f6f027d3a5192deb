package traffic

import "sync"

// Progress says how far a bench is. The zero value is ready; it is safe for
// concurrent use.
type Progress struct {
	mu   sync.Mutex
	what string
	done int
	of   int
}

// Now returns what is being measured, how many of its jobs are through, and of
// how many; before the first, of is 0.
func (p *Progress) Now() (what string, done, of int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.what, p.done, p.of
}

func (p *Progress) begin(what string, of int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what, p.done, p.of = what, 0, of
}

func (p *Progress) add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
}

func (p *Progress) set(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = n
}
