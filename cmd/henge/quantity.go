package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/henge-run/henge/host/policy"
)

// byteSize is a number of bytes: on the command line with or without a unit,
// in a table with one, in JSON a plain number.
type byteSize int64

// UnmarshalText reads a size from the command line. There is no size of 0.
func (b *byteSize) UnmarshalText(text []byte) error {
	n, err := policy.ParseSize(string(text))
	*b = byteSize(n)
	return err
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
	n, err := policy.ParseCount(string(text))
	*c = count(n)
	return err
}

// String groups the digits by thousands.
func (c count) String() string {
	s := strconv.FormatInt(int64(c), 10)
	for at := len(s) - 3; at > 0 && s[at-1] != '-'; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

// period is a time that must be longer than none.
type period time.Duration

// UnmarshalText reads a duration as Go writes it.
func (p *period) UnmarshalText(text []byte) error {
	d, err := policy.ParsePeriod(string(text))
	*p = period(d)
	return err
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
