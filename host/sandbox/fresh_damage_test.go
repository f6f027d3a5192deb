package sandbox_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/job"
)

// What a freshGuest can be told to do. All from opReturns on end it.
const (
	opStore uint32 = iota
	opFill
	opGlobal
	opGrow
	opRandom
	opEcho
	opHidden
	opReturns
	opUnreached
	opDivide
	opOutside
	opSpin
	opRecurse
	opExits
	opFails
	opBoom
	opRefused
	opWait
)

// step is one thing to do, with its arguments.
type step struct {
	op, a uint32
	b     uint64
}

// ending is how a job of a freshGuest ends.
type ending struct {
	name    string
	last    step
	limits  job.Limits
	timeout time.Duration
	end     job.End
}

// endings are all that a guest can bring about. What a job may use is small,
// so that it ends soon; only a deadline can come before the report is made.
var endings = []ending{
	{name: "return", last: step{op: opReturns}, end: job.Success},
	{name: "return 3", last: step{op: opReturns, a: 3}, end: job.ExitCode},
	{name: "unreachable", last: step{op: opUnreached}, end: job.Trap},
	{name: "divide by zero", last: step{op: opDivide}, end: job.Trap},
	{name: "out of bounds", last: step{op: opOutside}, end: job.Trap},
	{name: "fuel", last: step{op: opSpin}, limits: job.Limits{Fuel: 500_000}, end: job.Fuel},
	{name: "deadline", last: step{op: opSpin}, timeout: time.Millisecond, end: job.Deadline},
	{name: "stack", last: step{op: opRecurse}, limits: job.Limits{Depth: 1000}, end: job.Stack},
	{name: "exit 0", last: step{op: opExits}, end: job.Success},
	{name: "exit 3", last: step{op: opExits, a: 3}, end: job.ExitCode},
	{name: "fail", last: step{op: opFails}, end: job.ScriptError},
	{name: "host error", last: step{op: opBoom}, end: job.ExitCode},
	{name: "host limit", last: step{op: opRefused}, end: job.HostLimit},
	{name: "cancelled", last: step{op: opWait}, end: job.Cancelled},
}

const (
	stepSize   = 16
	maxSteps   = 8
	maxPayload = (maxSteps + 1) * stepSize
)

// damage is what one job does after its report.
type damage struct {
	steps []step
	ending
}

// drawDamage draws what can be done to g. No step ends the guest, so that it
// is the ending that does.
func drawDamage(t *rapid.T, g *freshGuest) damage {
	d := damage{ending: rapid.SampledFrom(endings).Draw(t, "ending")}
	for range rapid.IntRange(0, maxSteps).Draw(t, "steps") {
		s := step{op: rapid.Uint32Range(opStore, opHidden).Draw(t, "op"), b: drawBits(t, "value")}
		const most = 64
		switch s.op {
		case opStore, opRandom:
			s.a = uint32(drawAddress(t, g.pages, most))
		case opFill:
			n := rapid.SampledFrom([]int{0, 1, 4096, pageSize}).Draw(t, "length")
			s.a = uint32(drawAddress(t, g.pages, n))
			s.b = uint64(n)<<8 | s.b&0xff
		case opEcho:
			s.a, s.b = uint32(drawAddress(t, g.pages, most)), uint64(drawAddress(t, g.pages, most))
		case opGlobal:
			s.a = rapid.Uint32Range(0, 7).Draw(t, "global")
		case opGrow:
			// Only the first is granted, and one refused would make a trap
			// the end of a guest that ran out of memory.
			if slices.ContainsFunc(d.steps, func(s step) bool { return s.op == opGrow }) {
				continue
			}
			s.a = 1
		}
		d.steps = append(d.steps, s)
	}
	return d
}

// job is a job that does it.
func (d damage) job() *job.Job {
	var payload []byte
	for _, s := range append(append([]step(nil), d.steps...), d.last) {
		payload = binary.LittleEndian.AppendUint32(payload, s.op)
		payload = binary.LittleEndian.AppendUint32(payload, s.a)
		payload = binary.LittleEndian.AppendUint64(payload, s.b)
	}
	j := newJob(payload)
	j.Limits = d.limits
	if d.timeout > 0 {
		j.Timeout = d.timeout
	}
	return j
}

