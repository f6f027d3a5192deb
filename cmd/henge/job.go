package main

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
)

// template is what a new job needs, and the jobs of a schedule.
type template struct {
	File    string            `arg:"" optional:"" help:"Script to run; - for standard input."`
	Circle  string            `placeholder:"PK" help:"Circle to run it in."`
	Caller  string            `placeholder:"PK" help:"Who asks; by default the circle itself."`
	Type    string            `placeholder:"TYPE" help:"Script type; by default the file's extension."`
	Timeout time.Duration     `default:"60s" help:"How long one attempt may take, in whole seconds."`
	Retries int               `help:"How many more attempts may follow a failure."`
	Env     map[string]string `placeholder:"NAME=VALUE" help:"Environment of the job."`

	Priority int    `help:"Run before (above 0) or behind (below 0) the circle's other jobs of the type; only in the dialect henge."`
	Topic    string `placeholder:"NAME" help:"Topic of the job, which only the dialect herojobs has."`
	Channel  string `placeholder:"NAME" help:"Count the job in this channel, of which workers may run only so many at once."`

	dialect
	limits
}

// submission is a template and when to run it.
type submission struct {
	template

	After []string      `placeholder:"ID" help:"Run only after these jobs have finished."`
	At    time.Time     `placeholder:"TIME" xor:"at" help:"Run no sooner than at this time, for example 2027-01-31T09:00:00Z."`
	In    time.Duration `placeholder:"TIME" xor:"at" help:"Run no sooner than after this time, for example 10m."`
}

// job reads the script and says what to run.
func (c *template) job(s streams) (*queue.Submission, error) {
	if c.File == "" || c.Circle == "" {
		return nil, exitWith(exitUsage, "name the script to run, or - for standard input, and the circle to run it in, with --circle")
	}
	payload, err := readScript(s, c.File)
	if err != nil {
		return nil, err
	}
	typ, err := scriptType(c.Type, c.File)
	if err != nil {
		return nil, err
	}
	return c.of(payload, typ)
}

// of is the job of a script.
func (c *template) of(payload []byte, typ string) (*queue.Submission, error) {
	var err error
	circle, caller := c.Circle, c.Caller
	if c.Dialect != queue.HeroJobs { // which has no caller, and rules of its own for names
		if circle, err = job.ParseCircle(c.Circle); err != nil {
			return nil, &exitError{exitUsage, err}
		}
		caller = cmp.Or(caller, circle)
	}
	if err := job.CheckCaller(caller); err != nil {
		return nil, &exitError{exitUsage, err}
	}
	if _, err := job.ParseType(typ); err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return &queue.Submission{Job: job.Job{
		Dialect: c.Dialect, Circle: circle, Caller: caller, Type: typ, Payload: payload,
		Timeout: c.Timeout, Retries: c.Retries, Env: c.Env, Limits: c.limits.limits(),
	}, Priority: c.Priority, Channel: c.Channel, Topic: c.Topic}, nil
}

// job is that of the template, at its time.
func (c *submission) job(s streams) (*queue.Submission, error) {
	j, err := c.template.job(s)
	if err != nil {
		return nil, err
	}
	return c.at(j), nil
}

// at is a job at its time.
func (c *submission) at(j *queue.Submission) *queue.Submission {
	j.After, j.At, j.In = c.After, c.At, c.In
	return j
}

// dialect is the flag of commands that speak one of the wire formats.
type dialect struct {
	Dialect string `enum:"hero,rhailib,henge,herojobs" default:"hero" help:"Wire format of the jobs: ${enum}."`
}

// named is a job that a command is about.
type named struct {
	ID     string `arg:"" help:"The job's id."`
	Circle string `placeholder:"PK" help:"The job's circle, in dialects where ids belong to one."`
	Topic  string `placeholder:"NAME" help:"The job's topic, in the dialect herojobs; by default default."`

	dialect
}

func (n named) ref() queue.Ref { return queue.Ref{ID: n.ID, Circle: n.Circle, Topic: n.Topic} }

// withProducer connects to Redis for the time of one command.
func withProducer(g *globals, dialect string, do func(*queue.Producer) error) error {
	rdb, err := queue.Connect(g.RedisURL)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer rdb.Close()
	p, err := queue.NewProducer(rdb, dialect)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	err = do(p)
	if errors.Is(err, queue.ErrNotFound) {
		return &exitError{exitNotFound, err}
	}
	return err
}

// jobSubmit is henge job submit.
type jobSubmit struct {
	submission
	JSONL bool `name:"jsonl" help:"Submit a job for each line of standard input: a JSON object with script and, by their names, any of these flags, which hold for lines that do not say otherwise. Prints a line for each."`
}

