package sandbox

import (
	"context"
	"time"

	"github.com/henge-run/henge/host/job"
)

// RunReading is Run for a test, without a deadline. It also returns by how
// much the job has changed a global that the guest exports.
func (m *Module) RunReading(ctx context.Context, j *job.Job, global string) (*job.Result, uint64, error) {
	r := newRun(m, time.Now())
	r.session.Deadline = r.session.Start.Add(time.Hour)
	defer r.release()
	inst, err := m.instanceFor(ctx, r)
	if err != nil {
		return nil, 0, err
	}
	before := inst.mod.ExportedGlobal(global).Get()
	end, message := r.ended(inst.do(r, j))
	change := inst.mod.ExportedGlobal(global).Get() - before
	result := r.result(end, message)
	m.pool.put(inst, 0)
	return result, change, nil
}
