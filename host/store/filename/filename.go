// Package filename gives each circle the name of its file, in every store that
// keeps one database for each circle in one folder. It opens none of them, and
// imports host/job alone.
package filename

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/henge-run/henge/host/job"
)

// The prefix keeps names such as `con` or `nul`, which are devices on Windows
// whatever follows a dot, from being the name of a file.
const prefix = "circle-"

// Suffix is how the names of databases end.
const Suffix = ".db"

// Canonical checks a circle and returns the form in which it is compared. It
// is job.ParseCircle's, and a comma may stand in a name, as in the dialect
// herojobs.
func Canonical(circle string) (string, error) {
	if !strings.Contains(circle, ",") {
		return job.ParseCircle(circle)
	}
	// A comma may stand where a hyphen may.
	if _, err := job.ParseCircle(strings.ReplaceAll(circle, ",", "-")); err != nil {
		return "", err
	}
	return circle, nil
}

// Of returns the name of a canonical circle's file. Upper case becomes
// `=` and the lower-case letter, since A and a are one file on some systems.
func Of(circle string) string {
	var b strings.Builder
	b.WriteString(prefix)
	for i := range len(circle) {
		c := circle[i]
		if c >= 'A' && c <= 'Z' {
			b.WriteByte('=')
			c |= 0x20
		}
		b.WriteByte(c)
	}
	b.WriteString(Suffix)
	return b.String()
}

// Circle returns the circle whose file has this name, and false when none has.
func Circle(name string) (string, bool) {
	inner, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return "", false
	}
	inner, ok = strings.CutSuffix(inner, Suffix)
	if !ok {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		c := inner[i]
		if c == '=' && i+1 < len(inner) && inner[i+1] >= 'a' && inner[i+1] <= 'z' {
			i++
			c = inner[i] &^ 0x20
		}
		b.WriteByte(c)
	}
	circle, err := Canonical(b.String())
	return circle, err == nil && Of(circle) == name
}

// Circles returns the circles that have a file in a folder, sorted.
func Circles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list circles: %w", err)
	}
	var circles []string
	for _, e := range entries {
		if circle, ok := Circle(e.Name()); ok && e.Type().IsRegular() {
			circles = append(circles, circle)
		}
	}
	slices.Sort(circles)
	return circles, nil
}
