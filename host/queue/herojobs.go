package queue

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/henge-run/henge/host/job"
)

// herojobs is the dialect of the herojobs managers. A job is one JSON text in
// the field job of a hash herojobs:{circle}:{topic}:{id}; its id, a number,
// waits in heroqueue:{circle}:{topic}.
type herojobs struct{}

const (
	herojobsJob   = "herojobs:"
	herojobsList  = "heroqueue:"
	herojobsOwn   = "henge:job:herojobs|" // as own_key in lua/herojobs.lua
	defaultTopic  = "default"
	rhaiParams    = "rhaiscript"
	heroParams    = "heroscript"
	mostHerojobID = 1<<32 - 1
)

var _ dialect = herojobs{}

func (herojobs) name() string { return HeroJobs }

// runs says whether the worker has an engine for jobs of this dialect.
func (herojobs) runs(w Wanted) bool {
	return w.has(rhaiParams) || w.has(heroParams) || w.has(rhailibType)
}

// circleOfHeroJobs fixes a circle's name as it stands in the names of lists,
// and checks it. Such a name may hold a comma.
func circleOfHeroJobs(name string) (string, error) {
	fixed := fixName(name)
	if _, err := job.ParseCircle(strings.ReplaceAll(fixed, ",", ".")); err != nil {
		return "", fmt.Errorf("circle %s, which is %s in keys, is not %s; here a comma may stand in it too",
			quoteShort(name), quoteShort(fixed), job.CircleRule)
	}
	return fixed, nil
}

// lists returns those of the default topic: no other topic is known by name. A
// circle whose name is written otherwise in keys has no jobs here.
func (d herojobs) lists(w Wanted, circles []string) ([]list, error) {
	if !d.runs(w) {
		return nil, nil
	}
	var lists []list
	for _, circle := range circles {
		if fixName(circle) == circle {
			lists = append(lists, list{name: herojobsList + circle + ":" + defaultTopic, dialect: d, circle: circle, tier: tierAny})
		}
	}
	return lists, nil
}

// find leaves the circle empty where the list's name has no valid one: its jobs
// end in error, which says so.
func (d herojobs) find(key string, w Wanted) (list, bool) {
	rest, ok := strings.CutPrefix(key, herojobsList)
	name, _, hasTopic := strings.Cut(rest, ":")
	if !ok || !hasTopic || !d.runs(w) || !isListName(key) {
		return list{}, false
	}
	circle, _ := circleOfHeroJobs(name)
	return list{name: key, dialect: d, circle: circle, tier: tierAny}, true
}

func (herojobs) watched([]string) []string { return []string{herojobsList} }
func (herojobs) patterns() []string        { return []string{herojobsList + "*:*"} }

func (herojobs) allLists() []string { return []string{herojobsList + "*:*"} }

func (herojobs) listOf(key string) (string, bool) {
	rest, ok := strings.CutPrefix(key, herojobsList)
	return key, ok && strings.Contains(rest, ":")
}

func (herojobs) typeOf(string) string { return "" }

// members are the values of a job's text by name.
type members map[string]json.RawMessage

// text returns a string's text, and other values as they are written; false
// for what is missing or null.
func (m members) text(name string) (string, bool) {
	value, ok := m[name]
	if !ok || string(value) == "null" {
		return "", false
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return string(value), true
	}
	return s, true
}

// read takes the fields in the order of read_job in lua/herojobs.lua.
func (herojobs) read(claim *Claim, f given, _ Wanted) {
	j := claim.Job
	name, _, _ := strings.Cut(strings.TrimPrefix(j.Queue, herojobsList), ":")
	circle, err := circleOfHeroJobs(name)
	if err != nil {
		claim.refuse("the list's name: %v", err)
	}
	j.Circle = circle
	var m members
	if err := json.Unmarshal([]byte(f.or("job")), &m); err != nil {
		claim.refuse("its field job is not a JSON object: %v", err)
	}
	kind, _ := m.text("params_type")
	claim.readParamsType(kind)
	params, ok := m.text("params")
	claim.readPayload("params", params, ok)
	timeout, _ := m.text("timeout")
	claim.readTimeout("timeout", timeout, time.Second, "seconds")
	claim.readRetries(fieldRetries, f.or(fieldRetries))
	claim.readLimits(fieldLimits, f.or(fieldLimits))
	claim.readBackoff(fieldBackoff, f.or(fieldBackoff))
	claim.readTrace(f.or("traceparent"))
}

func (c *Claim) readParamsType(kind string) {
	switch t := strings.ToLower(kind); t {
	case rhaiParams, heroParams:
		c.Job.Type = t
	case "openrpc", "ai":
		c.refuse("parameters of type %s are not run by henge: only %s and %s are", t, rhaiParams, heroParams)
	default:
		if _, err := job.ParseType(kind); err != nil && kind != "" {
			c.refuse("Unknown parameters type: %v", err)
			return
		}
		c.refuse("Unknown parameters type: %s", kind)
	}
}

func (herojobs) jobs(string) string { return herojobsJob + "*" }

