package circle

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/henge-run/henge/abi"
)

// OwnPrefix begins the names of henge's own tables, in any case.
const OwnPrefix = "henge_"

// The bounds of a store, the same for each.
const (
	MaxKey     = 1024    // bytes of a key
	MaxValue   = 1 << 20 // bytes of a value, in a table too
	MaxList    = 1000    // keys of one List
	MaxRows    = 10_000  // rows of one Query
	MaxReply   = 8 << 20 // bytes of the values of one Query
	MaxName    = 256     // bytes of a name that is published
	MaxEntries = 10_000  // members, and names of a kind that are published
)

// The kinds of what can be published.
const (
	KindTable  = "table"
	KindPrefix = "prefix"
)

// IsOwn says whether a table is henge's own.
func IsOwn(table string) bool {
	return len(table) >= len(OwnPrefix) && strings.EqualFold(table[:len(OwnPrefix)], OwnPrefix)
}

// CheckPublication says what is wrong with a kind and a name.
func CheckPublication(kind, name string) error {
	switch {
	case kind != KindTable && kind != KindPrefix:
		return invalid("what is published is a %s or a %s, not a %.40q", KindTable, KindPrefix, kind)
	case name == "" || len(name) > MaxName || !utf8.ValidString(name) || strings.ContainsRune(name, 0):
		return invalid("the name of what is published has 1 to %d bytes of text", MaxName)
	case kind == KindTable && (IsOwn(name) || strings.HasPrefix(strings.ToLower(name), "sqlite_")):
		return invalid("%.40q is a table of the database itself and stays private", name)
	}
	return nil
}

// CheckKey says what is wrong with a key of a small value.
func CheckKey(key []byte) error {
	if len(key) == 0 || len(key) > MaxKey {
		return invalid("a key has 1 to %d bytes; this one has %d", MaxKey, len(key))
	}
	return nil
}

// CheckValue says what is wrong with a small value.
func CheckValue(value []byte) error {
	if len(value) > MaxValue {
		return &abi.Error{Code: abi.TooLarge, Message: fmt.Sprintf("the value has %d bytes; at most %d are kept", len(value), MaxValue)}
	}
	return nil
}

func invalid(format string, args ...any) error {
	return &abi.Error{Code: abi.InvalidArgument, Message: fmt.Sprintf(format, args...)}
}
