package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/henge-run/henge/host/bench/traffic"
)

const (
	progressBar   = 100 * time.Millisecond // on a terminal
	progressLines = 2 * time.Second        // elsewhere
	progressWidth = 24
)

// showProgress shows how far a bench is until the function that it returns is
// called: as a bar on a terminal, as a line now and then elsewhere.
func showProgress(s streams, p *traffic.Progress) (done func()) {
	terminal := isTerminal(s.err) && os.Getenv("TERM") != "dumb"
	every := progressLines
	if terminal {
		every = progressBar
	}
	stop := make(chan struct{})
	var shown sync.WaitGroup
	shown.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-stop:
				if terminal {
					fmt.Fprint(s.err, "\r\x1b[K")
				}
				return
			}
			what, done, of := p.Now()
			switch {
			case of == 0:
			case terminal:
				fmt.Fprintf(s.err, "\r\x1b[K%s %s", bar(done, of), what)
			default:
				fmt.Fprintf(s.err, "%s: %d of %d\n", what, done, of)
			}
		}
	})
	return func() {
		close(stop)
		shown.Wait()
	}
}

// bar draws a part of a whole.
func bar(done, of int) string {
	full := progressWidth * min(done, of) / of
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", progressWidth-full) + "]"
}
