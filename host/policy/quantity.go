package policy

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ParseSize reads a number of bytes with or without a unit. There is no size
// of 0.
func ParseSize(text string) (int64, error) {
	n, ok := quantity(text, map[string]int64{"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30})
	if !ok {
		return 0, fmt.Errorf("%.40q is not a size from 1 byte: write a whole number of bytes, or one with KiB, MiB or GiB, for example 64MiB", text)
	}
	return n, nil
}

// ParseCount reads a number of things, of which there can be very many. There
// is no count of 0.
func ParseCount(text string) (int64, error) {
	n, ok := quantity(text, map[string]int64{"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12})
	if !ok {
		return 0, fmt.Errorf("%.40q is not a whole number from 1: write one such as 50000, or with k, M, G or T for thousands and so on, for example 500M", text)
	}
	return n, nil
}

// ParsePeriod reads a time as Go writes it, longer than none.
func ParsePeriod(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%.40q is not a time longer than none: write for example 300ms, 20s or 2m", text)
	}
	return d, nil
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
