package queue

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

const (
	heroControl    = "hero:q:ctl:type:"
	mostOrders     = 100 // messages in one call
	controlReason  = "stopped by a control message"
	legacyWork     = "hero:work_queue:"
	legacyControl  = "hero:stop_queue:"
	unknownMessage = "control message dropped: %s: %s"
)

// Obey does what producers ask for in the control lists of the dialect Hero,
// for the types that Serve named: today, to stop a job, be it that it waits or
// runs in whatever worker. Call it a few times a second. It says whether there
// is more to do; what could not be understood is dropped and stands in the
// notices.
func (q *Queue) Obey(ctx context.Context) (more bool, notices []Notice, err error) {
	want, named := q.board.wanted()
	var lists []string
	for _, d := range q.dialects {
		if h, ok := d.(hero); ok && named {
			lists = h.controls(want)
		}
	}
	if len(lists) == 0 {
		return false, nil, nil
	}
	reply, err := q.scripts.control.run(ctx, q.rdb, lists, q.opts.args(keyControl, controlReason, mostOrders)...)
	if err != nil {
		return false, nil, fmt.Errorf("look for control messages: %w", err)
	}
	c := newCursor(reply)
	more = c.int() == 1
	for all := c.list(); all.more(); {
		one := all.list()
		n := Notice{Queue: one.string()}
		message, ok := one.text()
		n.Text = one.string()
		if ok {
			n.ID = quoteShort(message) // each is said, and only once of the list
			n.Text = fmt.Sprintf(unknownMessage, n.ID, n.Text)
		}
		notices = append(notices, n)
	}
	return more, q.fresh(notices), c.err()
}

// controls are the lists in which a worker is told to stop jobs.
func (d hero) controls(w Wanted) []string {
	var lists []string
	for _, t := range w.Types {
		t = strings.ToLower(t)
		lists = append(lists, heroControl+t)
		if w.Instance != "" {
			lists = append(lists, heroControl+t+":group:"+w.Group+":inst:"+w.Instance)
		}
	}
	for _, name := range d.legacyNames(w) {
		lists = append(lists, legacyControl+name)
	}
	return lists
}

// legacyNames are what older systems call a worker in the names of lists, where
// these are served: its type, or a name of its own.
func (d hero) legacyNames(w Wanted) []string {
	if !d.legacy {
		return nil
	}
	var names []string
	for _, t := range w.Types {
		names = append(names, strings.ToLower(t))
	}
	if w.Instance != "" && !slices.Contains(names, w.Instance) {
		names = append(names, w.Instance)
	}
	return names
}
