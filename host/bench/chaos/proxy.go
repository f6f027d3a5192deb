package chaos

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// harm is what a proxy does to what it carries. The zero value does nothing.
type harm struct {
	// before and after are how many pieces in a thousand have the connection
	// cut: of commands before they are passed on, of answers instead of it.
	before, after int

	// delay is how long an answer takes.
	delay time.Duration
}

// proxy stands between workers and Redis. It is safe for concurrent use.
type proxy struct {
	listener net.Listener
	to       string
	all      sync.WaitGroup

	mu     sync.Mutex
	harm   harm
	cuts   int
	links  map[*link]bool
	closed bool
}

// link is one connection through a proxy.
type link struct {
	client, server net.Conn

	mu     sync.Mutex
	quiet  bool // nothing comes through any more
	fading bool // nothing will, from the next answer on
}

func newProxy(to string) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: l, to: to, links: map[*link]bool{}}
	p.all.Go(p.accept)
	return p, nil
}

func (p *proxy) url() string { return "redis://" + p.listener.Addr().String() + "/0" }

// set changes what the proxy does from now on.
func (p *proxy) set(h harm) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.harm = h
}

func (p *proxy) now() harm {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.harm
}

// cut says whether a piece is one of so many in a thousand at which the
// connection is cut, and counts it.
func (p *proxy) cut(inThousand int) bool {
	if rand.IntN(1000) >= inThousand {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cuts++
	return true
}

// wasCut counts the cuts.
func (p *proxy) wasCut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// silence leaves all connections of this moment open, and lets nothing through any
// more: of half of them from now on, of the others from the next answer on, so that
// Redis has done what nobody hears of.
func (p *proxy) silence() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.mu.Lock()
		l.fading = rand.IntN(2) == 0
		l.quiet = !l.fading
		l.mu.Unlock()
	}
}

// isQuiet says whether what was just read, an answer or a command, is to be dropped.
func (l *link) isQuiet(answer bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.quiet = l.quiet || l.fading && answer
	return l.quiet
}

func (l *link) cut() {
	_ = l.client.Close()
	_ = l.server.Close()
}

// close cuts what is open, and waits until nothing is carried any more.
func (p *proxy) close() {
	p.mu.Lock()
	p.closed = true
	_ = p.listener.Close()
	for l := range p.links {
		l.cut()
	}
	p.mu.Unlock()
	p.all.Wait()
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.to)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.open(&link{client: client, server: server})
	}
}

func (p *proxy) open(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		l.cut()
		return
	}
	p.links[l] = true
	carry := func(from io.Reader, to io.Writer, answers bool, pass func() bool) {
		buffer := make([]byte, 64<<10)
		for {
			n, err := from.Read(buffer)
			if err == nil && l.isQuiet(answers) {
				continue
			}
			if err == nil && pass() {
				_, err = to.Write(buffer[:n])
			} else {
				err = io.ErrClosedPipe
			}
			if err != nil {
				break
			}
		}
		l.cut()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.links, l)
	}
	p.all.Go(func() { carry(l.client, l.server, false, func() bool { return !p.cut(p.now().before) }) })
	p.all.Go(func() {
		carry(l.server, l.client, true, func() bool {
			h := p.now()
			if h.delay > 0 {
				timer := time.NewTimer(h.delay)
				defer timer.Stop()
				<-timer.C
			}
			return !p.cut(h.after)
		})
	})
}
