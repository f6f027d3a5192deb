package wasm_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/wasm"
)

// shapes are modules that grow with n, each of a kind that a careless reader
// or rewriter would take more than n steps for.
func shapes() map[string]func(n int) string {
	rep := strings.Repeat
	// chain has n functions, each with the code that is made for its number.
	chain := func(n int, code func(i int) string) string {
		var bodies strings.Builder
		for i := range n {
			bodies.WriteString(body(code(i)))
		}
		return functionsOf(n, bodies.String())
	}
	call := func(i int) string { return "\x10" + leb(i) }
	inLoops := func(code string) string {
		return function(rep("\x03\x40", 12) + code + rep("\x41\x00\x0d\x00\x0b", 12))
	}
	return map[string]func(n int) string{
		"loops in each other":    func(n int) string { return function(rep("\x03\x40", n) + rep("\x41\x00\x0d\x00\x0b", n)) },
		"loops left at once":     func(n int) string { return function(rep("\x03\x40\x41\x00\x0d\x01", n) + rep("\x0b", n)) },
		"blocks in each other":   func(n int) string { return function(rep("\x02\x40", n) + rep("\x41\x00\x0d\x00\x0b", n)) },
		"ifs in each other":      func(n int) string { return function(rep("\x41\x00\x04\x40", n) + rep("\x05\x0b", n)) },
		"blocks in a row":        func(n int) string { return function(rep("\x02\x40\x41\x00\x0d\x00\x0b", n)) },
		"loops in a row":         func(n int) string { return inLoops(rep("\x03\x40\x41\x00\x0d\x00\x0b", n)) },
		"ways out of loops":      func(n int) string { return inLoops(rep("\x41\x00\x0d\x0c", n)) },
		"ways back in loops":     func(n int) string { return inLoops(rep("\x41\x00\x0d\x05", n)) },
		"targets in loops":       func(n int) string { return inLoops("\x41\x00\x0e" + leb(n) + rep("\x0c", n) + "\x00") },
		"targets that differ":    func(n int) string { return function(rep("\x02\x40", n) + targets(n) + rep("\x0b", n)) },
		"tables of targets":      func(n int) string { return inLoops(rep("\x02\x40\x41\x00\x0e\x04\x00\x03\x06\x09\x0c\x0b", n)) },
		"unreachable blocks":     func(n int) string { return function("\x00" + rep("\x02\x40\x0c\x00\x0b", n)) },
		"drops":                  func(n int) string { return function(rep("\x41\x00\x1a", n)) },
		"fills":                  func(n int) string { return function(rep("\x41\x00\x41\x00\x20\x00\xfc\x0b\x00", n)) },
		"calls of one":           func(n int) string { return function(rep("\x10\x00", n)) },
		"groups of locals":       func(n int) string { return groupsOfLocals(n) },
		"chain of calls":         func(n int) string { return chain(n, func(i int) string { return call(min(i+1, n-1)) }) },
		"chain of calls upwards": func(n int) string { return chain(n, func(i int) string { return call(max(i-1, 0)) }) },
		"recursion through all":  func(n int) string { return chain(n, func(i int) string { return call((i + 1) % n) }) },
		"calls of all": func(n int) string {
			return chain(n, func(i int) string {
				if i < n-1 {
					return ""
				}
				return each(n, call)
			})
		},
		"calls back into a chain": func(n int) string {
			return chain(n, func(i int) string {
				if i < n-1 {
					return call(i + 1)
				}
				return each(n, call) + rep(call(n-1), n)
			})
		},
		"globals made of the last": func(n int) string {
			return header + section(globals, leb(n+1), "\x7f\x00\x41\x01\x0b", each(n, func(i int) string { return "\x7f\x00\x23" + leb(i) + "\x41\x01\x6a\x0b" }))
		},
		"globals made of imports": func(n int) string {
			return header + section(imports, leb(n), rep(text("m")+text("g")+"\x03\x7f\x00", n)) +
				section(globals, leb(n), rep("\x7f\x00\x23"+leb(n-1)+"\x0b", n))
		},
		"data behind globals": func(n int) string {
			return header + section(memories, list("\x00\x01")) +
				section(globals, leb(n), "\x7f\x00\x41\x01\x0b"+each(n-1, func(i int) string { return "\x7f\x00\x23" + leb(i) + "\x23" + leb(i) + "\x6a\x0b" })) +
				section(data, leb(n), rep("\x00\x23"+leb(n-1)+"\x0b\x00", n))
		},
		"a long constant": func(n int) string {
			return header + section(globals, list("\x7f\x00\x41\x00"+rep("\x41\x01\x6a", n)+"\x0b"))
		},
		"a constant of many": func(n int) string {
			return header + section(globals, list("\x7f\x00"+rep("\x41\x01", n+1)+rep("\x6a", n)+"\x0b"))
		},
		"types": func(n int) string { return header + section(types, leb(n), rep("\x60\x00\x00", n)) },
		"exports": func(n int) string {
			return header + section(memories, list("\x00\x01")) +
				section(exports, leb(n), each(n, func(i int) string { return text(strconv.Itoa(i)) + "\x02\x00" }))
		},
		"elements": func(n int) string {
			return header + section(tables, list("\x70\x00\x01")) + section(elements, list("\x05\x70"+leb(n)+rep("\xd0\x70\x0b", n)))
		},
		"element segments": func(n int) string { return header + section(elements, leb(n), rep("\x01\x00\x00", n)) },
		"custom sections":  func(n int) string { return header + rep(section(custom, text("x")), n) },
	}
}

func each(n int, piece func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(piece(i))
	}
	return b.String()
}

// functionsOf is a module of n functions () -> ().
func functionsOf(n int, bodies string) string {
	return header + section(types, list(plain)) + section(functions, leb(n), strings.Repeat("\x00", n)) +
		section(exports, list(text("f")+"\x00\x00")) + section(code, leb(n), bodies)
}

// targets is a br_table to n labels, each another one.
func targets(n int) string { return "\x41\x00\x0e" + leb(n) + each(n, leb) + "\x00" }

func groupsOfLocals(n int) string {
	return functionsOf(1, bodyWith(leb(n)+strings.Repeat("\x00\x7f", n)))
}

// TestNoShapeIsSlow reads and rewrites each shape at one size and at eight
// times that size, as large as one function may be or larger. Time that grew with the square would be 64 times as long,
// and is seconds for what is a matter of milliseconds otherwise.
func TestNoShapeIsSlow(t *testing.T) {
	const times, bound = 8, 32
	for name, shape := range shapes() {
		t.Run(name, func(t *testing.T) {
			small := 10_000
			if _, err := wasm.Decode([]byte(shape(small * times))); err != nil {
				require.ErrorContains(t, err, "takes too long to compile")
				small = 2_400
			}
			took := func(n int) time.Duration {
				binary := []byte(shape(n))
				least := time.Hour
				for range 3 {
					start := time.Now()
					rewritten(t, binary)
					least = min(least, time.Since(start))
				}
				return least
			}
			little, much := took(small), took(small*times)
			require.Less(t, much, bound*max(little, 20*time.Millisecond), "a small one took %v", little)
		})
	}
}
