package henge

import "errors"

// JobMeta is what the host says about the job. No part of it can be set by the
// payload.
type JobMeta struct {
	ID      string
	Circle  string // whose data the job works with
	Caller  string // who asked for it; empty for a stranger
	Type    string
	Dialect string
	Attempt int64 // from 1

	// DeadlineMS is when this attempt is stopped, in milliseconds since 1970.
	DeadlineMS int64

	Env    map[string]string
	Limits map[string]int64
}

// Input returns the job's payload.
func Input() ([]byte, error) { return call(jobInput, nil) }

// Meta returns the job's identity and limits.
func Meta() (*JobMeta, error) {
	fields, err := askMap(jobMeta, map[string]any{})
	if err != nil {
		return nil, err
	}
	meta := &JobMeta{
		ID: field[string](fields, "id"), Circle: field[string](fields, "circle"), Caller: field[string](fields, "caller"),
		Type: field[string](fields, "type"), Dialect: field[string](fields, "dialect"),
		Attempt: field[int64](fields, "attempt"), DeadlineMS: field[int64](fields, "deadline_ms"),
		Env: texts(fields["env"]), Limits: map[string]int64{},
	}
	for name := range field[map[string]any](fields, "limits") {
		meta.Limits[name] = field[int64](field[map[string]any](fields, "limits"), name)
	}
	return meta, nil
}

// Identity returns whose data the job works with, and who asked for it: two
// fields of Meta, for engines that begin each job with them. It takes a small
// part of the time.
func Identity() (circle, caller string, err error) {
	reply, err := call(jobMeta, nil)
	if err != nil {
		return "", "", err
	}
	return identity(reply)
}

func identity(meta []byte) (circle, caller string, err error) {
	r := reader{rest: meta}
	major, _, n := r.head()
	if major != majorMap {
		r.fail("what is said of the job is no map")
	}
	for ; n > 0 && r.err == nil; n-- {
		switch string(r.text()) {
		case "circle":
			circle = string(r.text())
		case "caller":
			caller = string(r.text())
		default:
			r.skip(1)
		}
	}
	return circle, caller, r.err
}

// texts is a map of texts, as a reply has it.
func texts(v any) map[string]string {
	fields, _ := v.(map[string]any)
	out := make(map[string]string, len(fields))
	for name := range fields {
		out[name] = field[string](fields, name)
	}
	return out
}

// Output adds to the job's result. Beyond the job's limit it is TooLarge, and
// nothing of b is added.
func Output(b []byte) error {
	_, err := call(jobOutput, b)
	return err
}

// Progress says how far the job is: done of total, in units of the module's
// own. A total of 0 is not known; text may be empty.
func Progress(done, total float64, text string) error {
	request := map[string]any{"done": done}
	if total != 0 {
		request["total"] = total
	}
	if text != "" {
		request["text"] = text
	}
	return send(jobProgress, request)
}

// Failure is an error that says more than its text. Finish hands it to the
// host.
type Failure struct {
	Message string
	Code    string // the module's own word; may be empty
	Data    any    // any value that helps; may be nil
	NoRetry bool   // another attempt would fail as well
}

// Error returns the message.
func (f *Failure) Error() string { return f.Message }

// messageMax is how much of a message is kept, in bytes.
const messageMax = 16 << 10

// Finish says how the job ended and returns the number for henge_run to
// return: 0 for nil, otherwise 1 after it has told the host why. An *Error
// keeps its code.
func Finish(err error) int32 {
	if err == nil {
		return 0
	}
	var failure *Failure
	if !errors.As(err, &failure) {
		failure = &Failure{}
		var refusal *Error
		if errors.As(err, &refusal) {
			failure.Code = refusal.Code.String()
		}
	}
	message := err.Error()
	if message == "" {
		message = "the module failed without a word"
	}
	request := map[string]any{"message": validText(message[:min(len(message), messageMax)])}
	if failure.Code != "" {
		request["code"] = failure.Code
	}
	if failure.NoRetry {
		request["retry"] = false
	}
	if failure.Data != nil {
		request["data"] = failure.Data
		// Data may be too large, or no value of the contract; the message
		// should arrive all the same.
		if send(jobFail, request) == nil {
			return 1
		}
		delete(request, "data")
	}
	_ = send(jobFail, request) // nothing is left to try
	return 1
}
