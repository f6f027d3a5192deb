package linear

import "bytes"

// span is a part of a memory, as offsets in bytes.
type span struct{ from, to int }

func (s span) of(b []byte) []byte { return b[s.from:s.to] }

// dataRuns returns the parts of a snapshot that are not all zero, in whole
// WasmPages: a hole must be worth a mapping of its own.
func dataRuns(snapshot []byte) []span {
	var runs []span
	for at := 0; at < len(snapshot); at += WasmPage {
		end := at + WasmPage
		if isZero(snapshot[at:end]) {
			continue
		}
		if n := len(runs); n > 0 && runs[n-1].to == at {
			runs[n-1].to = end
		} else {
			runs = append(runs, span{at, end})
		}
	}
	return runs
}

// zeroRuns returns what runs leave of size bytes.
func zeroRuns(runs []span, size int) []span {
	var zeros []span
	at := 0
	for _, r := range append(runs[:len(runs):len(runs)], span{size, size}) {
		if r.from > at {
			zeros = append(zeros, span{at, r.from})
		}
		at = r.to
	}
	return zeros
}

// isZero compares b with itself, moved by one byte: that is the fastest loop
// there is in Go.
func isZero(b []byte) bool {
	return len(b) == 0 || b[0] == 0 && bytes.Equal(b[1:], b[:len(b)-1])
}