// writeRun reports, and then takes one step after another. Each is read anew,
// since the one before it may have overwritten the payload.
func (g *freshGuest) writeRun(line func(string, ...any)) {
	line(`(func $recurse (param i32) (result i32) (i32.add (i32.const 1) (call $recurse (local.get 0))))`)
	line(`(func (export "henge_run") (result i32) (local $i i32) (local $op i32) (local $a i32) (local $b i64)`)
	line(`(call $report)`)
	line(`(loop $next`)
	line(`(drop (call $input (i32.const 0) (i32.const 0) (i32.const %d) (i32.const %d)))`, g.payloadAt, maxPayload)
	line(`(local.set $op (i32.load offset=%d (local.get $i)))`, g.payloadAt)
	line(`(local.set $a (i32.load offset=%d (local.get $i)))`, g.payloadAt+4)
	line(`(local.set $b (i64.load offset=%d (local.get $i)))`, g.payloadAt+8)
	line(`(local.set $i (i32.add (local.get $i) (i32.const %d)))`, stepSize)

	on := func(op uint32, do string) {
		line(`(if (i32.eq (local.get $op) (i32.const %d)) (then %s))`, op, do)
	}
	call := func(name, a, b string) string {
		return `(drop (call $` + name + ` ` + a + ` (i32.const 64) ` + b + ` (i32.const 64)))`
	}
	const a, b32, nothing = `(local.get $a)`, `(i32.wrap_i64 (local.get $b))`, `(i32.const 0)`
	on(opStore, `(i64.store (local.get $a) (local.get $b))`)
	on(opFill, `(memory.fill `+a+` `+b32+` (i32.wrap_i64 (i64.shr_u (local.get $b) (i64.const 8))))`)
	on(opGlobal, `(call $set `+a+` (local.get $b))`)
	on(opGrow, `(if (i32.ge_s (memory.grow `+a+`) (i32.const 0))
		(then (i64.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8)) (local.get $b))))`)
	on(opRandom, `(drop (call $random `+a+` (i32.const 64)))`)
	on(opEcho, call("echo", a, b32))
	on(opHidden, map[string]string{
		"table":    `(table.set $t (i32.const 0) (ref.func $f3)) (drop (table.grow $t (ref.func $f2) (i32.const 3)))`,
		"elements": `(elem.drop $e)`,
		"data":     `(data.drop $p)`,
	}[g.hides])
	on(opReturns, `(return (local.get $a))`)
	on(opUnreached, `(unreachable)`)
	on(opDivide, `(drop (i32.div_u `+a+` (i32.const 0)))`)
	on(opOutside, `(i32.store (i32.const -4) (i32.const 1))`)
	on(opSpin, `(loop $spin (call $set `+a+` (local.get $b)) (i64.store (local.get $a) (local.get $b))
		(local.set $b (i64.add (local.get $b) (i64.const 1))) (br $spin))`)
	on(opRecurse, `(drop (call $recurse (local.get $a)))`)
	on(opExits, `(call $exit (local.get $a))`)
	const message = `{"message":"no"}`
	on(opFails, `(i64.store (i32.const 0) `+literal(message[:8])+`) (i64.store (i32.const 8) `+literal(message[8:])+`)
		(drop (call $fail (i32.const 0) (i32.const 16) (i32.const 0) (i32.const 0))) (return (i32.const 1))`)
	on(opBoom, call("boom", nothing, nothing)+` (return (i32.const 5))`)
	on(opRefused, `(loop $again `+call("full", nothing, nothing)+` (br $again))`)
	on(opWait, call("wait", nothing, nothing))
	line(`(br $next)) (unreachable))`)
}

// literal is eight bytes of text as an instruction.
func literal(s string) string {
	return fmt.Sprintf("(i64.const %d)", int64(binary.LittleEndian.Uint64([]byte(s))))
}
