package queue

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/henge-run/henge/host/job"
)

const (
	// MaxTimeout is the longest timeout of an attempt; a longer one counts as
	// this, and the job's log says so.
	MaxTimeout = 7 * 24 * time.Hour

	// MaxRetries is the most attempts that may follow failures; more count as
	// this, and the job's log says so.
	MaxRetries = 1000

	maxTypeName = 128
	maxCaller   = 1024
)

// readHero fills in a claim from the fields of a hero job, in the order of
// HANDED_OUT in lua/hero.lua. What the producer wrote wrongly becomes the
// claim's Refusal; the first such field is named.
func readHero(claim *Claim, c *cursor, w Wanted) {
	j := claim.Job
	circle, hasCircle := c.text()
	scriptType, _ := c.text()
	caller, _ := c.text()
	script, hasScript := c.text()
	timeout, _ := c.text()
	retries, _ := c.text()
	env, _ := c.text()
	_, hasLogPath := c.text()
	workerID, _ := c.text()
	actorID, _ := c.text()
	prerequisites, _ := c.text()
	dependencies, _ := c.text()
	limits, _ := c.text()

	claim.readCircle(circle, hasCircle)
	claim.readType(scriptType, workerID, actorID, w)
	claim.readCaller(caller)
	if !hasScript {
		claim.refuse("script is missing: write the source text there")
	}
	j.Payload = []byte(script)
	claim.readTimeout(timeout)
	claim.readRetries(retries)
	claim.readEnv(env)
	claim.readLimits(limits)
	claim.readNeeds("prerequisites", prerequisites)
	claim.readNeeds("dependencies", dependencies)
	if hasLogPath {
		claim.note("log_path is ignored: a job's log is kept by the worker, and read with henge job logs")
	}
}

// refuse keeps the first reason.
func (c *Claim) refuse(format string, args ...any) {
	if c.Refusal == "" {
		c.Refusal = fmt.Sprintf(format, args...)
	}
}

func (c *Claim) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

func (c *Claim) readCircle(s string, present bool) {
	if !present || s == "" {
		c.refuse("context_id is missing: write the circle that the job runs in, %s", job.CircleRule)
		return
	}
	circle, err := job.ParseCircle(s)
	if err != nil {
		c.refuse("context_id: %v", err)
		return
	}
	c.Job.Circle = circle
}

// readType decides what runs the job: the field, an older field that names a
// type which this worker serves (they held a worker's name as often), or the
// list that the job came from.
func (c *Claim) readType(field, workerID, actorID string, w Wanted) {
	if field != "" {
		if !utf8.ValidString(field) || len(field) > maxTypeName || strings.ContainsFunc(field, isControl) {
			c.refuse("script_type %s is no name of a type: write e.g. osis", quoteShort(field))
			return
		}
		c.Job.Type = strings.ToLower(field)
		return
	}
	for _, older := range []string{workerID, actorID} {
		if older != "" && slices.ContainsFunc(w.Types, func(t string) bool { return strings.EqualFold(t, older) }) {
			c.Job.Type = strings.ToLower(older)
			return
		}
	}
	rest, _ := strings.CutPrefix(c.Job.Queue, heroType)
	// A type may hold ":group:" itself, so the longest that is served wins.
	for _, t := range w.Types {
		t = strings.ToLower(t)
		if (rest == t || strings.HasPrefix(rest, t+":group:")) && len(t) > len(c.Job.Type) {
			c.Job.Type = t
		}
	}
}

func (c *Claim) readCaller(s string) {
	if !utf8.ValidString(s) || len(s) > maxCaller || strings.ContainsFunc(s, isControl) {
		c.refuse("caller_id %s is no name: write text without control characters, at most %d bytes", quoteShort(s), maxCaller)
		return
	}
	c.Job.Caller = s
}

func (c *Claim) readTimeout(s string) {
	const most = int64(MaxTimeout / time.Second)
	seconds, ok := wholeNumber(s, most+1)
	if !ok {
		c.refuse("timeout %s is not a whole number of seconds: write e.g. 60", quoteShort(s))
		return
	}
	if seconds > most {
		c.note("timeout %s s is longer than the longest one: %d s hold", shorten(s), most)
		seconds = most
	}
	c.Job.Timeout = time.Duration(seconds) * time.Second
	if seconds == 0 {
		c.Job.Timeout = job.DefaultTimeout
	}
}

func (c *Claim) readRetries(s string) {
	n, ok := wholeNumber(s, MaxRetries+1)
	if !ok {
		c.refuse("retries %s is not a whole number: write e.g. 2", quoteShort(s))
		return
	}
	if n > MaxRetries {
		c.note("retries %s is more than the most: %d hold", shorten(s), MaxRetries)
		n = MaxRetries
	}
	c.Job.Retries = int(n)
}

func (c *Claim) readEnv(s string) {
	if s == "" {
		return
	}
	bad := func() {
		c.refuse(`env_vars %s is not a JSON object of texts: write e.g. {"NAME":"value"}`, quoteShort(s))
	}
	if !utf8.ValidString(s) {
		bad()
		return
	}
	var read map[string]*string
	if err := json.Unmarshal([]byte(s), &read); err != nil || read == nil {
		bad()
		return
	}
	env := make(map[string]string, len(read))
	for name, value := range read {
		switch {
		case value == nil:
			bad()
			return
		case name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(*value, "\x00"):
			c.refuse("env_vars: %s cannot be a variable: a name has no =, and neither name nor value has NUL", quoteShort(name))
			return
		}
		env[name] = *value
	}
	c.Job.Env = env
}

// readNeeds refuses a job that waits for others. To run it before them would
// be worse than not to run it.
func (c *Claim) readNeeds(field, s string) {
	if s == "" {
		return
	}
	var ids []string
	if err := json.Unmarshal([]byte(s), &ids); err != nil {
		c.refuse(`%s %s is not a JSON array of job ids: write e.g. ["id"]`, field, quoteShort(s))
		return
	}
	if len(ids) > 0 {
		c.refuse("%s: this version of henge does not wait for other jobs: submit the job when they have finished", field)
	}
}

// wholeNumber reads decimal digits, 0 for none at all, and gives most for
// every number above it.
func wholeNumber(s string, most int64) (int64, bool) {
	if s == "" {
		return 0, true
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil { // only too large is left
		return most, true
	}
	return min(n, most), true
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

const mostQuoted = 80

// quoteShort quotes what a producer wrote, so that it cannot flood a log or
// steer a terminal.
func quoteShort(s string) string {
	if len(s) > mostQuoted {
		return fmt.Sprintf("%q… (%d bytes)", s[:mostQuoted], len(s))
	}
	return fmt.Sprintf("%q", s)
}

// shorten is quoteShort for digits.
func shorten(s string) string {
	if len(s) > mostQuoted {
		return s[:mostQuoted] + "…"
	}
	return s
}
