package sandbox

import (
	"bytes"
	"strings"
)

const (
	// maxLine cuts a line that never ends.
	maxLine = 16 << 10
	// maxTail is how much of the end of a stream is kept for a message.
	maxTail = 4 << 10
)

// lines is a standard stream that is cut into lines of the job's log.
type lines struct {
	pending []byte
	last    []byte
}

// write takes in b and emits the lines that it ends. It never fails: the log
// has a limit of its own.
func (l *lines) write(b []byte, emit func(line string)) {
	n := len(b)
	l.last = append(l.last, b[max(0, n-maxTail):]...)
	if len(l.last) > maxTail {
		l.last = append(l.last[:0], l.last[len(l.last)-maxTail:]...)
	}
	for len(b) > 0 {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		if room := maxLine - len(l.pending); len(line) > room {
			line, rest, whole = b[:room], b[room:], true
		}
		l.pending = append(l.pending, line...)
		if whole {
			l.emit(emit)
		}
		b = rest
	}
}

// flush emits a line that was not ended.
func (l *lines) flush(emit func(line string)) {
	if len(l.pending) > 0 {
		l.emit(emit)
	}
}

func (l *lines) emit(to func(line string)) {
	to(strings.ToValidUTF8(strings.TrimSuffix(string(l.pending), "\r"), "\uFFFD"))
	l.pending = l.pending[:0]
}

// tail returns the last that was written, as text.
func (l *lines) tail() string { return strings.ToValidUTF8(string(l.last), "\uFFFD") }
