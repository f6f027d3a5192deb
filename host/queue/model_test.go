package queue

import (
	"slices"
	"time"
)

// model is what the protocol says about some jobs, in a few lines: what the
// scripts do is compared with it. Which of the jobs that can start a claim
// takes is not for the model to say; which it may not take is.
type model struct {
	now      time.Duration // that has passed
	lease    time.Duration
	crashes  int
	cap      int // of running jobs of a circle, 0 for none
	mail     int // of those of a circle in the channel
	lastReap map[string]time.Duration
	jobs     []*modelJob
	paused   map[string]bool // lists
}

type phase int

const (
	isWaiting phase = iota
	isRunning
	hasEnded
)

type modelJob struct {
	ref           Ref
	list, scope   string
	needs         []string // ids
	reply         string   // a list
	mail, replies bool
	retries       int
	holdsRunAt    bool // the job itself says when it is to run
	runAt, due    time.Duration
	phase         phase
	good, cancel  bool
	dispatched    bool // set back since it ended
	attempt, run  int
	failed, crash int
	ended         int // how often
	expiry        time.Duration
}

func (m *model) find(id string) *modelJob {
	return m.where(func(j *modelJob) bool { return j.ref.ID == id })
}

// needed is a job that another one names: in the dialect henge an id is one of
// its own circle.
func (m *model) needed(by *modelJob, id string) *modelJob {
	return m.where(func(j *modelJob) bool { return j.ref.ID == id && j.scope == by.scope })
}

func (m *model) where(f func(*modelJob) bool) *modelJob {
	if i := slices.IndexFunc(m.jobs, f); i >= 0 {
		return m.jobs[i]
	}
	return nil
}

// mayStart says why a job must not be handed out now, "" if it may.
func (m *model) mayStart(j *modelJob) string {
	switch {
	case j.phase != isWaiting:
		return "it does not wait"
	case m.paused[j.list]:
		return "its list is paused"
	case j.due > m.now || j.holdsRunAt && j.runAt > m.now:
		return "it is not due"
	}
	for _, id := range j.needs {
		if n := m.needed(j, id); n == nil || n.phase != hasEnded || !n.good {
			return "it needs " + id
		}
	}
	return ""
}

// start is what a claim does to a job.
func (m *model) start(j *modelJob) {
	if j.dispatched {
		j.failed, j.crash, j.cancel = 0, 0, false
	}
	if j.dispatched || j.run == 0 {
		j.run++
	}
	j.dispatched = false
	j.attempt++
	j.phase, j.expiry = isRunning, m.now+m.lease
}

// fits says whether what runs is within the caps that count a job.
func (m *model) fits(j *modelJob) bool {
	inCircle, inMail := 0, 0
	for _, o := range m.jobs {
		if o.phase == isRunning && o.expiry > m.now && o.ref.Circle == j.ref.Circle {
			inCircle++
			if o.mail {
				inMail++
			}
		}
	}
	return (m.cap == 0 || inCircle <= m.cap) && (m.mail == 0 || !j.mail || inMail <= m.mail)
}

// mayEnd says whether a job that waits may end for what it needs.
func (m *model) mayEnd(j *modelJob) bool {
	for _, id := range j.needs {
		if n := m.needed(j, id); n == nil || n.phase == hasEnded && !n.good || m.leadsTo(n, j, map[*modelJob]bool{}) {
			return true
		}
	}
	return false
}

// leadsTo says whether a job is another one or needs it, over any number of
// steps.
func (m *model) leadsTo(from, to *modelJob, seen map[*modelJob]bool) bool {
	if from == to {
		return true
	}
	if from == nil || seen[from] {
		return false
	}
	seen[from] = true
	return slices.ContainsFunc(from.needs, func(id string) bool { return m.leadsTo(m.needed(from, id), to, seen) })
}

func (m *model) end(j *modelJob, good bool) {
	j.phase, j.good, j.due = hasEnded, good, 0
	j.ended++
}

// finish is what the end of an attempt does.
func (m *model) finish(j *modelJob, good, retryable bool, delay time.Duration) {
	if retryable {
		j.failed++
		if j.failed <= j.retries {
			j.phase, j.due = isWaiting, m.now+delay
			return
		}
		if j.failed == 1 {
			j.failed = 0 // only what had retries is counted
		}
	}
	m.end(j, good)
}

func (m *model) reap() {
	late := map[string]bool{}
	for _, j := range m.jobs {
		last, ok := m.lastReap[j.scope]
		late[j.scope] = !ok || m.now-last > m.lease/2
	}
	for _, j := range m.jobs {
		m.lastReap[j.scope] = m.now
		switch {
		case j.phase != isRunning:
		case late[j.scope]:
			j.expiry = m.now + m.lease
		case j.expiry > m.now:
		case j.cancel:
			m.end(j, false)
		default:
			j.crash++
			j.phase = isWaiting
			if j.crash >= m.crashes {
				m.end(j, false)
			}
		}
	}
}
