package traffic

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// PeerOptions say which other queues to measure, and with which command.
type PeerOptions struct {
	// Command is the path of henge-peers.
	Command string

	// Systems are the peers by name: asynq, asynq-kept, river.
	Systems []string

	// RedisURL is for those that work with Redis, PostgresURL for the others;
	// without the latter the command starts a server of its own.
	RedisURL, PostgresURL string
}

// peer is a process of henge-peers for one system. It reads one line for each
// turn and answers in lines of JSON; it ends when its input does.
//
//	-> {"jobs":20000,"samples":20,"slots":16,"limit_ms":30000}
//	<- {"done":1000}
//	<- {"per_second":4100.5,"waits_ns":[...]}
//
// An answer {"error":"..."} is its last. Its first line, before any turn, is
// {"ready":true} or an error.
type peer struct {
	cmd    *exec.Cmd
	wait   func() error // until it has ended
	input  io.WriteCloser
	output *bufio.Scanner
	says   *strings.Builder // on its standard error
}

// peerTurn is what a peer is asked to do.
type peerTurn struct {
	Jobs    int   `json:"jobs"`
	Samples int   `json:"samples"`
	Slots   int   `json:"slots"`
	LimitMS int64 `json:"limit_ms"`
}

// peerAnswer is a line of a peer.
type peerAnswer struct {
	Ready     bool            `json:"ready"`
	Error     string          `json:"error"`
	Done      int             `json:"done"`
	PerSecond float64         `json:"per_second"`
	Waits     []time.Duration `json:"waits_ns"`
}

// peerCloseTime is how long a peer may take to remove what it wrote.
const peerCloseTime = 10 * time.Second

func (o PeerOptions) open(ctx context.Context, system, name string) (*peer, error) {
	cmd := exec.CommandContext(ctx, o.Command, "-system", system, "-name", name, "-redis-url", o.RedisURL, "-postgres-url", o.PostgresURL)
	p := &peer{cmd: cmd, wait: sync.OnceValue(cmd.Wait), says: &strings.Builder{}}
	cmd.Stderr = p.says
	var err error
	if p.input, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	// At the end of ctx it removes what it wrote, and is killed if it does not.
	cmd.Cancel = p.input.Close
	cmd.WaitDelay = peerCloseTime
	p.output = bufio.NewScanner(out)
	p.output.Buffer(nil, 64<<20)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Command, err)
	}
	if a, err := p.read(); err != nil || !a.Ready {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// read returns the peer's next line.
func (p *peer) read() (peerAnswer, error) {
	if !p.output.Scan() {
		_ = p.wait() // only then all that it says is there
		return peerAnswer{}, fmt.Errorf("the process ended: %.1000s", strings.TrimSpace(p.says.String()))
	}
	var a peerAnswer
	if err := json.Unmarshal(p.output.Bytes(), &a); err != nil {
		return a, fmt.Errorf("read the answer %.100q: %w", p.output.Text(), err)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// close has the process end by itself.
func (p *peer) close() error {
	_ = p.input.Close()
	for p.output.Scan() { // what it still says must not block it
	}
	if err := p.wait(); err != nil {
		return fmt.Errorf("%s: %w: %.1000s", p.cmd.Path, err, strings.TrimSpace(p.says.String()))
	}
	return nil
}

// peerTurn has a peer do what turn does with henge.
func (r *run) peerTurn(ctx context.Context, what string, p *peer, s Setting) (measured, error) {
	r.Progress.begin(what, r.Jobs+r.Samples)
	ask, err := json.Marshal(peerTurn{Jobs: r.Jobs, Samples: r.Samples, Slots: s.Slots, LimitMS: r.Limit.Milliseconds()})
	if err != nil {
		return measured{}, err
	}
	if _, err := p.input.Write(append(ask, '\n')); err != nil {
		return measured{}, fmt.Errorf("ask for a turn: %w", err)
	}
	for {
		a, err := p.read()
		if ctx.Err() != nil {
			return measured{}, context.Cause(ctx)
		}
		if err != nil {
			return measured{}, err
		}
		if a.PerSecond > 0 {
			return measured{a.PerSecond, a.Waits}, nil
		}
		r.Progress.set(a.Done)
	}
}
