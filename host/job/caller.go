package job

import "fmt"

// MaxCaller is the longest name of a caller, in bytes.
const MaxCaller = 256

// CallerRule is what CheckCaller accepts, in words for an error message.
const CallerRule = "a public key, or a name of 1 to 256 of A-Z a-z 0-9 . _ - @ : + / = , that starts with a letter or digit"

// CheckCaller checks who is said to ask for a job. Empty is nobody, and allowed.
// Only a caller that ParseCircle accepts too can be a circle's owner or member;
// others are strangers everywhere. Letters beyond ASCII are refused, since they
// could look like somebody else's to whoever reads a list of jobs.
func CheckCaller(s string) error {
	if s == "" {
		return nil
	}
	if len(s) > MaxCaller {
		return notACaller(s)
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case i > 0 && (c == '.' || c == '_' || c == '-' || c == '@' || c == ':' || c == '+' || c == '/' || c == '=' || c == ','):
		default:
			return notACaller(s)
		}
	}
	return nil
}

func notACaller(s string) error {
	return fmt.Errorf("caller %s is not %s", quoteShort(s), CallerRule)
}
