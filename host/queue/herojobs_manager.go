package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// HeroJobsManager does what the managers of the herojobs system do, in the same
// keys: for programs that were written for those. Circles and topics of a Ref
// stand as in the keys; NewJob and Save write names into keys as Submit does. It
// is safe for concurrent use.
//
// A manager changes a job without asking who has it, as upstream's do. What it
// writes into a job that a worker runs is written over when that ends.
type HeroJobsManager struct{ p *Producer }

// NewHeroJobsManager returns a manager. What New says of rdb holds here too; a
// user with an ACL needs what RoleOperator has.
func NewHeroJobsManager(rdb redis.UniversalClient) (*HeroJobsManager, error) {
	p, err := NewProducer(rdb, HeroJobs)
	if err != nil {
		return nil, err
	}
	return &HeroJobsManager{p}, nil
}

// NewJob returns a job with the next id of its circle and topic, which nobody
// else gets, and the values that a new job has. Nothing of it is in Redis
// before Save.
func (m *HeroJobsManager) NewJob(ctx context.Context, circle, topic string) (HeroJob, error) {
	s := Submission{Topic: topic}
	s.Circle = circle
	if err := (herojobs{}).complete(&s); err != nil {
		return HeroJob{}, fmt.Errorf("new job: %w", err)
	}
	reply, err := m.run(ctx, m.p.scripts.herojobsID, s.ref(), 0)
	if err != nil {
		return HeroJob{}, fmt.Errorf("new job: %w", err)
	}
	text, _ := reply.(string)
	id, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return HeroJob{}, fmt.Errorf("new job: no ids are left in circle %s, topic %s: use another topic", s.Circle, s.Topic)
	}
	return HeroJob{JobID: uint32(id), CircleID: circle, Topic: s.Topic, ParamsType: rhaiParams, Status: "new"}, nil
}

// Save writes the whole job. It does not put it in line: see Add.
func (m *HeroJobsManager) Save(ctx context.Context, j HeroJob) (Ref, error) {
	s := Submission{Topic: j.Topic}
	s.Circle, s.ID = j.CircleID, strconv.FormatUint(uint64(j.JobID), 10)
	if err := (herojobs{}).complete(&s); err != nil {
		return Ref{}, fmt.Errorf("save job: %w", err)
	}
	ref := s.ref()
	at, err := m.p.dialect.place(ref, nil)
	if err != nil {
		return Ref{}, fmt.Errorf("save job: %w", err)
	}
	text, err := j.text()
	if err != nil {
		return Ref{}, fmt.Errorf("save job %s: %w", ref, err)
	}
	_, err = m.p.scripts.raise.run(ctx, m.p.rdb, []string{at.key}, m.p.opts.args(keyIDs+ref.Circle+":"+ref.Topic, ref.ID)...)
	if err == nil {
		_, err = within(ctx, func() (int64, error) { return m.p.rdb.HSet(ctx, at.key, "job", text).Result() })
	}
	if err != nil {
		return Ref{}, fmt.Errorf("save job %s: %w", ref, err)
	}
	return ref, nil
}

// Load returns a job, or ErrNotFound.
func (m *HeroJobsManager) Load(ctx context.Context, r Ref) (HeroJob, error) {
	at, err := m.p.dialect.place(r, nil)
	if err != nil {
		return HeroJob{}, fmt.Errorf("load job: %w", err)
	}
	text, err := within(ctx, func() (string, error) { return m.p.rdb.HGet(ctx, at.key, "job").Result() })
	if errors.Is(err, redis.Nil) {
		err = ErrNotFound
	}
	var j HeroJob
	if err == nil {
		err = json.Unmarshal([]byte(text), &j)
	}
	if err != nil {
		return HeroJob{}, fmt.Errorf("load job %s: %w", r, err)
	}
	return j, nil
}

// Add puts a job in line behind the others of its circle and topic.
func (m *HeroJobsManager) Add(ctx context.Context, r Ref) error {
	at, err := m.p.dialect.place(r, nil)
	if err == nil {
		_, err = within(ctx, func() (int64, error) { return m.p.rdb.RPush(ctx, at.list, r.ID).Result() })
	}
	if err != nil {
		return fmt.Errorf("add job %s: %w", r, err)
	}
	return nil
}

// Peek returns the job that is next in line, and leaves it there; ErrNotFound
// when none waits.
func (m *HeroJobsManager) Peek(ctx context.Context, circle, topic string) (Ref, HeroJob, error) {
	return m.fetch(ctx, "look at the next job", circle, topic, 1)
}

// Fetch takes the next job out of the line for the caller, who has to bring it
// to an end with Finish. Nobody else gets it when the caller is lost: a Queue
// is for those who cannot have that. ErrNotFound when none waits.
func (m *HeroJobsManager) Fetch(ctx context.Context, circle, topic string) (Ref, HeroJob, error) {
	return m.fetch(ctx, "fetch the next job", circle, topic, 0)
}

