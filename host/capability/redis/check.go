package redis

import (
	"fmt"
	"math"
	"strings"

	"github.com/henge-run/henge/abi"
)

// mostTaken is how many elements one command may take out. What was taken out
// and does not fit into the reply would be lost.
const mostTaken = 10_000

// check refuses arguments that Redis would take and henge does not.
type check func(args []string) error

func invalid(format string, args ...any) error {
	return &abi.Error{Code: abi.InvalidArgument, Message: fmt.Sprintf(format, args...)}
}

// taken bounds the number at a place, if there is one.
func taken(at int) check {
	return func(args []string) error {
		if len(args) <= at {
			return nil
		}
		if n, ok := natural(args[at]); !ok || n > mostTaken {
			return invalid("%s has the count %.20q and takes 0 to %d", args[0], args[at], mostTaken)
		}
		return nil
	}
}

// takenAfter bounds the number behind the word COUNT.
func takenAfter(args []string) error {
	for i, a := range args {
		if strings.EqualFold(a, "COUNT") && i+1 < len(args) {
			return taken(i + 1)(args)
		}
	}
	return nil
}

// distinct refuses a negative count, with which elements come several times:
// the reply could be of any length.
func distinct(args []string) error {
	if len(args) <= 2 {
		return nil
	}
	if _, ok := natural(args[2]); !ok {
		return invalid("%s has the count %.20q and takes 0 and above", args[0], args[2])
	}
	return nil
}

// once refuses a field that is asked for twice, for the same reason.
func once(args []string) error {
	seen := make(map[string]bool, len(args))
	for _, field := range args[min(2, len(args)):] {
		if seen[field] {
			return invalid("%s asks twice for the field %.40q", args[0], field)
		}
		seen[field] = true
	}
	return nil
}

// sorting refuses the options of SORT that name other keys.
func sorting(args []string) error {
	hash := false
	for i := 2; i < len(args); i++ {
		option := strings.ToUpper(args[i])
		value := ""
		if i+1 < len(args) {
			value = args[i+1]
		}
		switch {
		case option == "ASC", option == "DESC", option == "ALPHA":
		case option == "LIMIT" && i+2 < len(args):
			i += 2
		case option == "BY" && strings.EqualFold(value, "nosort"):
			i++
		case option == "GET" && value == "#" && !hash:
			hash = true
			i++
		default:
			return invalid("%s has the option %.20q %.20q; here it takes ASC, DESC, ALPHA, LIMIT, BY nosort and GET # once", args[0], args[i], value)
		}
	}
	return nil
}

// copying refuses the option of COPY that names another database.
func copying(args []string) error {
	for _, option := range args[min(3, len(args)):] {
		if !strings.EqualFold(option, "REPLACE") {
			return invalid("COPY has the option %.20q and takes REPLACE alone", option)
		}
	}
	return nil
}

// growth is about the most that a command adds, in bytes, beside what it makes
// out of other keys.
type growth func(args []string) int64

// argumentCost is about the most that an element costs beside its text.
const argumentCost = 128

func byArguments(args []string) int64 {
	var n int64
	for _, a := range args[1:] {
		n += int64(len(a)) + argumentCost
	}
	return n
}

// byOffset is for a command that makes a string as long as its second argument
// says, in pieces of which per make a byte. A number that Redis refuses gets
// there: it is the one to say so.
func byOffset(per int64) growth {
	return func(args []string) int64 {
		n := byArguments(args)
		if len(args) > 2 {
			if offset, ok := natural(args[2]); ok {
				return min(offset/per, math.MaxInt64/2) + n
			}
		}
		return n
	}
}
