package captest

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
)

// Contract is the other side of the contract for tests of guests: it writes
// down what it is asked, read as the contract's own messages, and gives the
// answers that it was told to. It is not safe for concurrent use.
type Contract struct {
	// Asked has a line for each call: its function, as in "sql.query", and its
	// request, in JSON where it is structured.
	Asked []string

	// Answers are given one after another: nil for nothing, an error, Raw, or
	// a message. A call without one is answered by an error.
	Answers []any
}

// Raw is a reply of plain bytes.
type Raw []byte

// Capabilities are all of the contract but those that every runtime has.
func (h *Contract) Capabilities() []capability.Capability {
	var all []capability.Capability
	for module, functions := range abi.Functions() {
		if module == abi.JobV1 || module == abi.LogV1 || module == abi.ClockV1 {
			continue
		}
		c := capability.Capability{Name: module}
		for _, f := range functions {
			short := strings.TrimSuffix(strings.TrimPrefix(module, "henge_"), "_v1") + "." + f
			c.Functions = append(c.Functions, capability.Function{Name: f, Call: h.call(short)})
		}
		all = append(all, c)
	}
	return all
}

// request returns what the request of a function is read into; nil where it is
// plain bytes.
func request(function string) any {
	switch function {
	case "redis.do":
		return &[]abi.Value{}
	case "redis.pipeline":
		return &[][]abi.Value{}
	case "sql.query":
		return &abi.Query{}
	case "sql.exec":
		return &abi.Statement{}
	case "kv.set":
		return &abi.KVSet{}
	case "kv.list":
		return &abi.KVList{}
	case "circle.publish", "circle.unpublish":
		return &abi.Publication{}
	case "http.fetch":
		return &abi.Fetch{}
	case "queue.submit":
		return &abi.SubmitJob{}
	case "queue.wait":
		return &abi.WaitJobs{}
	}
	return nil
}

func (h *Contract) call(function string) capability.Func {
	return func(_ context.Context, c *capability.Call) error {
		enc, asked := abi.CBOR, string(c.Request)
		if into := request(function); into != nil {
			var err error
			if enc, err = c.Decode(into); err != nil {
				return err
			}
			text, err := json.Marshal(into)
			if err != nil {
				return err
			}
			asked = string(text)
		}
		h.Asked = append(h.Asked, strings.TrimSpace(function+" "+asked))
		if len(h.Answers) == 0 {
			return &abi.Error{Code: abi.Internal, Message: "the test has no answer for " + function}
		}
		answer := h.Answers[0]
		h.Answers = h.Answers[1:]
		switch answer := answer.(type) {
		case nil:
			return nil
		case error:
			return answer
		case Raw:
			c.Reply(answer)
			return nil
		}
		return c.ReplyValue(enc, answer)
	}
}
