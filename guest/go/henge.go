// Package henge is the Go kit for modules that run jobs in henge: a function
// for each one of the host, by the same name. It imports nothing but the
// standard library, and builds with Go and with TinyGo.
//
// A module is a reactor, whose exports are the entries:
//
//	//go:wasmexport henge_run
//	func run() int32 { return henge.Finish(greet()) }
//
//	func greet() error {
//		name, err := henge.Input()
//		if err != nil {
//			return err
//		}
//		return henge.Output([]byte("Hello, " + string(name) + "!"))
//	}
//
//	func main() {}
//
// What a module imports is what it asks for: a function that is never called
// is not imported. Every call can fail with an [*Error]. Compiled for anything
// but WASI, all calls answer Unsupported, so that the parts of a module that
// need no host can be tested with plain go test.
//
// Values that cross are nil, bool, int64, float64, string, []byte, []any and
// map[string]any; integers of other sizes may be sent. An instance runs one
// job at a time, so nothing here is for concurrent use.
package henge

import "unsafe"

// hostFunction is a host function: a request, room for the reply, and the
// reply's length or a code below zero as the result.
type hostFunction func(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

// replyRoom is room for an ordinary reply, in bytes: it then takes one
// crossing.
const replyRoom = 1024

// call calls a host function and returns its reply.
func call(f hostFunction, request []byte) ([]byte, error) {
	return callWith(f, request, make([]byte, replyRoom))
}

// callWith does the same with room for the reply that the caller brings.
func callWith(f hostFunction, request, reply []byte) ([]byte, error) {
	n := cross(f, request, reply)
	if n < 0 {
		return nil, &Error{Code: codeOf(n), Message: parkedMessage()}
	}
	if n > int64(len(reply)) {
		// It waits with the host, and nothing is done twice.
		reply = make([]byte, n)
		if n = cross(jobTake, nil, reply); n < 0 || n > int64(len(reply)) {
			return nil, &Error{Code: Internal, Message: "the host lost a reply"}
		}
	}
	return reply[:n], nil
}

func cross(f hostFunction, request, reply []byte) int64 {
	return f(unsafe.Pointer(unsafe.SliceData(request)), uint32(len(request)),
		unsafe.Pointer(unsafe.SliceData(reply)), uint32(len(reply)))
}

// parkedMessage is what the host says about the error that it just answered.
func parkedMessage() string {
	room := make([]byte, replyRoom)
	n := cross(jobTake, nil, room)
	if n > int64(len(room)) {
		room = make([]byte, n)
		n = cross(jobTake, nil, room)
	}
	if n < 0 || n > int64(len(room)) {
		return ""
	}
	return string(room[:n])
}

// send calls a function with a structured request and no reply.
func send(f hostFunction, request any) error {
	_, err := ask(f, request)
	return err
}

// ask calls a function with a structured request and returns its reply.
func ask(f hostFunction, request any) ([]byte, error) {
	encoded, err := appendValue(nil, request)
	if err != nil {
		return nil, err
	}
	return call(f, encoded)
}

// askValue calls a function whose request and reply are structured.
func askValue(f hostFunction, request any) (any, error) {
	reply, err := ask(f, request)
	if err != nil {
		return nil, err
	}
	return decode(reply)
}

// askMap does the same for one whose reply is a map.
func askMap(f hostFunction, request any) (map[string]any, error) {
	reply, err := askValue(f, request)
	if err != nil {
		return nil, err
	}
	fields, ok := reply.(map[string]any)
	if !ok {
		return nil, &Error{Code: TypeError, Message: "the host answered with something other than a map"}
	}
	return fields, nil
}

// field returns a field of a reply; the zero value where it is missing or of
// another kind, as in a reply of an older host.
func field[T any](fields map[string]any, name string) T {
	value, _ := fields[name].(T)
	return value
}

// setOptional puts a number into a request unless it is zero.
func setOptional(request map[string]any, name string, n int64) {
	if n != 0 {
		request[name] = n
	}
}
