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
	write func(line string)

	// alive ends the job where its time is up: one write of a guest's may
	// have any number of lines.
	alive func()

	pending []byte
	last    []byte
}

// Write implements io.Writer and never fails: the log has a limit of its own.
func (l *lines) Write(b []byte) (int, error) {
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
			l.alive()
			l.emit()
		}
		b = rest
	}
	return n, nil
}

// flush writes a line that was not ended.
func (l *lines) flush() {
	if len(l.pending) > 0 {
		l.emit()
	}
}

func (l *lines) emit() {
	l.write(strings.ToValidUTF8(strings.TrimSuffix(string(l.pending), "\r"), "\uFFFD"))
	l.pending = l.pending[:0]
}

// tail returns the last that was written, as text.
func (l *lines) tail() string { return strings.ToValidUTF8(string(l.last), "\uFFFD") }
