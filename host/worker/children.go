package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/capability/queue"
	"github.com/henge-run/henge/host/job"
	hostqueue "github.com/henge-run/henge/host/queue"
)

// Children submits the jobs of scripts, and waits for them. A child of a job of
// the dialect Hero has that dialect too, and any other is of Henge: only these
// two can say who asks and how deep a job is. It is safe for concurrent use.
type Children struct {
	producers map[string]*hostqueue.Producer
}

var _ queue.Jobs = (*Children)(nil)

// NewChildren returns the Children of a worker that serves these dialects, all
// that the client can carry if there are none. Close it when no job runs any
// more.
func NewChildren(rdb redis.UniversalClient, dialects ...string) (*Children, error) {
	c := &Children{producers: map[string]*hostqueue.Producer{}}
	if _, cluster := rdb.(*redis.ClusterClient); cluster && len(dialects) == 0 {
		dialects = []string{hostqueue.Henge}
	}
	for _, d := range []string{hostqueue.Hero, hostqueue.Henge} {
		if len(dialects) > 0 && !slices.Contains(dialects, d) {
			continue
		}
		p, err := hostqueue.NewProducer(rdb, d)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("jobs of scripts: %w", err), c.Close())
		}
		c.producers[d] = p
	}
	return c, nil
}

// Close ends what waits.
func (c *Children) Close() error {
	var all error
	for _, p := range c.producers {
		all = errors.Join(all, p.Close())
	}
	return all
}

// producerFor returns who submits the children of a job.
func (c *Children) producerFor(parent *job.Job) (*hostqueue.Producer, error) {
	d := hostqueue.Henge
	if parent.Dialect == hostqueue.Hero {
		d = hostqueue.Hero
	}
	if p := c.producers[d]; p != nil && parent.Queue != "" {
		return p, nil
	}
	return nil, fmt.Errorf("%w: jobs of a job of the dialect %s are of the dialect %s, which this worker does not serve; ask the operator to serve it with --dialect", queue.ErrUnsupported, parent.Dialect, d)
}

// Submit implements queue.Jobs.
func (c *Children) Submit(ctx context.Context, parent *job.Job, child queue.Child) error {
	p, err := c.producerFor(parent)
	if err != nil {
		return err
	}
	_, err = p.Submit(ctx, &hostqueue.Submission{In: child.Delay, Job: job.Job{
		ID: child.ID, Circle: parent.Circle, Caller: parent.Caller, Type: child.Type, Payload: child.Payload,
		Env: child.Env, Timeout: child.Timeout, Retries: child.Retries, Depth: parent.Depth + 1,
	}})
	if errors.Is(err, hostqueue.ErrExists) {
		return nil // an attempt before this one has submitted it
	}
	return err
}

// Wait implements queue.Jobs.
func (c *Children) Wait(ctx context.Context, parent *job.Job, id string) (queue.Ended, error) {
	p, err := c.producerFor(parent)
	if err != nil {
		return queue.Ended{}, err
	}
	r, err := p.Wait(ctx, hostqueue.Ref{ID: id, Circle: circleOf(p, parent)})
	if errors.Is(err, hostqueue.ErrNotFound) {
		return queue.Ended{Status: queue.Dead, Error: "the job is not there any more"}, nil
	}
	if err != nil {
		return queue.Ended{}, err
	}
	if !strings.EqualFold(r.InCircle(), parent.Circle) {
		return queue.Ended{}, fmt.Errorf("job %q is of another circle", id)
	}
	return queue.Ended{Status: statusOf(r), Output: []byte(r.Output()), Error: r.Message()}, nil
}

// circleOf is the circle in the name of a job: there is one in Henge alone.
func circleOf(p *hostqueue.Producer, parent *job.Job) string {
	if p.Dialect() == hostqueue.Henge {
		return parent.Circle
	}
	return ""
}

// statusOf returns how a job ended in the contract's words.
func statusOf(r hostqueue.Record) string {
	switch {
	case !r.Failed():
		return queue.Succeeded
	case r.Status() == "cancelled" || r.End() == job.Cancelled:
		return queue.Cancelled
	case r.Status() == "dead" || r.End() == job.WorkerLost:
		return queue.Dead
	}
	return queue.Failed
}
