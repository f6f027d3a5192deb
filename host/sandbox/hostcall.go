package sandbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero/api"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
)

// Every host function has one shape: request and reply as ranges of guest
// memory, the reply's length or an error code as the result.
var (
	hostParams    = []api.ValueType{api.ValueTypeI32, api.ValueTypeI32, api.ValueTypeI32, api.ValueTypeI32}
	hostResults   = []api.ValueType{api.ValueTypeI64}
	hostSignature = signatureOf(hostParams, hostResults)
)

// maxRefusals is how often a guest may go on after a budget was used up. One
// that calls on is not handling the error, and is ended.
const maxRefusals = 1000

type hostFunction struct {
	name string
	body api.GoModuleFunc
}

// hostFunctions gives a capability's functions the guest's calling
// convention. take belongs to the job capability and lives here, since it
// hands out what any other call left parked.
//
// Those of a capability have its number; what every runtime has comes first and
// is asked of no policy.
func hostFunctions(c capability.Capability, number int) []hostFunction {
	var out []hostFunction
	for _, f := range c.Functions {
		out = append(out, hostFunction{f.Name, func(ctx context.Context, mod api.Module, stack []uint64) {
			r := runOf(ctx)
			request, reply := guestRanges(r, mod, stack)
			stack[0] = uint64(r.call(c, f, number, request, reply))
		}})
	}
	if c.Name == abi.JobV1 {
		out = append(out, hostFunction{"take", func(ctx context.Context, mod api.Module, stack []uint64) {
			r := runOf(ctx)
			_, reply := guestRanges(r, mod, stack)
			stack[0] = uint64(r.take(reply))
		}})
	}
	return out
}

// guestRanges returns the request and the room for the reply as they lie in
// guest memory. A range outside of it is the one mistake that traps: there is
// nowhere to report it to. An empty range may point anywhere.
func guestRanges(r *run, mod api.Module, stack []uint64) (request, reply []byte) {
	read := func(what string, ptr, n uint64) []byte {
		if uint32(n) == 0 {
			return nil
		}
		b, ok := mod.Memory().Read(uint32(ptr), uint32(n))
		if !ok {
			r.abort(job.Trap, fmt.Sprintf("a host function was called with a %s of %d bytes at %d, outside of the module's memory", what, uint32(n), uint32(ptr)))
		}
		return b
	}
	return read("request", stack[0], stack[1]), read("reply buffer", stack[2], stack[3])
}

// call carries out one host function and returns its result. The guest's
// memory is touched here and nowhere else: before the function runs and after
// it has returned.
func (r *run) call(c capability.Capability, f capability.Function, number int, request, reply []byte) int64 {
	r.parked, r.isParked = nil, false
	r.work(len(request) + len(reply))
	if err := r.admit(c, f, number); err != nil {
		return r.fail(f, err)
	}
	r.inst.call.Request = append(r.inst.call.Request[:0], request...)
	if err := f.Call(r, &r.inst.call); err != nil {
		return r.fail(f, err)
	}
	r.endIfDone()
	b := r.inst.call.TakeReply()
	if len(b) > len(reply) {
		r.parked, r.isParked = b, true
	} else {
		copy(reply, b)
	}
	return int64(len(b))
}

// admit says whether the guest may make this call now.
func (r *run) admit(c capability.Capability, f capability.Function, number int) error {
	if r.session.Job == nil {
		if !c.DuringInit {
			return &abi.Error{Code: abi.AccessDenied, Message: c.Name + " may not be used before a job runs: " + abi.ExportInit + " builds what all jobs start from"}
		}
		return nil
	}
	r.hostCalls++
	if r.hostCalls > r.session.Limits.HostCalls && !f.PastLimit {
		return &abi.Error{Code: abi.Limit, Message: fmt.Sprintf("the job's limit of %d host calls is used up; make fewer, or %s",
			r.session.Limits.HostCalls, job.More(r.own.HostCalls, r.session.Limits.HostCalls, "host_calls"))}
	}
	if number < ownCapabilities || r.module.rt.policy == nil {
		return nil
	}
	return r.grants(c.Name, number)
}

// grants asks the policy once for each capability that a job uses, and again
// for the reason of each refusal.
func (r *run) grants(name string, number int) error {
	bit := uint64(1) << number
	if r.asked&bit == 0 || r.allowed&bit == 0 {
		r.asked |= bit
		if err := r.module.rt.policy.Grants(r.module.Manifest.Name, r.session.Job.Circle, name); err != nil {
			return err
		}
		r.allowed |= bit
	}
	return nil
}

// fail turns an error into what the guest gets: the code now, the message to
// take.
func (r *run) fail(f capability.Function, err error) int64 {
	r.endIfDone()
	r.inst.call.TakeReply()
	if errors.Is(err, capability.ErrRestart) {
		r.restart = true
		r.abort(job.NotKept, err.Error())
	}
	var e *abi.Error
	if !errors.As(err, &e) {
		r.module.rt.log.Error("a host function failed", "function", f.Name, "module", r.module.Manifest.Name, "err", err)
		e = &abi.Error{Code: abi.Internal, Message: "the host could not carry out " + f.Name}
	}
	if e.Code == abi.Limit || e.Code == abi.TooLarge {
		if r.refusals++; r.refusals > maxRefusals {
			r.abort(job.HostLimit, fmt.Sprintf("the job went on calling the host %d times after a limit was reached; the last answer was: %s", maxRefusals, e.Message))
		}
	}
	r.parked, r.isParked = []byte(e.Message), true
	return int64(e.Code)
}

// take copies out what the call before it could not deliver. It may be asked
// again with more room, until the next call.
func (r *run) take(reply []byte) int64 {
	if !r.isParked {
		return int64(abi.NotFound)
	}
	if len(r.parked) <= len(reply) {
		copy(reply, r.parked)
	}
	return int64(len(r.parked))
}
