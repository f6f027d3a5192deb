package history

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/henge-run/henge/host/job"
)

// The prefix keeps names such as `con` or `nul`, which are devices on Windows
// whatever follows a dot, from being the name of a file.
const (
	filePrefix = "circle-"
	fileSuffix = ".db"
)

// canonical checks a circle and returns the form in which it is compared. It
// is job.ParseCircle's, and a comma may stand in a name, as in the dialect
// herojobs.
func canonical(circle string) (string, error) {
	if !strings.Contains(circle, ",") {
		parsed, err := job.ParseCircle(circle)
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrRefused, err)
		}
		return parsed, nil
	}
	// A comma may stand where a hyphen may.
	if _, err := job.ParseCircle(strings.ReplaceAll(circle, ",", "-")); err != nil {
		return "", fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return circle, nil
}

// fileName returns the name of a canonical circle's file. Upper case becomes
// `=` and the lower-case letter, since A and a are one file on some systems.
func fileName(circle string) string {
	var b strings.Builder
	b.WriteString(filePrefix)
	for i := range len(circle) {
		c := circle[i]
		if c >= 'A' && c <= 'Z' {
			b.WriteByte('=')
			c |= 0x20
		}
		b.WriteByte(c)
	}
	b.WriteString(fileSuffix)
	return b.String()
}

// circleOf returns the circle whose file has this name, and false when none has.
func circleOf(name string) (string, bool) {
	inner, ok := strings.CutPrefix(name, filePrefix)
	if !ok {
		return "", false
	}
	inner, ok = strings.CutSuffix(inner, fileSuffix)
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
	circle, err := canonical(b.String())
	return circle, err == nil && fileName(circle) == name
}

func circlesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list the circles of the history: %w", err)
	}
	var circles []string
	for _, e := range entries {
		if circle, ok := circleOf(e.Name()); ok && e.Type().IsRegular() {
			circles = append(circles, circle)
		}
	}
	slices.Sort(circles)
	return circles, nil
}

func (s *Store) path(circle string) string { return filepath.Join(s.dir, fileName(circle)) }