// ref names a job by its key's own text. The id is a number and the circle has
// no colon, so what is between is the topic.
func (herojobs) ref(key string) Ref {
	circle, rest, _ := strings.Cut(strings.TrimPrefix(key, herojobsJob), ":")
	at := strings.LastIndexByte(rest, ':')
	return Ref{Circle: circle, Topic: rest[:max(at, 0)], ID: rest[at+1:]}
}

func (herojobs) newID() (uuid.UUID, error) {
	return uuid.Nil, errors.New("ids are counted by the script")
}

// place takes a job's circle and topic as they stand in its key, which need not
// be fixed names; those of a new job were fixed by complete.
func (herojobs) place(r Ref, j *job.Job) (place, error) {
	rest := r.Circle + ":" + cmp.Or(r.Topic, defaultTopic)
	p := place{list: herojobsList + rest, key: herojobsJob + rest + ":" + r.ID, scope: scopeShared}
	p.own = herojobsOwn + p.list + "|" + r.ID
	p.log = keyLog + HeroJobs + "|" + p.list + "|" + r.ID
	if r.Circle == "" || strings.Contains(r.Circle, ":") || !isListName(p.list) {
		return p, fmt.Errorf("the dialect %s names a job by its circle, topic and id: circle %s and topic %s cannot stand in a key",
			HeroJobs, quoteShort(r.Circle), quoteShort(r.Topic))
	}
	if j != nil && j.Queue != "" && j.Queue != p.list {
		return p, fmt.Errorf("queue %s: a job of this circle and topic waits in %s", quoteShort(j.Queue), p.list)
	}
	return p, nil
}

// complete fixes names. An id may be left out: the script counts it.
func (herojobs) complete(s *Submission) error {
	circle, err := circleOfHeroJobs(s.Circle)
	if err != nil {
		return err
	}
	s.Circle, s.Topic = circle, fixName(cmp.Or(s.Topic, defaultTopic))
	if s.Topic == "" {
		return errors.New("nothing is left of the topic in keys: use letters and digits")
	}
	if s.ID == "" {
		return nil
	}
	n, err := strconv.ParseUint(s.ID, 10, 32)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != s.ID {
		return fmt.Errorf("id %s: an id of the dialect %s is a whole number from 1 to %d; without one the job gets the next",
			quoteShort(s.ID), HeroJobs, int64(mostHerojobID))
	}
	return nil
}

// HeroJob is a job's text, in the words of that system. Times are Unix seconds,
// 0 for none; a timeout of 0 stands for 60 s.
type HeroJob struct {
	JobID         uint32 `json:"jobid"`
	SessionKey    string `json:"sessionkey"`
	CircleID      string `json:"circleid"`
	Topic         string `json:"topic"`
	Params        string `json:"params"`
	ParamsType    string `json:"params_type"`
	Timeout       int64  `json:"timeout"`
	Status        string `json:"status"`
	TimeScheduled int64  `json:"time_scheduled"`
	TimeStart     int64  `json:"time_start"`
	TimeEnd       int64  `json:"time_end"`
	Error         string `json:"error"`
	Result        string `json:"result"`
	Log           bool   `json:"log"`
}

// fields returns the job's text, then fields for henge's own hash.
func (herojobs) fields(j *Submission) ([]any, error) {
	if len(j.Env) > 0 || len(j.After) > 0 || j.Caller != "" {
		return nil, fmt.Errorf("the dialect %s has no caller, no environment and no jobs to wait for", HeroJobs)
	}
	kind := strings.ToLower(j.Type)
	switch kind {
	case "osis", "sal", rhailibType:
		kind = rhaiParams
	case "v":
		kind = heroParams
	case rhaiParams, heroParams:
	default:
		return nil, fmt.Errorf("type %s: the dialect %s has jobs of %s and %s", quoteShort(j.Type), HeroJobs, rhaiParams, heroParams)
	}
	if !utf8.Valid(j.Payload) {
		return nil, fmt.Errorf("the payload is not UTF-8, which the dialect %s needs: a job is a JSON text", HeroJobs)
	}
	// The script writes jobid and time_scheduled.
	text, err := HeroJob{
		CircleID: j.Circle, Topic: j.Topic, Params: string(j.Payload), ParamsType: kind,
		Timeout: wholeSeconds(j.Timeout), Status: "new",
	}.text()
	if err != nil {
		return nil, err
	}
	f := newFields(text)
	f.put(fieldRetries, j.Retries, j.Retries > 0)
	f.options(j, fieldLimits, fieldBackoff, "henge:channel")
	return f.all, f.err
}

// herojobsFields puts the members of a job's text beside henge's own fields;
// where both have a name, as error, the text has it. A text that cannot be read
// stays as it is, under job.
func herojobsFields(hash, own map[string]string) map[string]string {
	text, ok := hash["job"]
	if !ok {
		return nil
	}
	fields := make(map[string]string, len(own)+16)
	maps.Copy(fields, own)
	var m members
	if json.Unmarshal([]byte(text), &m) != nil || m == nil {
		fields["job"] = text
		return fields
	}
	for name := range m {
		if s, ok := m.text(name); ok {
			fields[name] = s
		}
	}
	return fields
}
