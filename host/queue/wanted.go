package queue

import (
	"fmt"
	"strings"
)

// Wanted says which lists a worker takes from.
type Wanted struct {
	// Types are the script types served, compared without case. Put another
	// one first from claim to claim, so that none waits behind the others.
	Types []string

	// Group and Instance add the lists of a worker group and of one instance
	// in it. An instance needs a group.
	Group, Instance string
}

// lists returns the lists in the order in which they are served: what is for
// this instance, then for its group, then for anybody.
func (w Wanted) lists() ([]string, error) {
	if w.Instance != "" && w.Group == "" {
		return nil, fmt.Errorf("instance %q has no group: an instance's list is named by both", w.Instance)
	}
	for _, part := range append([]string{w.Group, w.Instance}, w.Types...) {
		// '|' separates the parts of a lease's name.
		if strings.ContainsAny(part, "|\x00\r\n") || len(part) > 128 {
			return nil, fmt.Errorf("%.80q cannot name a type, group or instance: at most 128 characters, without | and line ends", part)
		}
	}
	var instance, group, any []string
	for _, t := range w.Types {
		if t == "" {
			return nil, fmt.Errorf("an empty type")
		}
		list := typeList(strings.ToLower(t))
		any = append(any, list)
		if w.Group != "" {
			list += ":group:" + w.Group
			group = append(group, list)
		}
		if w.Instance != "" {
			instance = append(instance, list+":inst:"+w.Instance)
		}
	}
	return append(append(instance, group...), any...), nil
}
