package abi

import (
	"fmt"
	"slices"
	"strings"
)

// Code is an error as a host function returns it: a negative result. Zero is
// no error.
type Code int32

// The codes. Their order is the contract.
const (
	AccessDenied    Code = -1 - iota // offered, but not granted to this module, circle or caller
	NotFound                         // no such key, job, or reply to take
	TypeError                        // the value found is of another kind
	TooLarge                         // one request, reply or result is over its limit
	Limit                            // a budget of the job is used up
	Timeout                          // the operation took too long; the job may go on
	Cancelled                        // the job is being stopped
	Conflict                         // somebody else changed it first
	Unavailable                      // a server does not answer; trying later may help
	InvalidArgument                  // the request is not what the function takes
	Unsupported                      // this host does not do that
	Internal                         // the host's own fault
)

var codeNames = [...]string{
	"ok", "access_denied", "not_found", "type_error", "too_large", "limit", "timeout",
	"cancelled", "conflict", "unavailable", "invalid_argument", "unsupported", "internal",
}

// String returns the code's name, which is what a script sees.
func (c Code) String() string {
	if c > 0 || c < Internal {
		return codeNames[-Internal]
	}
	return codeNames[-c]
}

// ParseCode returns the code that String names. The error says which there are.
func ParseCode(s string) (Code, error) {
	if i := slices.Index(codeNames[1:], s); i >= 0 {
		return Code(-1 - i), nil
	}
	return 0, fmt.Errorf("%.80q is no error; it is one of %s", s, strings.Join(codeNames[1:], ", "))
}

// Error is an error value that a guest gets, with a message for the script's
// author. Host functions return one; any other error reaches the guest as
// Internal.
type Error struct {
	Code    Code
	Message string
}

// Error returns code and message.
func (e *Error) Error() string { return e.Code.String() + ": " + e.Message }
