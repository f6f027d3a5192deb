package sandbox

import (
	"context"
	"crypto/rand"
	"io"
	"time"

	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
)

// run is the state of one attempt on the host's side. It belongs to the
// goroutine that runs the job, but for its context, which host functions may
// hand on.
type run struct {
	jobContext

	module *Module

	// start is when the attempt began. The session says the same by the clock
	// that the guest sees.
	start time.Time

	inst    *instance
	session capability.Session
	own     job.Limits // what the job itself says of its budgets
	environ []string
	stdin   stdin
	stdout  lines
	stderr  lines

	// parked is a reply or an error's message that waits for take.
	parked   []byte
	isParked bool

	hostCalls int64
	refusals  int

	// worked is how much the host has done for the guest since it looked at the
	// clock; see work.
	worked int

	// cpu is the processor's time that the job took, as far as it is known.
	cpu time.Duration

	// granted is how much fuel the guest was given so far, in how many slices.
	granted int64
	slices  int

	// entropy is where random bytes come from.
	entropy io.Reader

	// drewRandom says that the guest asked the host for random bytes.
	drewRandom bool

	// deep says that the guest was seen to nest its calls deeply.
	deep bool

	// memoryRefused says that the guest asked for more memory than it may have.
	// A trap after that is the end of a program that ran out of it.
	memoryRefused bool

	// allowed and asked are sets of capabilities, a bit for each: those that
	// the policy allows, and those that it was asked about.
	allowed, asked uint64

	// stop is why the host ended the job; nil while it did not.
	stop *stop

	// restart says that the attempt is to be begun anew.
	restart bool
}

// newRun returns a run under the module's limits, which has not begun.
func newRun(m *Module, start time.Time) *run {
	r := &run{module: m, start: start, entropy: rand.Reader}
	r.session.Module = m.Manifest.Name
	r.session.Limits = m.Limits
	r.session.Start = start
	r.session.Now = time.Now
	if fixed := m.rt.fixed; fixed != nil {
		r.session.Now, r.entropy = fixed()
		r.session.Start = r.session.Now()
	}
	r.session.Random = random{r}
	r.jobContext = jobContext{run: r, parent: context.Background()}
	return r
}

// begin lets the guest run until the session's deadline or the end of ctx,
// whichever is first.
func (r *run) begin(ctx context.Context) {
	r.parent, r.deadline = ctx, r.start.Add(r.session.Deadline.Sub(r.session.Start))
	if r.module.metered {
		r.inst.depth.Set(uint64(uint32(r.session.Limits.Depth)))
		r.granted = 0
		r.grant(0)
	}
}

// random is the source of random bytes of one run.
type random struct{ *run }

// piece is how many random bytes are made before the clock is looked at: a
// guest may ask for all of its memory at once.
const piece = 64 << 10

// Read implements io.Reader. It may return less than was asked for.
func (r random) Read(b []byte) (int, error) {
	r.drewRandom = true
	r.work(min(len(b), piece))
	return r.entropy.Read(b[:min(len(b), piece)])
}

// runOf returns the run of the guest that called a host function.
func runOf(ctx context.Context) *run {
	return ctx.Value(runKey{}).(*run)
}
