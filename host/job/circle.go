package job

import (
	"fmt"
	"strings"
)

// MaxCircleName is the longest plain circle name, in bytes.
const MaxCircleName = 64

// CircleRule is what ParseCircle accepts, in words for an error message.
const CircleRule = "a public key of 66, 64 or 130 hex digits, or a name of 1 to 64 of A-Z a-z 0-9 . _ - that starts with a letter or digit"

// ParseCircle checks the name of a circle and returns its canonical form: a
// public key in lower case, any other name as it is. Circles are compared in
// that form, and nothing else may stand in a key or a path.
func ParseCircle(s string) (string, error) {
	if isPublicKey(s) {
		return strings.ToLower(s), nil
	}
	if !isName(s) {
		return "", fmt.Errorf("circle %s is not %s", quoteShort(s), CircleRule)
	}
	return s, nil
}

func isPublicKey(s string) bool {
	switch len(s) {
	case 64, 66, 130:
	default:
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20
		if (s[i] < '0' || s[i] > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func isName(s string) bool {
	if len(s) == 0 || len(s) > MaxCircleName {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case i > 0 && (c == '.' || c == '_' || c == '-'):
		default:
			return false
		}
	}
	return true
}

// quoteShort quotes s for a message, in ASCII. What a producer wrote may be 10
// kB of control characters, which must not flood a terminal or a log, or look
// like a name that it is not.
func quoteShort(s string) string {
	const most = 80
	if len(s) > most {
		return fmt.Sprintf("%+q… (%d bytes)", s[:most], len(s))
	}
	return fmt.Sprintf("%+q", s)
}
