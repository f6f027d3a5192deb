// Package capability defines how a guest asks the host for something: host
// functions as plain Go, grouped in capabilities, and the session that ties
// them to the job that is running. It knows no WebAssembly runtime and no
// queue; each folder below it is one capability.
package capability

import (
	"context"
	"fmt"

	"github.com/henge-run/henge/abi"
)

// Capability is one import module: what a guest may be granted or denied as a
// whole. An embedding program adds its own in the same way as those below
// this folder: a name with a version, and functions.
type Capability struct {
	// Name is the import module, with its version: "henge_log_v1".
	Name string

	// Functions are what it offers.
	Functions []Function

	// DuringInit says that henge_init may use it. What henge_init builds is
	// shared by all jobs, so only what belongs to none may be seen there.
	DuringInit bool
}

// Function is a host function.
type Function struct {
	Name string
	Call Func

	// PastLimit says that it may be called when the job's host calls are
	// used up: for what a job needs to end in good order.
	PastLimit bool
}

// Func carries out one call. The guest gets an *abi.Error as it is, and any
// other error as abi.Internal without its text, which could name what is not
// the guest's business.
//
// A Func runs on the goroutine of the job and must return before the job goes
// on: it may hand nothing that it got from c to another goroutine. ctx ends
// at the job's deadline.
type Func func(ctx context.Context, c *Call) error

// Call is one call of a host function. It is reused for the next call of the
// same job, so nothing of it may be kept.
type Call struct {
	// Session is the running job.
	Session *Session

	// Request is what the guest sent, in a copy of the host's own: no host
	// function ever holds a piece of guest memory.
	Request []byte

	reply []byte
	buf   []byte
}

// Reply answers with b, which is copied into the guest's memory after the
// function has returned. b must not change before the next call.
func (c *Call) Reply(b []byte) { c.reply = b }

// Buffer returns an empty buffer, reused from call to call, to build a reply
// in without allocating. Give what was appended to it to ReplyBuffer.
func (c *Call) Buffer() []byte { return c.buf[:0] }

// ReplyBuffer answers with b and keeps its memory for the next Buffer.
func (c *Call) ReplyBuffer(b []byte) { c.buf, c.reply = b, b }

// MaxStructured is the longest request that Decode reads, in bytes. Reading
// cannot be interrupted, and a list of a million empty lists takes forty times
// its own size: a guest could send all of its memory.
const MaxStructured = 1 << 20

// Decode reads a structured request into v, as abi.Decode does.
func (c *Call) Decode(v any) (abi.Encoding, error) {
	if len(c.Request) > MaxStructured {
		return abi.CBOR, &abi.Error{Code: abi.TooLarge, Message: fmt.Sprintf(
			"the request has %d bytes; at most %d are read", len(c.Request), MaxStructured)}
	}
	return abi.Decode(c.Request, v)
}

// ReplyValue answers with v in the encoding of the request.
func (c *Call) ReplyValue(enc abi.Encoding, v any) error {
	b, err := abi.Encode(enc, v)
	if err != nil {
		return err
	}
	c.reply = b
	return nil
}

// TakeReply returns the reply and forgets it. The runtime calls it.
func (c *Call) TakeReply() []byte {
	b := c.reply
	c.reply = nil
	return b
}
