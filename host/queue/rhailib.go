package queue

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/henge-run/henge/host/job"
)

// rhailib is the dialect of the rhailib workers, as it is documented: field
// names are not published, so both known spellings are read. A task is a hash
// rhai_task_details:{id}; its id waits in rhai_tasks:{circle}.
type rhailib struct{}

const (
	rhailibTask = "rhai_task_details:"
	rhailibList = "rhai_tasks:"
	rhailibType = "rhai"
)

var _ dialect = rhailib{}

func (rhailib) name() string { return Rhailib }

func (d rhailib) lists(w Wanted, circles []string) ([]list, error) {
	if !w.has(rhailibType) {
		return nil, nil
	}
	lists := make([]list, len(circles))
	for i, circle := range circles {
		lists[i] = d.list(rhailibList + circle)
	}
	return lists, nil
}

// list has no circle: the tasks in it may say another one than its name does.
func (d rhailib) list(name string) list { return list{name: name, dialect: d, tier: tierAny} }

func (d rhailib) find(key string, w Wanted) (list, bool) {
	name, ok := strings.CutPrefix(key, rhailibList)
	if !ok || !w.has(rhailibType) || !isListName(key) {
		return list{}, false
	}
	l := d.list(key)
	// It is the list of a circle, or of a worker of that name; in neither case
	// is it for those who serve others.
	if circle, err := job.ParseCircle(name); err == nil {
		l.circle = circle
	}
	return l, true
}

func (rhailib) watched([]string) []string { return []string{rhailibList} }
func (rhailib) patterns() []string        { return []string{rhailibList + "*"} }

func (d rhailib) allLists() []string { return d.patterns() }

func (rhailib) listOf(key string) (string, bool) { return key, strings.HasPrefix(key, rhailibList) }

func (rhailib) typeOf(string) string { return rhailibType }

func (rhailib) read(claim *Claim, f given, _ Wanted) {
	j := claim.Job
	circle := f.or("context_id", "contextId")
	script, hasScript := f.text("script")
	if circle == "" {
		circle = strings.TrimPrefix(j.Queue, rhailibList)
	}
	claim.readCircle("context_id", circle)
	j.Type = rhailibType
	claim.readCaller("caller_id", f.or("caller_id", "callerId", "publicKey"))
	claim.readPayload("script", script, hasScript)
	claim.readTimeout(fieldTimeout, f.or(fieldTimeout), time.Second, "seconds")
	claim.readRetries(fieldRetries, f.or(fieldRetries))
	claim.readLimits(fieldLimits, f.or(fieldLimits))
	claim.readBackoff(fieldBackoff, f.or(fieldBackoff))
	claim.readTrace(f.or("traceparent"))
}

func (rhailib) jobs(string) string        { return rhailibTask + "*" }
func (rhailib) ref(key string) Ref        { return Ref{ID: strings.TrimPrefix(key, rhailibTask)} }
func (rhailib) newID() (uuid.UUID, error) { return uuid.NewRandom() }

func (rhailib) place(r Ref, j *job.Job) (place, error) {
	p := place{list: rhailibList, key: rhailibTask + r.ID, log: keyLog + Rhailib + "|" + r.ID, scope: scopeShared}
	if j == nil {
		return p, nil
	}
	p.list = rhailibList + j.Circle
	if j.Queue != "" {
		if !strings.HasPrefix(j.Queue, rhailibList) || !isListName(j.Queue) {
			return p, fmt.Errorf("queue %s is no list of the rhailib dialect: it starts with %s", quoteShort(j.Queue), rhailibList)
		}
		p.list = j.Queue
	}
	return p, nil
}

func (rhailib) fields(j *Submission) ([]any, error) {
	if len(j.Env) > 0 || len(j.After) > 0 {
		return nil, fmt.Errorf("the dialect %s has neither an environment nor jobs to wait for", Rhailib)
	}
	f := newFields("caller_id", j.Caller, "context_id", j.Circle, "script", j.Payload)
	f.put(fieldTimeout, wholeSeconds(j.Timeout), j.Timeout > 0)
	f.put(fieldRetries, j.Retries, j.Retries > 0)
	f.options(j, fieldLimits, fieldBackoff, "henge:channel")
	return f.all, f.err
}
