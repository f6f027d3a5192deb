package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/henge-run/henge/host/queue"
)

const (
	mostInBatch    = 500
	mostBatchBytes = 4 << 20
	mostLine       = 64 << 20
)

// jobLine is a job as a line of JSON: the flags of job submit by their names,
// with the script itself.
type jobLine struct {
	ID       string            `json:"id"`
	Script   *string           `json:"script"`
	Circle   string            `json:"circle"`
	Caller   string            `json:"caller"`
	Type     string            `json:"type"`
	Timeout  written           `json:"timeout"`
	Retries  *int              `json:"retries"`
	Env      map[string]string `json:"env"`
	After    []string          `json:"after"`
	At       time.Time         `json:"at"`
	In       written           `json:"in"`
	Priority *int              `json:"priority"`
	Topic    string            `json:"topic"`
	Channel  string            `json:"channel"`

	MaxMemory    written `json:"max-memory"`
	MaxFuel      written `json:"max-fuel"`
	MaxDepth     written `json:"max-depth"`
	MaxWall      written `json:"max-wall"`
	MaxInput     written `json:"max-input"`
	MaxOutput    written `json:"max-output"`
	MaxLog       written `json:"max-log"`
	MaxHostCalls written `json:"max-host-calls"`
}

// written is a value as on the command line: in JSON a string, or a number.
type written string

// UnmarshalJSON implements json.Unmarshaler.
func (w *written) UnmarshalJSON(b []byte) error {
	var n json.Number
	if err := json.Unmarshal(b, &n); err == nil {
		*w = written(n)
		return nil
	}
	return json.Unmarshal(b, (*string)(w))
}

// line reads a line; what it does not say is as the flags say.
func (c submission) line(text []byte) (*queue.Submission, error) {
	var l jobLine
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is more than one JSON object in the line")
	}
	if l.Script == nil {
		return nil, errors.New(`"script" is missing: the text to run`)
	}
	c.Circle, c.Caller, c.Type = cmp.Or(l.Circle, c.Circle), cmp.Or(l.Caller, c.Caller), cmp.Or(l.Type, c.Type)
	c.Topic, c.Channel = cmp.Or(l.Topic, c.Topic), cmp.Or(l.Channel, c.Channel)
	if l.Retries != nil {
		c.Retries = *l.Retries
	}
	if l.Priority != nil {
		c.Priority = *l.Priority
	}
	if l.Env != nil {
		c.Env = l.Env
	}
	if l.After != nil {
		c.After = l.After
	}
	if !l.At.IsZero() {
		c.At, c.In = l.At, 0
	}
	if l.In != "" {
		c.At = time.Time{}
	}
	if err := l.parse(&c); err != nil {
		return nil, err
	}
	if c.Circle == "" || c.Type == "" {
		return nil, errors.New(`"circle" and "type" are needed, in the line or by --circle and --type`)
	}
	s, err := c.of([]byte(*l.Script), c.Type)
	if err != nil {
		return nil, err
	}
	s.ID = l.ID
	return c.at(s), nil
}

// parse reads what has units.
func (l *jobLine) parse(c *submission) error {
	for name, d := range map[string]struct {
		text written
		to   *time.Duration
	}{"timeout": {l.Timeout, &c.Timeout}, "in": {l.In, &c.In}} {
		if d.text == "" {
			continue
		}
		v, err := time.ParseDuration(string(d.text))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		*d.to = v
	}
	for name, v := range map[string]struct {
		text written
		to   encoding.TextUnmarshaler
	}{
		"max-memory": {l.MaxMemory, &c.MaxMemory}, "max-fuel": {l.MaxFuel, &c.MaxFuel}, "max-depth": {l.MaxDepth, &c.MaxDepth},
		"max-wall": {l.MaxWall, &c.MaxWall}, "max-input": {l.MaxInput, &c.MaxInput}, "max-output": {l.MaxOutput, &c.MaxOutput},
		"max-log": {l.MaxLog, &c.MaxLog}, "max-host-calls": {l.MaxHostCalls, &c.MaxHostCalls},
	} {
		if v.text == "" {
			continue
		}
		if err := v.to.UnmarshalText([]byte(v.text)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// batch is jobs that go to Redis in one call, with what is known already of
// lines that are none.
type batch struct {
	first int // the number of its first line
	lines []lineOutcome
	jobs  []queue.Submission
	size  int
}

// lineOutcome is what became of a line: a job of the batch, or an error.
type lineOutcome struct {
	isJob bool
	err   error
}

// submitLines submits a job for each line of standard input, and prints a line
// for each, in order. A line that is no job does not hold up the others.
func (c *jobSubmit) submitLines(ctx context.Context, s streams, g *globals, p *queue.Producer) error {
	if g.Output == "json" {
		g.Output = "jsonl" // what comes in lines goes out in lines
	}
	in := bufio.NewReaderSize(s.in, 1<<20)
	b := batch{first: 1}
	failed := 0
	for more := true; more; {
		text, err := readLine(in)
		if more = err == nil; !more && err != io.EOF {
			err = fmt.Errorf("line %d: %w; it and those behind it were not read", b.first+len(b.lines), err)
		}
		if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 {
			b.add(c.line(trimmed))
			b.size += len(trimmed)
		} else if more {
			b.lines = append(b.lines, lineOutcome{}) // an empty line counts, and is nothing else
		}
		// What there is goes out before more is waited for.
		if len(b.lines) == mostInBatch || b.size > mostBatchBytes || !more || in.Buffered() == 0 {
			n, sendErr := c.send(ctx, s, g, p, &b)
			failed += n
			if sendErr != nil {
				return sendErr
			}
		}
		if err != nil && err != io.EOF {
			return err
		}
	}
	if failed > 0 {
		return exitWith(exitFailed, "%s not submitted", counted(failed, "line was", "lines were"))
	}
	return nil
}

func (b *batch) add(job *queue.Submission, err error) {
	if err == nil {
		b.jobs = append(b.jobs, *job)
	}
	b.lines = append(b.lines, lineOutcome{isJob: err == nil, err: err})
}

// send submits a batch, prints what became of each line, and begins the next.
// It returns how many lines failed.
func (c *jobSubmit) send(ctx context.Context, s streams, g *globals, p *queue.Producer, b *batch) (failed int, err error) {
	var done []queue.Submitted
	if len(b.jobs) > 0 {
		if done, err = p.SubmitMany(ctx, b.jobs); err != nil {
			return 0, fmt.Errorf("lines %d to %d, of which some may be submitted: %w", b.first, b.first+len(b.lines)-1, err)
		}
	}
	t := table{columns: []string{"line", "id", "error"}, bare: true}
	for i, l := range b.lines {
		id, lineErr := "", l.err
		switch {
		case l.isJob:
			id, lineErr = done[0].Ref.ID, done[0].Err
			done = done[1:]
		case lineErr == nil:
			continue
		}
		message := ""
		if lineErr != nil {
			failed++
			message = lineErr.Error()
		}
		t.rows = append(t.rows, []any{b.first + i, id, message})
	}
	*b = batch{first: b.first + len(b.lines)}
	return failed, g.print(s, t)
}

// readLine reads a line of any length up to mostLine. At the end it returns
// io.EOF with what there was.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > mostLine {
			return nil, fmt.Errorf("it is longer than %d bytes", mostLine)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}
