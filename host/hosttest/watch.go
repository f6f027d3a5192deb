package hosttest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
)

// watch is what a Host sees of the calls, and has to say in them.
type watch struct {
	calls    []Call
	expected []*Expected // those that did not come yet
	strict   bool
	faults   []*injected
	problems []string

	// begun is what calls and expected were when the attempt began.
	begun struct {
		calls    int
		expected []*Expected
	}
}

// begin notes that an attempt begins.
func (w *watch) begin() {
	w.begun.calls, w.begun.expected = len(w.calls), slices.Clone(w.expected)
}

// beginAnew takes back what the attempt has done.
func (w *watch) beginAnew() {
	w.calls, w.expected = w.calls[:w.begun.calls], slices.Clone(w.begun.expected)
}

func (w *watch) complain(format string, args ...any) {
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

// complaints are the problems, with what did not come.
func (w *watch) complaints() []string {
	all := slices.Clone(w.problems)
	for _, e := range w.expected {
		all = append(all, "this call was expected and did not come: "+e.question())
	}
	return all
}

// wrap puts the watch before each function of a capability.
func (h *Host) wrap(c capability.Capability) capability.Capability {
	c.Functions = slices.Clone(c.Functions)
	for i, f := range c.Functions {
		name := functionName(c.Name, f.Name)
		c.Functions[i].Call = func(ctx context.Context, call *capability.Call) error {
			if call.Session.Job == nil {
				return f.Call(ctx, call) // the module comes up
			}
			return h.watch.call(ctx, name, f.Call, call)
		}
	}
	return c
}

// call carries out one call, and keeps it.
func (w *watch) call(ctx context.Context, function string, real capability.Func, c *capability.Call) error {
	request, enc := requestOf(function, c.Request)
	made := Call{Function: function, Request: request, Reply: Nothing{}}
	expected, err := w.match(&made)
	if err == nil {
		err = w.interfere(ctx, function)
	}
	var reply []byte
	switch {
	case err != nil:
	case expected != nil && !expected.live:
		reply, err = expected.answer(enc)
	default:
		err = real(ctx, c)
		reply = c.TakeReply()
	}
	if errors.Is(err, capability.ErrRestart) {
		w.beginAnew()
		return err
	}
	if err != nil {
		made.Err = told(function, err)
	} else {
		made.Reply = replyOf(function, request, enc, reply)
		c.Reply(reply)
	}
	made.live = expected != nil && expected.live
	w.calls = append(w.calls, made)
	return err
}

// match returns the expectation that a call meets, and an error for the guest
// where it may not be made.
func (w *watch) match(c *Call) (*Expected, error) {
	for i, e := range w.expected {
		if e.is(c) {
			w.expected = slices.Delete(w.expected, i, i+1)
			return e, nil
		}
		if w.strict {
			break
		}
	}
	if !w.strict || !outside(c.Function) {
		return nil, nil
	}
	next := "and no further call was"
	if len(w.expected) > 0 {
		next = "but this one: " + w.expected[0].question()
	}
	w.complain("this call was not expected, %s: %s", next, c.question())
	return nil, &abi.Error{Code: abi.Internal, Message: "the test did not expect this call: " + c.question()}
}

// outside says whether a function reaches beyond the job itself.
func outside(function string) bool {
	return !matches("job.*", function) && !matches("log.*", function) && !matches("clock.*", function)
}

// told is what the guest gets for an error.
func told(function string, err error) *abi.Error {
	var e *abi.Error
	if errors.As(err, &e) {
		return e
	}
	return &abi.Error{Code: abi.Internal, Message: "the host could not carry out " + function + ": " + err.Error()}
}
