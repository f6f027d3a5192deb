package goengine

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	henge "github.com/henge-run/henge/guest/go"
)

// bytesMost is how many random bytes there are at a time, as in Rhai.
const bytesMost = 10_000

func randomFunctions() []Function {
	return []Function{
		{"rand", random, 0, 2},
		{"rand_bool", func([]any) (any, error) {
			n, err := draw()
			return n&1 == 1, err
		}, 0, 0},
		{"rand_float", fraction, 0, 0},
		{"random", fraction, 0, 0},
		{"random_bytes", func(args []any) (any, error) {
			n, ok := args[0].(int64)
			if !ok || n < 0 || n > bytesMost {
				return nil, wrong(fmt.Sprintf("random_bytes gives 0 to %d", bytesMost))
			}
			b := make([]byte, n)
			return b, henge.Random(b)
		}, 1, 1},
	}
}

func random(args []any) (any, error) {
	if len(args) == 0 {
		n, err := draw()
		return int64(n), err
	}
	if len(args) == 2 {
		from, whole := args[0].(int64)
		to, both := args[1].(int64)
		if whole && both {
			return Within(from, to)
		}
	}
	return nil, wrong("rand takes nothing, or two whole numbers")
}

// Within draws a whole number from from to to, both included and each as
// likely.
func Within(from, to int64) (int64, error) {
	if from > to {
		return 0, wrong("rand of an empty range")
	}
	// As many numbers as there are, less one, so that all 64 bits fit.
	last := uint64(to) - uint64(from)
	mask := uint64(1)<<bits.Len64(last) - 1
	for {
		n, err := draw()
		if err != nil {
			return 0, err
		}
		if n &= mask; n <= last {
			return from + int64(n), nil
		}
	}
}

// Fraction draws a number from 0 to below 1, each of the 2^53 that a float of
// that size can tell apart as likely.
func Fraction() (float64, error) {
	n, err := draw()
	return float64(n>>11) / (1 << 53), err
}

func fraction([]any) (any, error) { return Fraction() }

func draw() (uint64, error) {
	var b [8]byte
	err := henge.Random(b[:])
	return binary.LittleEndian.Uint64(b[:]), err
}
