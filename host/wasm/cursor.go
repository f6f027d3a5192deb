package wasm

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// cursor reads a range of a module. It keeps the first error, with its offset,
// and reads zeros from then on, so that a caller looks at err once and not
// after each number.
type cursor struct {
	b   []byte
	at  int
	end int
	err *Error
}

// fail notes what was met at an offset, unless something was met before.
func (c *cursor) fail(at int, format string, args ...any) {
	if c.err == nil {
		c.err = &Error{at, fmt.Sprintf(format, args...)}
	}
	c.at = c.end
}

func (c *cursor) more() bool { return c.at < c.end }

// byte reads one byte.
func (c *cursor) byte() byte {
	if c.at >= c.end {
		c.fail(c.end, "the %s ends here, and more was expected", c.place())
		return 0
	}
	b := c.b[c.at]
	c.at++
	return b
}

// place names what ends where the cursor does.
func (c *cursor) place() string {
	if c.end == len(c.b) {
		return "file"
	}
	return "section or function"
}

// bytes reads n bytes without copying them.
func (c *cursor) bytes(n uint32) []byte {
	if uint64(n) > uint64(c.end-c.at) {
		c.fail(c.at, "%d bytes are announced here, and the %s has %d more", n, c.place(), c.end-c.at)
		return nil
	}
	b := c.b[c.at : c.at+int(n) : c.at+int(n)]
	c.at += int(n)
	return b
}

// u32 reads an unsigned LEB128 number of at most 32 bits.
//
// Specification: WebAssembly Core 2.0, section 5.2.2.
func (c *cursor) u32() uint32 {
	if c.at < c.end {
		if b := c.b[c.at]; b < 0x80 {
			c.at++
			return uint32(b)
		}
	}
	start := c.at
	var v uint32
	for shift := 0; shift < 35; shift += 7 {
		b := c.byte()
		if shift == 28 && b > 0x0f {
			break
		}
		v |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	c.fail(start, "a number is longer than its 32 bits")
	return 0
}

// signed reads a signed LEB128 number of the given number of bits.
//
// Specification: WebAssembly Core 2.0, section 5.2.2.
func (c *cursor) signed(bits int) int64 {
	start := c.at
	var v int64
	for shift := 0; shift < bits; shift += 7 {
		b := c.byte()
		v |= int64(b&0x7f) << shift
		if b >= 0x80 {
			continue
		}
		if left := bits - shift; left < 7 {
			// What is beyond the number's own bits may only repeat its sign.
			if rest := int8(b<<1) >> left; rest != 0 && rest != -1 {
				break
			}
		}
		if shift+7 < 64 && b&0x40 != 0 {
			v |= -1 << (shift + 7)
		}
		return v
	}
	c.fail(start, "a number is longer than its %d bits", bits)
	return 0
}

// name reads a name, which is UTF-8.
func (c *cursor) name() string {
	start := c.at
	b := c.bytes(c.u32())
	if !utf8.Valid(b) {
		c.fail(start, "a name is not UTF-8")
		return ""
	}
	return string(b)
}

// count reads the length of a list whose elements have at least one byte
// each, so that a false length cannot make anyone reserve memory for it.
func (c *cursor) count(what string) int {
	start := c.at
	n := c.u32()
	if uint64(n) > uint64(c.end-c.at) {
		c.fail(start, "%d %s are announced here, and the %s has %d more bytes", n, what, c.place(), c.end-c.at)
		return 0
	}
	return int(n)
}

// index reads an index into a list of n.
func (c *cursor) index(what string, n int) uint32 {
	start := c.at
	i := c.u32()
	if int64(i) >= int64(n) {
		c.fail(start, "%s %d is named here, and there are %d", what, i, n)
		return 0
	}
	return i
}

// part returns a cursor over the next n bytes and steps over them.
func (c *cursor) part(n uint32) cursor {
	start := c.at
	c.bytes(n)
	return cursor{b: c.b, at: start, end: c.at, err: c.err}
}

// done reports what is left where nothing should be.
func (c *cursor) done(what string) {
	if c.err == nil && c.at != c.end {
		c.fail(c.at, "%d bytes are left over at the end of %s", c.end-c.at, what)
	}
}

func appendU32(b []byte, v uint32) []byte { return binary.AppendUvarint(b, uint64(v)) }

// appendSigned appends a signed LEB128 number.
func appendSigned(b []byte, v int64) []byte {
	for {
		low := byte(v & 0x7f)
		v >>= 7
		if v == 0 && low&0x40 == 0 || v == -1 && low&0x40 != 0 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}

func appendBytes(b, s []byte) []byte { return append(appendU32(b, uint32(len(s))), s...) }

func appendName(b []byte, s string) []byte { return append(appendU32(b, uint32(len(s))), s...) }
