package queue

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/henge-run/henge/host/job"
)

// hero is the dialect of the Hero actors. A job is a hash hero:job:{id}; its
// id waits in the list of a script type, of a group of workers, or of one
// worker of a group. With legacy, the lists of older systems are served too:
// hero:work_queue:{worker}, where the worker is named by its type or otherwise.
type hero struct{ legacy bool }

const (
	heroJob  = "hero:job:"
	heroWork = "hero:q:work:"
	heroType = heroWork + "type:"
)

var _ dialect = hero{}

func (hero) name() string { return Hero }

func (d hero) lists(w Wanted, _ []string) ([]list, error) {
	var lists []list
	add := func(name string, tier int) {
		lists = append(lists, list{name: name, dialect: d, tier: tier})
	}
	for _, t := range w.Types {
		name := heroType + strings.ToLower(t)
		add(name, tierAny)
		if w.Group != "" {
			name += ":group:" + w.Group
			add(name, tierGroup)
		}
		if w.Instance != "" {
			add(name+":inst:"+w.Instance, tierInstance)
		}
	}
	for _, name := range d.legacyNames(w) {
		add(legacyWork+name, tierAny)
	}
	return lists, nil
}

// isWork says whether a key is named like a list of jobs.
func (d hero) isWork(name string) bool {
	return strings.HasPrefix(name, heroWork) || d.legacy && strings.HasPrefix(name, legacyWork)
}

func (d hero) find(key string, w Wanted) (list, bool) {
	name, circle := key, ""
	if rest, ok := strings.CutPrefix(key, keyWait+Hero+"|"); ok { // a waiting list of henge's own
		name, circle, _ = strings.Cut(rest, "|")
	}
	if !d.isWork(name) {
		return list{}, false
	}
	lists, _ := d.lists(w, nil) // w was checked
	for _, l := range lists {
		if l.name == name {
			l.circle = circle
			return l, true
		}
	}
	return list{}, false
}

func (d hero) watched([]string) []string {
	if d.legacy {
		return []string{heroWork, legacyWork}
	}
	return []string{heroWork}
}

func (hero) patterns() []string { return nil }

func (hero) allLists() []string { return []string{heroWork + "*", legacyWork + "*"} }

func (hero) listOf(key string) (string, bool) {
	return key, strings.HasPrefix(key, heroWork) || strings.HasPrefix(key, legacyWork)
}

func (hero) typeOf(list string) string {
	t, _, _ := strings.Cut(strings.TrimPrefix(list, heroType), ":group:")
	return t
}

func (hero) read(claim *Claim, f given, w Wanted) {
	j := claim.Job
	script, hasScript := f.text("script")
	_, hasLogPath := f.text("log_path")

	claim.readCircle("context_id", f.or("context_id"))
	if scriptType := f.or("script_type"); scriptType != "" {
		claim.readType("script_type", scriptType)
	} else {
		j.Type = typeOfHero(j.Queue, w, f.or("worker_id"), f.or("actor_id"))
	}
	claim.readCaller("caller_id", f.or("caller_id"))
	claim.readPayload("script", script, hasScript)
	claim.readTimeout("timeout", f.or("timeout"), time.Second, "seconds")
	claim.readRetries("retries", f.or("retries"))
	claim.readEnv("env_vars", f.or("env_vars"))
	claim.readLimits(fieldLimits, f.or(fieldLimits))
	claim.readBackoff(fieldBackoff, f.or(fieldBackoff))
	claim.readNeeds("prerequisites", f.or("prerequisites"))
	claim.readNeeds("dependencies", f.or("dependencies"))
	claim.readTrace(f.or("traceparent"))
	claim.readDepth("henge:depth", f.or("henge:depth"))
	if hasLogPath {
		claim.note("log_path is ignored: a job's log is kept by the worker, and read with henge job logs")
	}
}

// typeOfHero is what runs a job that does not say it: what an older field
// names if this worker serves it (those held a worker's name as often), or
// what the list is for.
func typeOfHero(queue string, w Wanted, older ...string) string {
	for _, name := range older {
		if name != "" && w.has(name) {
			return strings.ToLower(name)
		}
	}
	rest := strings.TrimPrefix(strings.TrimPrefix(queue, legacyWork), heroType)
	if t, _, _ := strings.Cut(rest, ":group:"); w.has(t) {
		return strings.ToLower(t)
	}
	return ""
}

func (hero) jobs(string) string        { return heroJob + "*" }
func (hero) ref(key string) Ref        { return Ref{ID: strings.TrimPrefix(key, heroJob)} }
func (hero) newID() (uuid.UUID, error) { return uuid.NewRandom() }

func (hero) place(r Ref, j *job.Job) (place, error) {
	p := place{
		list: heroWork, key: heroJob + r.ID,
		log: keyLog + Hero + "|" + r.ID, scope: scopeShared,
	}
	switch {
	case j == nil:
	case j.Queue == "":
		t, err := job.ParseType(j.Type)
		if err != nil {
			return p, err
		}
		p.list = heroType + t
	case !strings.HasPrefix(j.Queue, heroWork) || !isListName(j.Queue):
		return p, fmt.Errorf("queue %s is no list of the hero dialect: it starts with %s", quoteShort(j.Queue), heroWork)
	default:
		p.list = j.Queue
	}
	return p, nil
}

func (hero) fields(j *Submission) ([]any, error) {
	f := newFields("caller_id", j.Caller, "context_id", j.Circle, "script_type", j.Type, "script", j.Payload,
		"timeout", wholeSeconds(j.Timeout), "retries", max(j.Retries, 0), "concurrent", "false")
	f.json("env_vars", j.Env, len(j.Env) > 0)
	f.json("prerequisites", j.After, len(j.After) > 0)
	f.put("henge:depth", j.Depth, j.Depth > 0)
	f.options(j, fieldLimits, fieldBackoff, "henge:channel")
	return f.all, f.err
}
