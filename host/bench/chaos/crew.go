package chaos

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"sync"
	"time"
)

// crew is the workers of a trial, each in a process of its own. It is safe for
// concurrent use.
type crew struct {
	child    func() *exec.Cmd
	settings settings

	mu      sync.Mutex
	made    int
	members []*member
	gone    map[string]time.Time // when a worker was lost, by name
}

// member is one of them. It ends with its standard input, so that it does not
// outlive Run.
type member struct {
	name string
	cmd  *exec.Cmd
	skew time.Duration
	in   io.WriteCloser
	done chan struct{} // closed when it has ended
	said chan line     // what a holder says

	mu    sync.Mutex
	turns []string // of Redis: away, or back
}

// line is what matters of a line of a worker's log.
type line struct {
	Message  string `json:"msg"`
	Jobs     []string
	Refused  int
	Accepted []string
}

// start starts a worker; change may change its settings.
func (c *crew) start(change func(*settings)) (*member, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made++
	own := c.settings
	own.Name = fmt.Sprint("worker", c.made)
	if change != nil {
		change(&own)
	}
	m := &member{name: own.Name, skew: own.Skew, cmd: c.child(), done: make(chan struct{}), said: make(chan line, 10)}
	text, err := json.Marshal(own)
	if err != nil {
		return nil, err
	}
	m.cmd.Env = append(m.cmd.Environ(), envSettings+"="+string(text))
	if m.in, err = m.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	log, err := m.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := m.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a worker: %w", err)
	}
	go m.read(log)
	c.members = append(c.members, m)
	return m, nil
}

func (m *member) read(log io.Reader) {
	defer close(m.done)
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l line
		if json.Unmarshal(lines.Bytes(), &l) != nil {
			continue
		}
		switch l.Message {
		case redisAway, redisBack:
			m.mu.Lock()
			m.turns = append(m.turns, l.Message)
			m.mu.Unlock()
		case saysHeld, saysTried:
			m.said <- l
		}
	}
	_, _ = io.Copy(io.Discard, log)
	_ = m.cmd.Wait() // it was killed
}

// running returns the workers that were not killed.
func (c *crew) running() []*member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.members), func(m *member) bool {
		_, gone := c.gone[m.name]
		return gone
	})
}

// kill kills a worker, as kill -9 does, and waits until it is gone.
func (c *crew) kill(m *member) {
	c.lose(m)
	_ = m.cmd.Process.Kill() // it may have ended by itself
	<-m.done
}

// lose remembers that a worker is lost from now on.
func (c *crew) lose(m *member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone[m.name] = time.Now()
}

// killAll ends what still runs.
func (c *crew) killAll() {
	c.mu.Lock()
	members := slices.Clone(c.members)
	c.mu.Unlock()
	for _, m := range members {
		_ = m.cmd.Process.Kill()
		_ = m.in.Close()
		<-m.done
	}
}

// lost says when each worker was lost that was.
func (c *crew) lost() map[string]time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone
}

// babbling names a worker that says twice in a row that Redis is away, or
// back.
func (c *crew) babbling() string {
	for _, m := range c.members {
		m.mu.Lock()
		turns := m.turns
		m.mu.Unlock()
		for i := 1; i < len(turns); i++ {
			if turns[i] == turns[i-1] {
				return m.name + " says again: " + turns[i]
			}
		}
	}
	return ""
}
