package redis

import (
	"strconv"
	"strings"
)

// layout says at which places of a command its keys are; args[0] is the name.
// It has to read a command as the server does, so what it does not understand
// is an error.
type layout func(args []string) ([]int, error)

// span is a layout of keys from first to last, each step places apart. A last
// below 0 counts from the end.
func span(first, last, step int) layout {
	return func(args []string) ([]int, error) {
		end := last
		if end < 0 {
			end += len(args)
		}
		if end < first || end >= len(args) {
			return nil, invalid("%s has too few arguments", args[0])
		}
		var at []int
		for i := first; i <= end; i += step {
			at = append(at, i)
		}
		return at, nil
	}
}

// counted is a layout where a number at count says how many keys follow it.
// The places in front come first.
func counted(count int, front ...int) layout {
	return func(args []string) ([]int, error) {
		if len(args) <= count {
			return nil, invalid("%s has too few arguments", args[0])
		}
		n, ok := natural(args[count])
		if !ok || n < 1 || n > int64(len(args)-count-1) {
			return nil, invalid("%s has %.20q as its number of keys, and %d arguments behind it", args[0], args[count], len(args)-count-1)
		}
		at := append([]int{}, front...)
		for i := range int(n) {
			at = append(at, count+1+i)
		}
		return at, nil
	}
}

// streams is the layout of XREAD: behind its options as many keys as ids.
func streams(args []string) ([]int, error) {
	for i := 1; i < len(args); i++ {
		switch strings.ToUpper(args[i]) {
		case "COUNT":
			i++
		case "BLOCK":
			return nil, invalid("%s cannot wait here: leave out BLOCK, and ask again later", args[0])
		case "STREAMS":
			rest := len(args) - i - 1
			if rest == 0 || rest%2 != 0 {
				return nil, invalid("%s takes an id for each stream", args[0])
			}
			return span(i+1, i+rest/2, 1)(args)
		default:
			return nil, invalid("%s has the unknown option %.20q", args[0], args[i])
		}
	}
	return nil, invalid("%s has no STREAMS", args[0])
}

// natural reads a number as the server does: digits alone, and no zero before
// them.
func natural(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && strconv.FormatInt(n, 10) == s
}
