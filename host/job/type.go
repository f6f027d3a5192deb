package job

import (
	"fmt"
	"strings"
)

// MaxType is the longest name of a script type, in bytes.
const MaxType = 64

// TypeRule is what ParseType accepts, in words for an error message.
const TypeRule = "1 to 64 of A-Z a-z 0-9 . _ - that starts with a letter or digit"

// ParseType checks the name of a script type and returns its canonical form, in
// small letters: types are compared without case. It is the rule of abi.ValidType,
// so all that a module may serve can be asked for, and nothing that only looks
// like it.
func ParseType(s string) (string, error) {
	if len(s) > MaxType || !isName(s) {
		return "", fmt.Errorf("type %s is not %s", quoteShort(s), TypeRule)
	}
	return strings.ToLower(s), nil
}