// Run submits a job and prints its id.
func (c *jobSubmit) Run(ctx context.Context, s streams, g *globals) error {
	if c.JSONL {
		if c.File != "" && c.File != "-" {
			return exitWith(exitUsage, "with --jsonl jobs are read from standard input, not from %s", printable(c.File))
		}
		return withProducer(g, c.Dialect, func(p *queue.Producer) error { return c.submitLines(ctx, s, g, p) })
	}
	j, err := c.job(s)
	if err != nil {
		return err
	}
	return withProducer(g, c.Dialect, func(p *queue.Producer) error {
		ref, err := p.Submit(ctx, j)
		if err != nil {
			return err
		}
		return g.print(s, table{columns: []string{"id"}, rows: [][]any{{ref.ID}}, bare: true})
	})
}

// jobRun is henge job run.
type jobRun struct {
	submission
	Wait time.Duration `default:"0s" help:"How long to wait for the result; 0 waits until it is there."`
}

// Run submits a job, waits for it and prints what it gave back.
func (c *jobRun) Run(ctx context.Context, s streams, g *globals) error {
	j, err := c.job(s)
	if err != nil {
		return err
	}
	if c.Wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Wait)
		defer cancel()
	}
	return withProducer(g, c.Dialect, func(p *queue.Producer) error {
		ref, err := p.Submit(ctx, j)
		if errors.Is(err, context.DeadlineExceeded) {
			return exitWith(exitTimeout, "Redis has not answered within %s; the job may be there all the same, see henge job ls", c.Wait)
		}
		if err != nil {
			return err
		}
		record, err := p.Wait(ctx, ref)
		if errors.Is(err, context.DeadlineExceeded) {
			return exitWith(exitTimeout, "job %s has not ended within %s; it goes on, see henge job get %s", ref.ID, c.Wait, ref.ID)
		}
		if err != nil {
			return err
		}
		if record.Failed() {
			return failure(record.Fields["end"], record.Fields["error"])
		}
		return printOutput(s, []byte(record.Output()))
	})
}

// failure is the exit of a job that did not succeed.
func failure(end, message string) error {
	if end == job.Deadline.String() {
		return exitWith(exitTimeout, "%s", printable(message))
	}
	return exitWith(exitJobFailed, "%s", printable(message))
}

// jobGet is henge job get.
type jobGet struct{ named }

// Run prints all that is known of a job.
func (c *jobGet) Run(ctx context.Context, s streams, g *globals) error {
	return withProducer(g, c.Dialect, func(p *queue.Producer) error {
		record, err := p.Get(ctx, c.ref())
		where := inRedis
		if errors.Is(err, queue.ErrNotFound) {
			where = inHistory
			record, err = g.fromHistory(ctx, p, c.ref(), err)
		}
		if err != nil {
			return err
		}
		record.Fields["where"] = where
		return g.print(s, recordTable(record))
	})
}

// recordTable shows one job, a field in each row.
func recordTable(r queue.Record) table {
	t := table{columns: slices.Sorted(maps.Keys(r.Fields)), upright: true}
	row := make([]any, len(t.columns))
	for i, name := range t.columns {
		row[i] = r.Fields[name]
	}
	if used, ok := r.Cost(); ok {
		row[slices.Index(t.columns, queue.FieldCost)] = costOf(used)
	}
	t.rows = [][]any{row}
	return t
}

// jobLs is henge job ls.
type jobLs struct {
	Circle string `placeholder:"PK" help:"Only jobs of this circle."`
	Status string `placeholder:"STATUS" help:"Only jobs of this status: dispatched, started, finished, error."`
	Type   string `placeholder:"TYPE" help:"Only jobs of this script type."`
	Topic  string `placeholder:"NAME" help:"Only jobs of this topic, which only the dialect herojobs has."`
	Limit  int    `default:"100" help:"The most jobs to list."`
	Where  string `enum:"all,redis,history" default:"all" help:"Where to look: in Redis, in the history of jobs that ended on this machine, or both (all)."`

	dialect
}

// Run lists jobs, the last created first.
func (c *jobLs) Run(ctx context.Context, s streams, g *globals) error {
	return withProducer(g, c.Dialect, func(p *queue.Producer) error {
		var rows []jobRow
		if c.Where != inHistory {
			records, err := p.List(ctx, queue.Filter{Status: c.Status, Circle: c.Circle, Type: c.Type, Topic: c.Topic}, c.Limit)
			if err != nil {
				return err
			}
			rows = rowsOf(records)
		}
		if c.Where != inRedis {
			kept, err := g.listHistory(ctx, p, c)
			if err != nil {
				return err
			}
			rows = append(rows, kept...)
		}
		return g.print(s, rowTable(rows, c.Limit))
	})
}
