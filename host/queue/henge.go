package queue

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/henge-run/henge/host/job"
)

// own is henge's own dialect. Everything of a circle has the circle as hash
// tag, so it runs on a Redis Cluster: a job is a hash henge:{C}:job:{id}, its
// id waits in henge:{C}:q:{type}, or beside it in :high or :low.
type own struct{}

const (
	ownBefore = "henge:{"
	ownQueue  = "q:"
	ownJob    = "job:"
)

// Levels of a list in the dialect Henge: those of the circle's urgent jobs are
// served before its others, and those that can wait after them.
const (
	levelHigh = "high"
	levelLow  = "low"
)

var _ dialect = own{}

func (own) name() string { return Henge }

// scopeOf returns the prefix of henge's own keys that go with a list or a
// job's key: the circle's own, or those that the other dialects share.
func scopeOf(key string) string {
	if rest, ok := strings.CutPrefix(key, ownBefore); ok {
		if circle, _, ok := strings.Cut(rest, "}:"); ok {
			return ownScope(circle)
		}
	}
	return scopeShared
}

func ownScope(circle string) string { return ownBefore + circle + "}:" }

func (d own) lists(w Wanted, circles []string) ([]list, error) {
	var lists []list
	for _, circle := range circles {
		for _, t := range w.Types {
			lists = append(lists, list{name: ownScope(circle) + ownQueue + strings.ToLower(t), dialect: d, circle: circle, tier: tierAny})
		}
	}
	return lists, nil
}

func (d own) find(key string, w Wanted) (list, bool) {
	scope := scopeOf(key)
	rest, ok := strings.CutPrefix(key, scope+ownQueue)
	if scope == scopeShared || !ok {
		return list{}, false
	}
	t, level, _ := strings.Cut(rest, ":")
	if level != "" && level != levelHigh && level != levelLow {
		return list{}, false
	}
	name := scope + ownQueue + t
	circle, err := job.ParseCircle(circleOfOwn(name))
	if err != nil || !w.has(t) || !isListName(name) {
		return list{}, false
	}
	return list{name: name, dialect: d, circle: circle, tier: tierAny}, true
}

// watched are the lists alone as long as there are few circles: one prefix for
// all of them also covers every job that changes.
func (own) watched(circles []string) []string {
	if len(circles) == 0 || len(circles) > mostPrefixes {
		return []string{ownBefore}
	}
	var prefixes []string
	for _, circle := range circles {
		prefixes = append(prefixes, ownScope(circle)+ownQueue)
	}
	return prefixes
}

// mostPrefixes bounds what Redis compares each changed key with.
const mostPrefixes = 64

func (own) patterns() []string { return []string{ownBefore + "*}:" + ownQueue + "*"} }

var _ scoped = own{}

// shows takes the sets of jobs that are in no list: of those that wait for a
// time, for others or for a channel, and of those that run.
func (d own) shows(key string, w Wanted) (list, bool) {
	scope := scopeOf(key)
	switch strings.TrimPrefix(key, scope) {
	case inDue, inLease, inLimbo, inWaiting, inHeld:
	default:
		return list{}, false
	}
	circle, err := job.ParseCircle(circleOfOwn(key))
	if err != nil || scope != ownScope(circle) {
		return list{}, false
	}
	lists, _ := d.lists(w, []string{circle})
	if len(lists) == 0 {
		return list{}, false
	}
	return lists[0], true
}

func (own) sets() string { return ownBefore + "*}:[dlwh]*" }

func (d own) allLists() []string { return d.patterns() }

// listOf leaves out the level.
func (own) listOf(key string) (string, bool) {
	scope := scopeOf(key)
	rest, ok := strings.CutPrefix(key, scope+ownQueue)
	t, level, _ := strings.Cut(rest, ":")
	ok = ok && scope != scopeShared && (level == "" || level == levelHigh || level == levelLow)
	return scope + ownQueue + t, ok
}

func (own) typeOf(list string) string { return strings.TrimPrefix(list, scopeOf(list)+ownQueue) }

// circleOfOwn is the circle in a list's name, as it is written there.
func circleOfOwn(name string) string {
	rest, _ := strings.CutPrefix(name, ownBefore)
	circle, _, _ := strings.Cut(rest, "}:")
	return circle
}

func (own) read(claim *Claim, f given, _ Wanted) {
	j := claim.Job
	circle, hasCircle := f.text("circle")
	payload, hasPayload := f.text("payload")

	inKey := circleOfOwn(j.Queue)
	claim.readCircle("the circle in the key", inKey)
	if hasCircle && !strings.EqualFold(circle, inKey) {
		claim.refuse("circle %s is not that of the key, %s: write the same, or leave it out", quoteShort(circle), quoteShort(inKey))
	}
	j.Type = strings.TrimPrefix(j.Queue, scopeOf(j.Queue)+ownQueue)
	if jobType := f.or("type"); jobType != "" {
		claim.readType("type", jobType)
	}
	claim.readCaller("caller", f.or("caller"))
	claim.readPayload("payload", payload, hasPayload)
	claim.readTimeout("timeout_ms", f.or("timeout_ms"), time.Millisecond, "milliseconds")
	claim.readRetries("retries", f.or("retries"))
	claim.readBackoff("backoff", f.or("backoff"))
	claim.readEnv("env", f.or("env"))
	claim.readNeeds("after", f.or("after"))
	claim.readLimits("limits", f.or("limits"))
	claim.readTrace(f.or("traceparent"))
	claim.readDepth("depth", f.or("depth"))
}

func (own) jobs(circle string) string {
	if c, err := job.ParseCircle(circle); err == nil {
		return ownScope(c) + ownJob + "*"
	}
	return ownBefore + "*}:" + ownJob + "*"
}

func (own) ref(key string) Ref {
	return Ref{Circle: circleOfOwn(key), ID: strings.TrimPrefix(key, scopeOf(key)+ownJob)}
}

// newID makes ids that sort by time.
func (own) newID() (uuid.UUID, error) { return uuid.NewV7() }

func (own) place(r Ref, j *job.Job) (place, error) {
	circle, err := job.ParseCircle(r.Circle)
	if err != nil {
		return place{}, fmt.Errorf("the dialect %s names a job by its circle and id: %w", Henge, err)
	}
	scope := ownScope(circle)
	p := place{
		list: scope + ownQueue, key: scope + ownJob + r.ID,
		log: scope + "log:" + r.ID, scope: scope,
	}
	if j == nil {
		return p, nil
	}
	t, err := job.ParseType(j.Type)
	if err != nil {
		return p, err
	}
	p.list += t
	if j.Queue != "" && j.Queue != p.list {
		return p, fmt.Errorf("queue %s: a job of this circle and type waits in %s", quoteShort(j.Queue), p.list)
	}
	return p, nil
}

func (own) fields(j *Submission) ([]any, error) {
	f := newFields("type", j.Type, "payload", j.Payload)
	f.put("timeout_ms", j.Timeout.Milliseconds(), j.Timeout > 0)
	f.put("retries", j.Retries, j.Retries > 0)
	f.put("caller", j.Caller, j.Caller != "")
	f.json("env", j.Env, len(j.Env) > 0)
	f.json("after", j.After, len(j.After) > 0)
	f.put("priority", j.Priority, j.Priority != 0)
	f.put("depth", j.Depth, j.Depth > 0)
	f.options(j, "limits", "backoff", "channel")
	return f.all, f.err
}
