package hosttest

import (
	"fmt"

	"github.com/henge-run/henge/abi"
)

// Expected is a call that a test expects, and how it is answered: by the
// capability itself, unless Returns or Fails says otherwise.
type Expected struct {
	Call
	host *Host
}

// Expect says that this function will be called with this request: a Go value
// that the contract can write, such as []any{"GET", "name"} or abi.Query{…}, or
// Raw, Nothing or Any. It holds for one call, and one that does not come is a
// problem. A call that is not expected goes to its capability.
func (h *Host) Expect(function string, request any) *Expected {
	h.mu.Lock()
	defer h.mu.Unlock()
	message, err := messageOf(request, rawRequest(function))
	if err != nil {
		h.complain("the request that %s is expected with: %v", function, err)
	}
	e := &Expected{Call{Function: function, Request: message, Reply: Nothing{}, live: true}, h}
	h.expected = append(h.expected, e)
	return e
}

// Returns answers the call with a reply, which is as the request in Expect.
func (e *Expected) Returns(reply any) {
	e.host.mu.Lock()
	defer e.host.mu.Unlock()
	message, err := messageOf(reply, rawReply(e.Function))
	if err != nil {
		e.host.complain("the reply that %s is to give: %v", e.Function, err)
	}
	e.Reply, e.live = message, false
}

// Fails answers the call with an error.
func (e *Expected) Fails(code abi.Code, message string) {
	e.host.mu.Lock()
	defer e.host.mu.Unlock()
	e.Err, e.live = &abi.Error{Code: code, Message: message}, false
}

// Strict has the calls come in the order in which they are expected, and makes
// any other a problem, for which the guest gets an error. Those of job, log and
// clock may always be made.
func (h *Host) Strict() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.strict = true
}

// ExpectCalls expects what FormatCalls has written, or a person in its place.
func (h *Host) ExpectCalls(text string) error {
	calls, err := ParseCalls(text)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range calls {
		h.expected = append(h.expected, &Expected{c, h})
	}
	return nil
}

// Count returns how often a function was called with a request, which is as in
// Expect.
func (h *Host) Count(function string, request any) int {
	message, err := messageOf(request, rawRequest(function))
	if err != nil {
		return 0
	}
	want := &Expected{Call: Call{Function: function, Request: message}}
	n := 0
	for _, c := range h.Calls(function) {
		if want.is(&c) {
			n++
		}
	}
	return n
}

// is says whether a call is the one that is expected. Texts are compared since
// they are the same for the same value.
func (e *Expected) is(c *Call) bool {
	if _, any := e.Request.(Any); any {
		return e.Function == c.Function
	}
	return e.question() == c.question()
}

// answer gives the guest what the test wants it to get.
func (e *Expected) answer(enc abi.Encoding) ([]byte, error) {
	if e.Err != nil {
		return nil, e.Err
	}
	b, err := bytesOf(enc, e.Reply)
	if err != nil {
		return nil, fmt.Errorf("write the reply of %s: %w", e.Function, err)
	}
	return b, nil
}
