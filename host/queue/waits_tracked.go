package queue

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// track asks for jobs on a connection of its own, of which the server remembers
// what was read there and tells when that has changed (client-side caching,
// RESP3). It returns when the connection is lost. ready is called once it
// listens.
func (w *waits) track(ctx context.Context, opts *redis.Options, ready func()) error {
	conn, r, err := openRESP3(ctx, opts, "henge-waits",
		[]string{"SELECT", strconv.Itoa(opts.DB)}, []string{"CLIENT", "TRACKING", "ON"})
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	ready()
	w.askForAll() // what happened while nobody listened

	t := tracked{waits: w, conn: conn}
	reading := make(chan error, 1)
	go func() { reading <- t.read(r) }()
	again := time.NewTicker(waitAgain)
	defer again.Stop()
	for {
		select {
		case <-w.asked:
			err = t.ask(w.questions(false))
		case <-again.C:
			err = t.ask(w.questions(true))
		case err := <-reading:
			return err
		}
		if err != nil {
			conn.Close()
			<-reading
			return err
		}
	}
}

// tracked is a connection on which questions were asked.
type tracked struct {
	*waits
	conn net.Conn

	mu   sync.Mutex
	open []string // keys whose answers are to come, in this order
}

func (t *tracked) ask(list []question) error {
	if len(list) == 0 {
		return nil
	}
	t.mu.Lock()
	for _, q := range list {
		t.open = append(t.open, q.key)
	}
	t.mu.Unlock()
	if err := t.conn.SetWriteDeadline(time.Now().Add(watchIdle)); err != nil {
		return err
	}
	b := bufio.NewWriter(t.conn)
	for _, q := range list {
		if err := writeRESP(b, q.command...); err != nil {
			return err
		}
	}
	return b.Flush()
}

// read takes answers and messages until the connection ends. As long as there
// are waits there are answers now and then, so silence means that it is half
// open.
func (t *tracked) read(r *bufio.Reader) error {
	for {
		if err := t.conn.SetReadDeadline(time.Now().Add(2 * waitAgain)); err != nil {
			return err
		}
		v, err := readRESP(r)
		if err != nil {
			return err
		}
		if p, ok := v.(push); ok {
			if len(p) == 2 && p[0] == "invalidate" {
				if keys, _ := p[1].([]any); keys != nil {
					t.changed(keys)
				} else { // the whole database was flushed
					t.askForAll()
				}
			}
			continue
		}
		t.mu.Lock()
		if len(t.open) == 0 {
			t.mu.Unlock()
			return fmt.Errorf("the server answered %T to no question", v)
		}
		key := t.open[0]
		t.open = t.open[1:]
		t.mu.Unlock()
		t.answered(key, v, true)
	}
}
