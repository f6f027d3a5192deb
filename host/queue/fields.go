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
)

// given is what the script hands out of a job: the names and values of the fields
// that its producer wrote, as far as henge knows them.
type given struct{ *cursor }

// text returns a field, and whether it is there.
func (g given) text(name string) (string, bool) {
	for i := 0; i+1 < len(g.rest); i += 2 {
		if g.rest[i] == name {
			s, ok := g.rest[i+1].(string)
			if !ok {
				g.fail("a text", g.rest[i+1])
			}
			return s, ok
		}
	}
	return "", false
}

// or returns the first of some fields that is there and not empty.
func (g given) or(names ...string) string {
	for _, name := range names {
		if s, _ := g.text(name); s != "" {
			return s
		}
	}
	return ""
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

func (c *Claim) readCircle(field, s string) {
	if s == "" {
		c.refuse("%s is missing: write the circle that the job runs in, %s", field, job.CircleRule)
		return
	}
	circle, err := job.ParseCircle(s)
	if err != nil {
		c.refuse("%s: %v", field, err)
		return
	}
	c.Job.Circle = circle
}

// readType takes a type that the producer names.
func (c *Claim) readType(field, s string) {
	t, err := job.ParseType(s)
	if err != nil {
		c.refuse("%s: %v", field, err)
		return
	}
	c.Job.Type = t
}

// readPayload takes a field that is required, though it may be empty.
func (c *Claim) readPayload(field, s string, present bool) {
	if !present {
		c.refuse("%s is missing: write the source text there", field)
	}
	c.Job.Payload = []byte(s)
}

func (c *Claim) readCaller(field, s string) {
	if err := job.CheckCaller(s); err != nil {
		c.refuse("%s: %v", field, err)
		return
	}
	c.Job.Caller = s
}

// readTimeout takes a number of units, which are called by their name in
// messages.
func (c *Claim) readTimeout(field, s string, unit time.Duration, units string) {
	most := int64(MaxTimeout / unit)
	n, ok := wholeNumber(s, most+1)
	if !ok {
		c.refuse("%s %s is not a whole number of %s: write e.g. %d", field, quoteShort(s), units, time.Minute/unit)
		return
	}
	if n > most {
		c.note("%s %s is longer than the longest one: %d %s hold", field, shorten(s), most, units)
		n = most
	}
	c.Job.Timeout = time.Duration(n) * unit
	if n == 0 {
		c.Job.Timeout = job.DefaultTimeout
	}
}

func (c *Claim) readRetries(field, s string) {
	n, ok := wholeNumber(s, MaxRetries+1)
	if !ok {
		c.refuse("%s %s is not a whole number: write e.g. 2", field, quoteShort(s))
		return
	}
	if n > MaxRetries {
		c.note("%s %s is more than the most: %d hold", field, shorten(s), MaxRetries)
		n = MaxRetries
	}
	c.Job.Retries = int(n)
}

func (c *Claim) readEnv(field, s string) {
	if s == "" {
		return
	}
	bad := func() {
		c.refuse(`%s %s is not a JSON object of texts: write e.g. {"NAME":"value"}`, field, quoteShort(s))
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
			c.refuse("%s: %s cannot be a variable: a name has no =, and neither name nor value has NUL", field, quoteShort(name))
			return
		}
		env[name] = *value
	}
	c.Job.Env = env
}

// readNeeds refuses a job whose list of jobs to wait for cannot be read: to run
// it before them would be worse than not to run it. The waiting itself is the
// script's.
func (c *Claim) readNeeds(field, s string) {
	if s == "" {
		return
	}
	var ids []string
	if err := json.Unmarshal([]byte(s), &ids); err != nil || slices.ContainsFunc(ids, func(id string) bool {
		return id == "" || len(id) > maxID
	}) {
		c.refuse(`%s %s is not a JSON array of job ids: write e.g. ["id"]`, field, quoteShort(s))
	}
}

// readTrace takes what is no more than a label, so a bad one is left out.
func (c *Claim) readTrace(s string) {
	if len(s) <= 64 && !strings.ContainsFunc(s, isControl) {
		c.Traceparent = s
	}
}

// readDepth reads how many jobs led to this one.
func (c *Claim) readDepth(name, s string) {
	n, ok := wholeNumber(s, MaxRetries)
	if !ok {
		c.refuse("%s %s is not a whole number: it counts the jobs that led to this one, and a producer leaves it out", name, quoteShort(s))
		return
	}
	c.Job.Depth = int(n)
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

// shorten is quoteShort for digits and names.
func shorten(s string) string {
	if len(s) > mostQuoted {
		return s[:mostQuoted] + "…"
	}
	return s
}
