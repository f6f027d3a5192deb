package queue

import (
	"fmt"
	"slices"
	"strings"

	"github.com/henge-run/henge/host/job"
)

// Wanted says which jobs a worker takes.
type Wanted struct {
	// Types are the script types served, compared without case.
	Types []string

	// Group and Instance add the lists of a worker group and of one instance
	// in it, in dialects that have them. An instance needs a group.
	Group, Instance string
}

func (w Wanted) equal(o Wanted) bool {
	return w.Group == o.Group && w.Instance == o.Instance && slices.Equal(w.Types, o.Types)
}

func (w Wanted) clone() Wanted {
	w.Types = slices.Clone(w.Types)
	return w
}

// has says whether a type is served.
func (w Wanted) has(t string) bool {
	t, err := job.ParseType(t)
	return err == nil && slices.ContainsFunc(w.Types, func(one string) bool { return strings.ToLower(one) == t })
}

// check returns an error for what cannot be part of a list's name.
func (w Wanted) check() error {
	if w.Instance != "" && w.Group == "" {
		return fmt.Errorf("instance %q has no group: an instance's list is named by both", w.Instance)
	}
	for _, part := range []string{w.Group, w.Instance} {
		if strings.ContainsAny(part, "|\x00\r\n") || len(part) > 128 {
			return fmt.Errorf("%.80q cannot name a group or instance: at most 128 characters, without | and line ends", part)
		}
	}
	for _, t := range w.Types {
		if _, err := job.ParseType(t); err != nil {
			return err
		}
	}
	return nil
}