func (m *HeroJobsManager) fetch(ctx context.Context, what, circle, topic string, look int) (Ref, HeroJob, error) {
	r := Ref{Circle: circle, Topic: topic}
	reply, err := m.run(ctx, m.p.scripts.herojobsFetch, r, look)
	if err == nil && reply == nil {
		err = ErrNotFound
	}
	if err != nil {
		return r, HeroJob{}, fmt.Errorf("%s of circle %s, topic %s: %w", what, circle, topic, err)
	}
	c := newCursor(reply)
	r.ID = c.string()
	var j HeroJob
	if err := errors.Join(json.Unmarshal([]byte(c.string()), &j), c.err()); err != nil {
		return r, j, fmt.Errorf("%s: job %s cannot be read: %w", what, r, err)
	}
	return r, j, nil
}

// Size returns how many jobs of a circle and topic wait.
func (m *HeroJobsManager) Size(ctx context.Context, circle, topic string) (int64, error) {
	at, err := m.p.dialect.place(Ref{Circle: circle, Topic: topic}, nil)
	if err != nil {
		return 0, fmt.Errorf("size of a queue: %w", err)
	}
	n, err := within(ctx, func() (int64, error) { return m.p.rdb.LLen(ctx, at.list).Result() })
	if err != nil {
		return 0, fmt.Errorf("size of %s: %w", at.list, err)
	}
	return n, nil
}

// emptied is how many jobs one script deletes: others wait while it does.
const emptied = 500

// Empty deletes the jobs of a circle and topic that wait, with their logs, and
// returns how many there were. Jobs that run go on.
func (m *HeroJobsManager) Empty(ctx context.Context, circle, topic string) (int, error) {
	for all := 0; ; {
		reply, err := m.run(ctx, m.p.scripts.herojobsEmpty, Ref{Circle: circle, Topic: topic}, emptied)
		if err != nil {
			return all, fmt.Errorf("empty the queue of circle %s, topic %s: %w", circle, topic, err)
		}
		n, _ := reply.(int64)
		if all += int(n); n < emptied {
			return all, nil
		}
	}
}

// SetStatus, SetResult and SetError change a job's member of that name.
func (m *HeroJobsManager) SetStatus(ctx context.Context, r Ref, status string) error {
	return m.set(ctx, r, false, "status", status)
}

// SetResult is described at SetStatus.
func (m *HeroJobsManager) SetResult(ctx context.Context, r Ref, result string) error {
	return m.set(ctx, r, false, "result", result)
}

// SetError is described at SetStatus.
func (m *HeroJobsManager) SetError(ctx context.Context, r Ref, text string) error {
	return m.set(ctx, r, false, "error", text)
}

// Finish ends a job: it writes its status (done or error), result and error,
// and the time. The job then goes after Options.JobTTL.
func (m *HeroJobsManager) Finish(ctx context.Context, r Ref, status, result, text string) error {
	if status != "done" && status != "error" {
		return fmt.Errorf("finish job %s: a job ends in done or error, not in %s", r, quoteShort(status))
	}
	return m.set(ctx, r, true, "status", status, "result", result, "error", text)
}

func (m *HeroJobsManager) set(ctx context.Context, r Ref, ends bool, pairs ...any) error {
	ending := 0
	if ends {
		ending = 1
	}
	reply, err := m.run(ctx, m.p.scripts.herojobsSet, r, append([]any{r.ID, ending}, pairs...)...)
	switch why, _ := reply.(string); {
	case err != nil:
	case why == "missing":
		err = ErrNotFound
	case why != "":
		err = errors.New(why)
	}
	if err != nil {
		return fmt.Errorf("change job %s: %w", r, err)
	}
	return nil
}

func (m *HeroJobsManager) run(ctx context.Context, s *script, r Ref, args ...any) (any, error) {
	at, err := m.p.dialect.place(r, nil)
	if err != nil {
		return nil, err
	}
	reply, err := s.run(ctx, m.p.rdb, []string{at.list}, m.p.opts.args(args...)...)
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return reply, err
}

// text is the job as it stands in Redis.
func (j HeroJob) text() (string, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // a script is full of <, > and &
	if err := e.Encode(j); err != nil {
		return "", fmt.Errorf("write the job's text: %w", err)
	}
	return string(bytes.TrimSpace(text.Bytes())), nil
}

// older is where an earlier version of that system kept jobs, by id alone. They
// are read and never written.
const older = "jobsmanager:"

func (p *Producer) olderFields(ctx context.Context, id string) (map[string]string, error) {
	hash, err := p.rdb.HGetAll(ctx, older+id).Result()
	if err != nil {
		return nil, err
	}
	if fields := herojobsFields(hash, nil); fields != nil {
		return fields, nil
	}
	return hash, nil
}
