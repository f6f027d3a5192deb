package queue

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/schedule"
)

// Schedule is a job that is written again at each tick of a spec.
type Schedule struct {
	// Name is unlike that of the circle's other schedules: 1 to 64 of
	// A-Z a-z 0-9 . _ - that starts with a letter or digit.
	Name string

	// Spec says when, by the server's clock.
	Spec schedule.Spec

	// Missed says what becomes of ticks for which no worker was there; the zero
	// value skips them.
	Missed schedule.Policy

	// Job is written at each tick. Its Circle is the schedule's too, and its
	// Dialect is required. ID, After, At and In must be empty. The ids of jobs
	// name the schedule and the tick, but for the dialect HeroJobs, which
	// counts them; all have fields that do.
	Job Submission

	// Paused schedules write no jobs, and the ticks meanwhile are not missed.
	// Put does not change it.
	Paused bool

	// Next is the tick waited for, the zero time when there is none any more;
	// Last and LastJob are the last tick that gave a job, and the id of the
	// last job. Put does not read them.
	Next, Last time.Time
	LastJob    string

	// Problem says why it cannot be run, empty where it can: somebody has
	// changed it in Redis. Other fields are then as far as they could be read.
	Problem string

	revision string
	ticks    schedule.Schedule
}

// Circle returns whose schedule it is.
func (s *Schedule) Circle() string { return s.Job.Circle }

// mostScheduleName is the longest name of a schedule, in bytes.
const mostScheduleName = 64

const scheduleNameRule = "1 to 64 of A-Z a-z 0-9 . _ - that starts with a letter or digit"

// checkScheduleName has the rule of circles' names, without that for keys.
func checkScheduleName(name string) error {
	if _, err := job.ParseCircle(name); err != nil || len(name) > mostScheduleName {
		return fmt.Errorf("schedule name %s is not %s", quoteShort(name), scheduleNameRule)
	}
	return nil
}

// circleOfSchedules returns a circle as it stands in the keys of its schedules:
// its canonical name, or the one that the dialect HeroJobs gives it.
func circleOfSchedules(name string) (string, error) {
	circle, err := job.ParseCircle(name)
	if err == nil {
		return circle, nil
	}
	if fixed, err := circleOfHeroJobs(name); err == nil && fixed == name {
		return name, nil
	}
	return "", err
}

// complete checks a schedule that is to be written, and returns the fields of
// its job.
func (s *Schedule) complete(p *Producer) ([]any, error) {
	if err := checkScheduleName(s.Name); err != nil {
		return nil, err
	}
	if s.Job.ID != "" || len(s.Job.After) > 0 || !s.Job.At.IsZero() || s.Job.In != 0 {
		return nil, errors.New("the jobs of a schedule have no id of their own, wait for no others and run at the ticks")
	}
	var err error
	if s.ticks, err = s.Spec.Compile(); err != nil {
		return nil, err
	}
	if _, err := s.Missed.MarshalText(); err != nil {
		return nil, err
	}
	one := s.Job
	if _, _, err := p.submission(&one); err != nil { // what cannot be submitted later is refused now
		return nil, err
	}
	s.Job.Circle, s.Job.Topic = one.Circle, one.Topic
	// A job is kept with the names of henge's own dialect, which has a field
	// for everything.
	fields, err := own{}.fields(&s.Job)
	if err != nil {
		return nil, err
	}
	fields = append(fields, "circle", s.Job.Circle, "name", s.Name, "missed", s.Missed.String(), "dialect", p.Dialect())
	for _, f := range [][2]string{{"topic", s.Job.Topic}, {"queue", s.Job.Queue}} {
		if f[1] != "" {
			fields = append(fields, f[0], f[1])
		}
	}
	return fields, nil
}

// readSchedule reads a schedule as it stands in Redis. What is wrong with it
// becomes its Problem.
func readSchedule(circle, name string, fields map[string]string) *Schedule {
	c := &Claim{Job: &job.Job{Circle: circle, Dialect: fields["dialect"], Queue: fields["queue"]}}
	s := &Schedule{Name: name, LastJob: fields["last_job"], Paused: fields["paused"] != "", revision: fields["revision"]}
	if err := checkScheduleName(name); err != nil {
		c.refuse("%v", err)
	}
	if given := fields["circle"]; given != circle {
		c.refuse("circle %s is not that of the key, %s", quoteShort(given), circle)
	}
	if _, err := dialectsNamed([]string{c.Job.Dialect}); err != nil || c.Job.Dialect == "" {
		c.refuse("%s is no dialect", quoteShort(c.Job.Dialect))
	}
	if s.revision == "" {
		c.refuse("its revision is missing")
	}
	var err error
	if s.Spec, err = schedule.ParseSpec(fields["spec"]); err != nil {
		c.refuse("spec: %v", err)
	}
	s.ticks, _ = s.Spec.Compile()
	if s.Missed, err = schedule.ParsePolicy(fields["missed"]); err != nil {
		c.refuse("missed: %v", err)
	}
	payload, ok := fields["payload"]
	if t := fields["type"]; t != "" { // where the dialect has but one, or a list says it
		c.readType("type", t)
	}
	c.readPayload("payload", payload, ok)
	c.readCaller("caller", fields["caller"])
	c.readTimeout("timeout_ms", fields["timeout_ms"], time.Millisecond, "milliseconds")
	c.readRetries("retries", fields["retries"])
	c.readEnv("env", fields["env"])
	c.readLimits("limits", fields["limits"])
	c.readBackoff("backoff", fields["backoff"])
	s.Job = Submission{Job: *c.Job, Topic: fields["topic"], Channel: fields["channel"]}
	if c.backoff != nil {
		s.Job.Backoff = *c.backoff
	}
	if s.Job.Priority, err = strconv.Atoi(cmp.Or(fields["priority"], "0")); err != nil {
		c.refuse("priority %s is not a whole number", quoteShort(fields["priority"]))
	}
	s.Next = c.readTick("next", fields["next"])
	s.Last = c.readTick("last", fields["last"])
	if first := c.readTick("first", fields["first"]); !s.Next.IsZero() && s.Next.Before(first) {
		// From a tick long ago on, each one since could give a job.
		c.refuse("next is %s, before the first tick, %s", tickText(s.Next), tickText(first))
	}
	s.Problem = c.Refusal
	return s
}

// readTick takes a tick in milliseconds, nothing for none.
func (c *Claim) readTick(field, s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	const most = int64(253402300800_000) // the year 10000
	n, ok := wholeNumber(s, most)
	if !ok || n == most || n == 0 {
		c.refuse("%s %s is no time in milliseconds", field, quoteShort(s))
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// tickMS is a tick as the scripts take it.
func tickMS(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

func tickText(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// submission is what the script takes of the job of one tick, or of a job by
// hand, which mark names: list, dialect, id, level, fields.
func (s *Schedule) submission(p *Producer, mark string) ([]any, error) {
	one := s.Job
	names := [2]string{"henge:schedule", "henge:tick"}
	switch p.dialect.name() {
	case Henge: // where ids belong to a circle
		one.ID = s.Name + "@" + mark
		names = [2]string{"schedule", "tick"}
	case HeroJobs: // which counts them
	default:
		one.ID = s.Circle() + "/" + s.Name + "@" + mark
	}
	at, fields, err := p.submission(&one)
	if err != nil {
		return nil, err
	}
	args := append([]any{p.dialect.name(), at.list, one.ID, one.level()}, fields...)
	return append(args, names[0], s.Name, names[1], mark), nil
}
