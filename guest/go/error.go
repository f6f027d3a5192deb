package henge

// Code says what kind of failure an Error is. The numbers are the contract's.
type Code int64

// The codes.
const (
	AccessDenied    Code = -1 - iota // the policy or the caller's role forbids it
	NotFound                         // there is no such key, job or thing
	TypeError                        // what is there is of another kind
	TooLarge                         // a request, a reply or the result is over its limit
	Limit                            // a budget of the job is used up
	Timeout                          // this call took too long
	Cancelled                        // the job is being stopped
	Conflict                         // somebody else changed it first
	Unavailable                      // a server does not answer
	InvalidArgument                  // the request is not what the function takes
	Unsupported                      // this host does not do that
	Internal                         // the host's own fault
)

// codeOf is the code for a function's result below zero. One that the contract
// does not have is Internal, so that a newer host confuses nobody.
func codeOf(result int64) Code {
	if result >= int64(Internal) && result < 0 {
		return Code(result)
	}
	return Internal
}

// String returns the name that the contract gives the code.
func (c Code) String() string {
	switch c {
	case AccessDenied:
		return "access_denied"
	case NotFound:
		return "not_found"
	case TypeError:
		return "type_error"
	case TooLarge:
		return "too_large"
	case Limit:
		return "limit"
	case Timeout:
		return "timeout"
	case Cancelled:
		return "cancelled"
	case Conflict:
		return "conflict"
	case Unavailable:
		return "unavailable"
	case InvalidArgument:
		return "invalid_argument"
	case Unsupported:
		return "unsupported"
	}
	return "internal"
}

// Error is what a host function answers in place of a result.
type Error struct {
	Code    Code
	Message string // for a person; may be empty
}

// Error returns the code's name and the message.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Code.String()
	}
	return e.Code.String() + ": " + e.Message
}
