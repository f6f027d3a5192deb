package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// byteSize is a number of bytes: on the command line with or without a unit,
// in a table with one, in JSON a plain number.
type byteSize int64

// UnmarshalText reads a size from the command line. There is no size of 0.
func (b *byteSize) UnmarshalText(text []byte) error {
	n, ok := quantity(string(text), map[string]int64{"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30})
	if !ok {
		return fmt.Errorf("%.40q is not a size from 1 byte: write a whole number of bytes, or one with KiB, MiB or GiB, for example 64MiB", text)
	}
	*b = byteSize(n)
	return nil
}

// String returns the size for people.
func (b byteSize) String() string {
	switch {
	case b == 0:
		return "-"
	case b < 1<<10:
		return fmt.Sprintf("%d B", int64(b))
	case b < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(b)/(1<<10))
	default:
		return fmt.Sprintf("%.1f MiB", float64(b)/(1<<20))
	}
}

// count is a number of things, of which there can be very many.
type count int64

// UnmarshalText reads a number from the command line. There is no count of 0.
func (c *count) UnmarshalText(text []byte) error {
	n, ok := quantity(string(text), map[string]int64{"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12})
	if !ok {
		return fmt.Errorf("%.40q is not a whole number from 1: write one such as 50000, or with k, M, G or T for thousands and so on, for example 500M", text)
	}
	*c = count(n)
	return nil
}

// String groups the digits by thousands.
func (c count) String() string {
	s := strconv.FormatInt(int64(c), 10)
	for at := len(s) - 3; at > 0 && s[at-1] != '-'; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

// quantity reads a positive whole number with a unit behind it.
func quantity(text string, units map[string]int64) (int64, bool) {
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	unit, known := units[text[len(digits):]]
	n, err := strconv.ParseUint(strings.TrimRight(digits, " "), 10, 63)
	if err != nil || !known || n == 0 || int64(n) > math.MaxInt64/unit {
		return 0, false
	}
	return int64(n) * unit, true
}

// period is a time that must be longer than none.
type period time.Duration

// UnmarshalText reads a duration as Go writes it.
func (p *period) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil || d <= 0 {
		return fmt.Errorf("%.40q is not a time longer than none: write for example 300ms, 20s or 2m", text)
	}
	*p = period(d)
	return nil
}

// took is how long something took: in a table with a unit, in JSON a number of
// microseconds.
type took time.Duration

// MarshalJSON implements json.Marshaler.
func (t took) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(t)/1000, 'f', -1, 64), nil
}

// String returns the time in three digits or so.
func (t took) String() string {
	d := time.Duration(t)
	switch {
	case d == 0:
		return "-"
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	default:
		return d.Round(10 * time.Nanosecond).String()
	}
}
