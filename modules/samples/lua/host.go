//go:build wasip1

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unsafe"
)

// The functions of henge_job_v1, all of one type: a request, room for the
// reply, and its length or a negative code as the result.

//go:wasmimport henge_job_v1 input
func hostInput(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_job_v1 output
func hostOutput(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_job_v1 fail
func hostFail(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_job_v1 take
func hostTake(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

const (
	// inputRoom is enough for an ordinary script, in bytes; a longer one takes
	// a second call.
	inputRoom = 64 << 10

	// messageMax is how much of an error's text is kept, in bytes.
	messageMax = 16 << 10
)

// input returns the payload.
func input() ([]byte, error) {
	payload := make([]byte, inputRoom)
	n := hostInput(nil, 0, unsafe.Pointer(unsafe.SliceData(payload)), inputRoom)
	if n > inputRoom {
		payload = make([]byte, n)
		n = hostTake(nil, 0, unsafe.Pointer(unsafe.SliceData(payload)), uint32(n))
	}
	if n < 0 || n > int64(len(payload)) {
		return nil, fmt.Errorf("read the payload: %w", refusal(n))
	}
	return payload[:n], nil
}

// output adds text to the job's result.
func output(text string) error {
	if n := hostOutput(unsafe.Pointer(unsafe.StringData(text)), uint32(len(text)), nil, 0); n < 0 {
		return fmt.Errorf("write the result: %w", refusal(n))
	}
	return nil
}

// refusal is what the host says about the last call, which gave code.
func refusal(code int64) error {
	message := make([]byte, 1024)
	n := hostTake(nil, 0, unsafe.Pointer(unsafe.SliceData(message)), uint32(len(message)))
	if n <= 0 || n > int64(len(message)) {
		return fmt.Errorf("the host answered %d", code)
	}
	return errors.New(string(message[:n]))
}

// fail says why the job fails and returns what henge_run then does.
func fail(err error) int32 {
	text := err.Error()
	text = strings.ToValidUTF8(text[:min(len(text), messageMax)], "\uFFFD")
	// {"message": text} in CBOR, the length of text in four bytes.
	request := append([]byte("\xa1\x67message\x7a"), binary.BigEndian.AppendUint32(nil, uint32(len(text)))...)
	request = append(request, text...)
	hostFail(unsafe.Pointer(unsafe.SliceData(request)), uint32(len(request)), nil, 0)
	return 1
}
