package job

import (
	"strconv"
	"strings"
	"sync"
)

// Live is where an attempt puts what it says while it runs, for somebody else
// to take from there now and then. The zero value is ready to use. It is safe
// for concurrent use, its writer never waits for whoever takes, and bounds what
// it holds. It must not be copied.
type Live struct {
	mu       sync.Mutex
	lines    []LogLine // those that nobody is known to have
	first    int       // the number of the first of them among the attempt's lines, from 0
	offered  bool      // lines were given away, be it that they came to nothing
	ended    bool
	moved    bool // progress is new
	progress Progress
}

// Progress is how far a job is, in a unit of its own.
type Progress struct {
	Done  float64
	Total float64 // 0 where it is not known
	Text  string
}

// mostProgress is how much of a progress' text is kept, in bytes.
const mostProgress = 256

// String returns "3/10 text".
func (p Progress) String() string {
	s := strconv.FormatFloat(p.Done, 'f', -1, 64)
	if p.Total != 0 {
		s += "/" + strconv.FormatFloat(p.Total, 'f', -1, 64)
	}
	if p.Text != "" {
		s += " " + strings.ToValidUTF8(p.Text[:min(len(p.Text), mostProgress)], "")
	}
	return s
}

// Write adds a line of the log.
func (l *Live) Write(line LogLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

// Report says how far the job is. Of several reports between two looks, the
// last one counts.
func (l *Live) Report(p Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.progress, l.moved = p, true
}

// Restart drops what was said, for an attempt that is begun anew, unless some
// of it was given away: then it is in the log, and the rest belongs to it.
func (l *Live) Restart() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.offered {
		l.lines = nil
	}
}

// Said is what there is to take.
type Said struct {
	// Lines are new, and First is the number of the first of them among all
	// lines of the attempt, from 0.
	Lines []LogLine
	First int

	// Progress is the last report; nil for no new one.
	Progress *Progress
}

// Said returns what is new, and false when nothing is. It stays until Taken:
// whoever carries it on may fail.
func (l *Live) Said() (Said, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended || len(l.lines) == 0 && !l.moved {
		return Said{}, false
	}
	said := Said{Lines: l.lines, First: l.first}
	l.offered = l.offered || len(l.lines) > 0
	if l.moved {
		p := l.progress
		said.Progress = &p
	}
	return said, true
}

// Taken forgets the first n lines of what Said returned, and its progress.
func (l *Live) Taken(said Said, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.lines, l.first = l.lines[n:], l.first+n
	if said.Progress != nil && *said.Progress == l.progress {
		l.moved = false
	}
}

// End returns the lines that were not taken; from then on there is nothing new.
func (l *Live) End() []LogLine {
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := l.lines
	l.lines, l.ended = nil, true
	return rest
}

// Offered returns the number of the first line that was not taken, and whether
// it and others may have got through all the same: what takes them may have
// been heard, and its answer lost.
func (l *Live) Offered() (first int, offered bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first, l.offered
}
